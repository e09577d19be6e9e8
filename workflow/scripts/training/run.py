"""Train one model and write its record, curve, weights and texts."""

from rnnbench.provenance.script import recorded

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.base.files import read_record, write_record
from rnnbench.base.parameters import RunConfig
from rnnbench.text import tokens
from rnnbench.text.form import Form
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, loop, reading, run_record
from rnnbench.training.arithmetic import precision
from rnnbench.training.engines import choice
from rnnbench.training.progress import split, start
from rnnbench.writing import trained

with recorded(snakemake) as job:
    torch.set_num_threads(snakemake.threads)
    precision.use("float32")
    given, settings = snakemake.input, snakemake.params
    form = Form.of(read_record(given.corpus))
    run = RunConfig.from_strings(settings.run | form.shares(settings.run["token"]))
    ids, whole = np.load(given.tokens, allow_pickle=False), Vocab.read(given.vocab)
    text = reading.read(run, ids, whole, settings.min_freq)
    texts, vocab = split(text.ids, run), text.vocab
    source = settings.source["sha256"]
    prefixes = settings.prefixes or trained.first_words(ids, whole, run.token)
    writing = trained.Writing(vocab, run.token, prefixes, settings.num_tokens)
    progress = start(run, len(vocab))
    untrained = writing.rows("untrained", progress.model)
    choice.choose(run, texts, progress)
    saved = Path(settings.checkpoint)
    identity = run_record.identity(run, texts, progress, source)
    loop.train(run, texts, progress, saved, identity)
    written = untrained + writing.rows("trained", progress.model)
    facts = run.as_row() | {"vocab": vocab.tokens} | form.cleaning
    checkpoint.write_weights(Path(snakemake.output.weights), progress.model, facts)
    csv_files.write(snakemake.output.curve, run_record.curve_table(run, progress))
    csv_files.write(snakemake.output.text, pd.DataFrame(written))
    record = run_record.record(run, texts, progress, source) | job.given
    spelling = Spelling.of(ids, whole.tokens, run.token, form, tokens.read(given.text))
    write_record(snakemake.output.record, record | text.totals(record, spelling))
    saved.unlink(missing_ok=True)
