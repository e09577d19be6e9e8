"""A model, its training step, the loop, and what a finished run leaves."""
