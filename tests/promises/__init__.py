"""The statistics of comparisons, tried on machines whose truth is known.

``noise_model`` draws timings as a machine makes them, ``sittings`` makes levels of them by the
rules of a campaign, ``verdicts`` holds two machines against each other as ``hardware`` does,
``planning`` asks how many processes a difference needs, and ``laws`` counts how often each promise
is kept. What is tried is the code that judges real machines: ``stats``, ``comparison``, ``load``.
"""
