"""Add the shards up; write the totals, the most frequent n-grams and the rank-frequency curve."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.text.ngrams import counts
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    vocab, key = Vocab.read(snakemake.input.vocab), dict(snakemake.wildcards.items())
    size = int(key["order"]), len(vocab)
    shards = [counts.Shard(path, *size) for path in snakemake.input.shards]
    found = counts.summarise(counts.merge(shards), snakemake.params.top, *size)
    totals = {"tokens": found.total, "distinct": found.distinct, "hapax": found.hapax}
    csv_files.write(snakemake.output.table, pd.DataFrame([key | totals]))
    top = zip(found.top.ngrams, found.top.counts.tolist(), strict=True)
    csv_files.write(
        snakemake.output.top,
        pd.DataFrame(
            key | {"rank": rank, "ngram": vocab.show(ngram, key["token"]), "count": count}
            for rank, (ngram, count) in enumerate(top, start=1)
        ),
    )
    csv_files.write(
        snakemake.output.rank_frequency,
        pd.DataFrame(key | {"count": n, "types": types} for n, types in found.spectrum.items()),
    )
