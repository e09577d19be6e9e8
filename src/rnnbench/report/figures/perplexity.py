"""Training perplexity of the last epoch, as the book prints it, by variant, sampler and threshold.

Each cell is the median over the runs that did not diverge. Lower is better; a perfect guess is 1.
"""

from matplotlib.figure import Figure

from rnnbench.report.figures import _heat
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("runs",)


def draw(tables: readers.Tables) -> Figure:
    return _heat.draw(tables, "perplexity")


def finding(tables: readers.Tables) -> str:
    return _heat.finding(tables, "perplexity", "training perplexity")
