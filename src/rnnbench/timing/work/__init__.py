"""Kinds of work that are timed, a file each.

The contract: ``rows(timing, tokens, vocab_size)`` does the work in this process and returns one row
per window.
"""
