"""Write one row per text and estimator of the Zipf exponent."""

from rnnbench.provenance.script import recorded

from dataclasses import asdict

import numpy as np
import pandas as pd
from rnnbench.base import csv_files
from rnnbench.text import zipf
from rnnbench.text.ngrams import counts
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    order = int(snakemake.wildcards.order)
    generator = np.random.Generator(np.random.PCG64(snakemake.params.seed))
    rows = []
    for text, part in zipf.texts(ids, order, generator).items():
        whole = zipf.Spectrum.of(counts.count(part, order, vocab_size).counts)
        rest = counts.leave_one_block_out(part, order, vocab_size, snakemake.params.blocks)
        rest = [zipf.Spectrum.of(others) for others in rest]
        for name in snakemake.params.estimators:
            found = zipf.estimate(name, whole, rest, snakemake.params.replicates, generator)
            rows.append(dict(snakemake.wildcards.items()) | {"text": text} | asdict(found))
    csv_files.write(snakemake.output[0], pd.DataFrame(rows))
