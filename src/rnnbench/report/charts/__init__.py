"""Interactive charts: one file each, with the name of the figure whose place it takes on a screen.

The contract of a chart module: ``draw(tables) -> alt.Chart | alt.LayerChart | None`` returns what
Vega-Lite draws, None where there is nothing to show; ``TABLES`` are the names of the tables it
reads, and it is given no other. The figure stays for paper and for readers
without scripts, so a chart may leave out what the figure says in small print.
"""

from typing import Any

from rnnbench.base.plugins import load, names
from rnnbench.report.figures import caption
from rnnbench.tables import readers


def drawn(name: str, tables: readers.Tables) -> dict[str, Any] | None:
    """What a page wants of the chart named after a figure, None if there is none.

    ``spec`` is its Vega-Lite specification with its data within, ``caption`` what it shows.
    """
    module = load("charts", name) if name in names("charts") else None
    chart = module and module.draw(readers.given(tables, module.TABLES))
    if chart is None:
        return None
    spec = chart.to_dict()
    del spec["$schema"]  # an address, and a page names none
    return {"spec": spec, "caption": caption(name, "charts")}
