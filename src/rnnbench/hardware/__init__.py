"""Machines compared: from bundles to tables, and to a page of words.

Reads what ``publish`` made on any number of machines, measures nothing and needs no torch. One
module per table, :mod:`rnnbench.hardware.together` calls them all;
:mod:`rnnbench.hardware.contract` says what may be compared at all, :mod:`rnnbench.comparison` holds
the statistics.
"""
