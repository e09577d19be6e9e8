"""Figures, claims, charts and the pages that hold them."""
