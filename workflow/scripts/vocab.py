"""Write the vocabulary of a text and the text as its indices."""

from pathlib import Path

import numpy as np
import pandas as pd

from rnnbench import tables
from rnnbench.job import logged
from rnnbench.records import read_record, replacing
from rnnbench.vocab import TOKENIZERS, Vocab

with logged(snakemake.log[0]):
    lines = Path(snakemake.input.text).read_text(encoding="utf-8").splitlines()
    line_join = read_record(snakemake.input.record)["line_join"]
    tokens = TOKENIZERS[snakemake.wildcards.token](lines, line_join)
    vocab = Vocab.build(tokens, snakemake.params.min_freq, snakemake.params.reserved_tokens)
    vocab.write(snakemake.output.vocab)
    with replacing(snakemake.output.ids) as temporary:
        np.save(temporary, vocab.encode(tokens), allow_pickle=False)
    key = dict(snakemake.wildcards.items())
    sizes = {"tokens": len(tokens), "types": vocab.num_types, "vocab_size": len(vocab)}
    tables.write(snakemake.output.table, pd.DataFrame([key | sizes]))
