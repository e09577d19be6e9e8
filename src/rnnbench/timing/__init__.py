"""Timed work: the campaign, its points and probes, windows, and what they cost."""
