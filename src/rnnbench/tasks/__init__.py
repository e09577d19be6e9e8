"""Synthetic tasks whose truth is known: what a cell can compute, and how far it can carry it."""
