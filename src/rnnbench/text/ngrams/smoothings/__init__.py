"""Smoothings: how an n-gram language model shares probability out. One file each.

The contract of a file:

* ``SETTINGS``: the keys of the configuration's section ``ngram_lm`` that it wants.
* ``models(text, orders, **settings)``: order -> model, trained on the training part of a
  :class:`~rnnbench.text.closed.ClosedText`. A model has ``parameters``, its numbers as text, and
  ``probability(grams)``: of the last token of each n-gram ``(M, order)`` after the others,
  ``(M,)``. Over all last tokens it sums to 1, whatever the others are.
"""

from collections.abc import Sequence

from rnnbench.machine import main_memory
from rnnbench.text.closed import ClosedText
from rnnbench.text.ngrams.context_tree import SAMPLE, Tree


def grow(text: ClosedText, orders: Sequence[int]) -> Tree:
    """Collect the n-grams of the training part.

    Raises:
        StudyError: they would not fit into the memory that is free.
    """
    ids, size, highest = text.ids[text.train], len(text.vocab), max(orders)
    if len(ids) > SAMPLE:
        main_memory.require(
            Tree.expected_bytes(ids, size, highest),
            f"n-grams up to order {highest} of {len(ids):,} tokens",
            "Ask for lower orders (ngram_lm.orders, generation.judge_order), for fewer tokens to "
            "train on (ngram_lm.train_tokens), or a machine with more memory.",
        )
    return Tree.grow(ids, size, highest)
