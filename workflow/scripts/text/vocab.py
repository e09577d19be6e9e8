"""Write the vocabulary of a text and the text as its indices."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.text import tokens
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    key = dict(snakemake.wildcards.items())
    line_join = read_record(snakemake.input.record)["line_join"]
    text = tokens.read(snakemake.input.text)
    vocab = tokens.write(snakemake.output.ids, text, key["token"], line_join, Vocab.build)
    vocab.write(snakemake.output.vocab)
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    csv_files.write(snakemake.output.table, pd.DataFrame([key | sizes]))
