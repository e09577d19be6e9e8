"""From windows to rates, intervals, ratios and verdicts."""
