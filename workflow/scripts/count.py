"""Count the n-grams of one shard of a text."""

import numpy as np

from rnnbench import ngrams
from rnnbench.job import logged
from rnnbench.vocab import Vocab

with logged(snakemake.log[0]):
    vocab_size, order = len(Vocab.read(snakemake.input.vocab)), int(snakemake.wildcards.order)
    ids = np.load(snakemake.input.ids, mmap_mode="r", allow_pickle=False)
    part = ngrams.shard(ids, order, snakemake.wildcards.scatteritem)
    ngrams.count(part, order, vocab_size).write(snakemake.output[0])
