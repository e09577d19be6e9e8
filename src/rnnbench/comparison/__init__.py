"""Machines compared: from bundles to tables, and to a page of words.

Reads what ``publish`` made on any number of machines, measures nothing and needs no torch. One
module per table, :mod:`rnnbench.comparison.tables` calls them all;
:mod:`rnnbench.comparison.published.contract` says what may be compared at all,
:mod:`rnnbench.timing.statistics.ratios` holds the statistics.
"""
