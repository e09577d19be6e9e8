"""The statistics of comparisons, tried on machines whose truth is known.

``machines`` draws what sittings and processes do to timings, and ``laws`` counts how often each
promise is kept; ``measuring`` tells the noise of a real machine. What is tried is the code that
judges real machines: ``timing.statistics``.
"""
