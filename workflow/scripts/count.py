"""Count the n-grams of one shard of a text."""

from rnnbench.job import recorded

import numpy as np
from rnnbench import ngrams
from rnnbench.vocab import Vocab

with recorded(snakemake):
    vocab_size, order = len(Vocab.read(snakemake.input.vocab)), int(snakemake.wildcards.order)
    ids = np.load(snakemake.input.ids, mmap_mode="r", allow_pickle=False)
    part = ngrams.shard(ids, order, snakemake.wildcards.scatteritem)
    ngrams.count(part, order, vocab_size).write(snakemake.output[0])
