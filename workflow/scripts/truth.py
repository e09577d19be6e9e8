"""Write the floor of a text whose source is known, and its best n-gram predictors."""

from pathlib import Path

import pandas as pd

from rnnbench import names, tables, truth
from rnnbench.job import logged
from rnnbench.records import read_record, write_record
from rnnbench.vocab import char

with logged(snakemake.log[0]):
    corpus, params = snakemake.wildcards.corpus, snakemake.params
    chain = names.load("corpora", corpus).chain()
    lines = Path(snakemake.input.text).read_text(encoding="utf-8").splitlines()
    text = char(lines, read_record(snakemake.input.record)["line_join"])
    start = len(text) - round(params.heldout_share * len(text))
    best = truth.predictors(chain, params.word_orders, params.char_orders)
    write_record(snakemake.output.floor, {"corpus": corpus} | truth.floor(chain, text, start))
    rows = pd.DataFrame(best).assign(corpus=corpus)
    tables.write(snakemake.output.predictors, rows)
