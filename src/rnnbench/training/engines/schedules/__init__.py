"""Schedules: what share of the learning rate a step takes, one file each.

The contract of a file is ``share(position, num_epochs, epochs, factor)``: a share of the rate, at
least 0. ``position`` is where in its run a step is, in epochs (0.5: halfway through the first),
``num_epochs`` how many the run has at most; ``epochs`` and ``factor`` are the settings
``schedule_epochs`` and ``schedule_factor``, to which each file gives its own meaning.
"""
