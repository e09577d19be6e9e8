"""Write the totals of the n-gram language models of one smoothing."""

from pathlib import Path

import pandas as pd

from rnnbench import ngram_lm, tables
from rnnbench.closed_text import ClosedText
from rnnbench.job import logged
from rnnbench.records import read_record
from rnnbench.vocab import TOKENIZERS

with logged(snakemake.log[0]):
    key, settings = dict(snakemake.wildcards.items()), snakemake.params
    lines = Path(snakemake.input.text).read_text(encoding="utf-8").splitlines()
    tokens = TOKENIZERS[key["token"]](lines, read_record(snakemake.input.record)["line_join"])
    sizes = (settings.heldout_share, settings.train_tokens, settings.min_freq)
    text = ClosedText(tokens, key["token"], *sizes)
    orders = settings.orders[key["token"]]
    rows = ngram_lm.rows(text, key["smoothing"], orders, epsilons=settings.epsilons)
    tables.write(snakemake.output[0], pd.DataFrame(key | row for row in rows))
