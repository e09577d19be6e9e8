"""Count the n-grams of one shard of a text."""

from rnnbench.provenance.script import recorded

import numpy as np
from rnnbench.text.ngrams import counts
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    vocab_size, order = len(Vocab.read(snakemake.input.vocab)), int(snakemake.wildcards.order)
    ids = np.load(snakemake.input.ids, mmap_mode="r", allow_pickle=False)
    part = counts.shard(ids, order, snakemake.wildcards.scatteritem)
    counts.count(part, order, vocab_size).write(snakemake.output[0])
