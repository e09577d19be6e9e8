"""Smoothings: how an n-gram language model shares probability out. One file each.

The contract of a file:

* ``SETTINGS``: the keys of the configuration's section ``ngram_lm`` that it wants.
* ``models(text, orders, **settings)``: order -> model, trained on the training part of a
  :class:`~rnnbench.closed_text.ClosedText`. A model has ``parameters``, its numbers as text, and
  ``probability(grams)``: of the last token of each n-gram ``(M, order)`` after the others,
  ``(M,)``. Over all last tokens it sums to 1, whatever the others are.
"""

from collections.abc import Sequence

from rnnbench.closed_text import ClosedText
from rnnbench.context_tree import Tree


def grow(text: ClosedText, orders: Sequence[int]) -> Tree:
    """Collect the n-grams of the training part."""
    return Tree.grow(text.ids[text.train], len(text.vocab), max(orders))
