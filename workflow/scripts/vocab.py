"""Write the vocabulary of a text and the text as its indices."""

from rnnbench.job import recorded

import pandas as pd
from rnnbench import csv_files, tokens
from rnnbench.records import read_record
from rnnbench.vocab import Vocab

with recorded(snakemake):
    key = dict(snakemake.wildcards.items())
    line_join = read_record(snakemake.input.record)["line_join"]
    text = tokens.read(snakemake.input.text)
    vocab = tokens.write(snakemake.output.ids, text, key["token"], line_join, Vocab.build)
    vocab.write(snakemake.output.vocab)
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    csv_files.write(snakemake.output.table, pd.DataFrame([key | sizes]))
