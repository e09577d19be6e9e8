"""Training perplexity of the last epoch, as the book prints it, by variant, sampler and threshold.

Each cell is the median over the runs that did not diverge. Lower is better; a perfect guess is 1.
"""

from matplotlib.figure import Figure

from rnnbench.figures import _heat, _rows

SECTION = "Language models"
TABLES = ("runs",)


def draw(tables: _rows.Tables) -> Figure:
    return _heat.draw(tables, "perplexity")


def finding(tables: _rows.Tables) -> str:
    return _heat.finding(tables, "perplexity", "training perplexity")
