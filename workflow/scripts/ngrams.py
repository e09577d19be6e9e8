"""Write the totals, the most frequent n-grams and the rank-frequency curve of one order."""

import numpy as np
import pandas as pd

from rnnbench import ngrams, tables
from rnnbench.job import logged
from rnnbench.vocab import Vocab

with logged(snakemake.log[0]):
    vocab = Vocab.read(snakemake.input.vocab)
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    counts = ngrams.count(ids, int(snakemake.wildcards.order), len(vocab))
    totals = {"tokens": counts.total, "distinct": len(counts.counts), "hapax": counts.hapax}
    key = dict(snakemake.wildcards.items())
    tables.write(snakemake.output.table, pd.DataFrame([key | totals]))
    tables.write(
        snakemake.output.top,
        pd.DataFrame(
            key | {"rank": rank, "ngram": vocab.show(ngram, key["token"]), "count": count}
            for rank, (ngram, count) in enumerate(counts.top(snakemake.params.top), start=1)
        ),
    )
    tables.write(
        snakemake.output.rank_frequency,
        pd.DataFrame(key | {"count": count, "types": types} for count, types in counts.spectrum()),
    )
