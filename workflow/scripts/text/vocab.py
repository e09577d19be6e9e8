"""Write the vocabulary of a text and the text as its indices."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.text import tokens
from rnnbench.text.form import Form
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    key = dict(snakemake.wildcards.items())
    form = Form.of(read_record(snakemake.input.record))
    text = tokens.read(snakemake.input.text)
    vocab = tokens.write(snakemake.output.ids, text, key["token"], form, Vocab.build)
    vocab.write(snakemake.output.vocab)
    sizes = {"tokens": sum(vocab.counts), "types": vocab.num_types, "vocab_size": len(vocab)}
    row = key | sizes | form.sizes(key["token"])
    csv_files.write(snakemake.output.table, pd.DataFrame([row]))
