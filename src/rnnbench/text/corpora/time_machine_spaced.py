"""The Time Machine (H. G. Wells, 1895), its lines joined with a space: no words are glued."""

from rnnbench.text.corpora.time_machine import raw, unreachable

__all__ = ["line_join", "raw", "unreachable"]

line_join = " "
