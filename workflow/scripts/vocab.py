"""Write the vocabulary of a text and the text as its indices."""

from rnnbench.job import recorded

from functools import partial

import pandas as pd
from rnnbench import tables, tokens
from rnnbench.records import read_record
from rnnbench.vocab import Vocab

with recorded(snakemake):
    key, settings = dict(snakemake.wildcards.items()), snakemake.params
    line_join = read_record(snakemake.input.record)["line_join"]
    number = partial(
        Vocab.build, min_freq=settings.min_freq, reserved_tokens=settings.reserved_tokens
    )
    text = tokens.read(snakemake.input.text)
    vocab = tokens.write(snakemake.output.ids, text, key["token"], line_join, number)
    vocab.write(snakemake.output.vocab)
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    tables.write(snakemake.output.table, pd.DataFrame([key | sizes]))
