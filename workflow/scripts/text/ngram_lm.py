"""Write the totals of the n-gram language models of one smoothing."""

from rnnbench.provenance.script import recorded

import math

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.text import tokens
from rnnbench.text.closed import ClosedText
from rnnbench.text.form import Form
from rnnbench.text.ngrams import models
from rnnbench.text.spelling import Spelling

with recorded(snakemake):
    key, settings = dict(snakemake.wildcards.items()), snakemake.params
    form = Form.of(read_record(snakemake.input.record))
    written, token = snakemake.input.text, key["token"]
    numbered = tokens.tokenize(tokens.read(written), token, form)
    split = {"heldout_share": settings.heldout_share, "min_freq": settings.min_freq}
    split |= {"validation_share": settings.validation_share} | form.shares(token)
    text = ClosedText(*numbered, train_tokens=math.inf, **split)
    spelling = Spelling.of(*numbered, token, form, tokens.read(written))
    read = models.chars_read(settings.run_tokens, settings.run_token, written, form)
    sizes = models.sizes(text, spelling, settings.train_tokens, read)
    asked = (key["smoothing"], settings.orders[token])
    rows = models.rows(text, spelling, *asked, sizes, epsilons=settings.epsilons)
    csv_files.write(snakemake.output[0], pd.DataFrame(key | row for row in rows))
