"""Write the floor of a text whose source is known, and its best n-gram predictors."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files, plugins
from rnnbench.base.files import read_record, write_record
from rnnbench.text import tokens, truth
from rnnbench.text.form import Form

with recorded(snakemake):
    corpus, params = snakemake.wildcards.corpus, snakemake.params
    chain = plugins.load("corpora", corpus).chain()
    form = Form.of(read_record(snakemake.input.record))
    numbers, chars = tokens.tokenize(tokens.read(snakemake.input.text), "char", form)
    text = "".join(chars[number] for number in numbers.tolist())
    start = len(text) - round(params.heldout_share * len(text))
    best = truth.predictors(chain, params.word_orders, params.char_orders)
    write_record(snakemake.output.floor, {"corpus": corpus} | truth.floor(chain, text, start))
    rows = pd.DataFrame(best).assign(corpus=corpus)
    csv_files.write(snakemake.output.predictors, rows)
