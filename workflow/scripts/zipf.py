"""Write one row per estimator of the Zipf exponent."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from rnnbench import ngrams, tables, zipf
from rnnbench.job import logged
from rnnbench.vocab import Vocab

with logged(snakemake.log[0]):
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    order = int(snakemake.wildcards.order)
    counts = ngrams.count(ids, order, vocab_size).counts
    blocks = list(ngrams.leave_one_block_out(ids, order, vocab_size, snakemake.params.blocks))
    rows = [
        dict(snakemake.wildcards.items()) | asdict(zipf.estimate(name, counts, blocks))
        for name in snakemake.params.estimators
    ]
    tables.write(snakemake.output[0], pd.DataFrame(rows))
