"""Figures of the hardware page, drawn from the tables of the comparison.

The contract of a module is that of :mod:`rnnbench.report.figures`, which draws them:
``figures.draw("ratios", tables, figures.HARDWARE)``. Any number of machines fits: where a figure
cannot hold all, it says which it shows.
"""
