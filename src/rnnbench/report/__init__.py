"""Figures, claims and the pages that hold them."""
