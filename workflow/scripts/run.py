"""Train one model and write its record, curve, weights and texts."""

from rnnbench.job import recorded

from pathlib import Path

import numpy as np
import torch
from rnnbench import checkpoint, engine, generate, outcome, precision, run_text, tables, train
from rnnbench.jobs import RunConfig
from rnnbench.records import write_record
from rnnbench.vocab import Vocab

with recorded(snakemake) as job:
    torch.set_num_threads(snakemake.threads)
    precision.use("float32")
    run = RunConfig.from_strings(snakemake.params.run)
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    text = run_text.read(run, ids, Vocab.read(snakemake.input.vocab))
    texts, vocab, settings = train.split(text.ids, run), text.vocab, snakemake.params
    writing = generate.Writing(vocab, run.token, settings.prefixes, settings.num_tokens)
    progress = train.start(run, len(vocab))
    untrained = writing.rows("untrained", progress.model)
    engine.choose(run, texts, progress)
    saved = Path(settings.checkpoint)
    identity = outcome.identity(run, texts, progress, settings.source)
    train.train(run, texts, progress, saved, identity)
    written = untrained + writing.rows("trained", progress.model)
    facts = run.as_row() | {"vocab": vocab.tokens}
    checkpoint.write_weights(Path(snakemake.output.weights), progress.model, facts)
    tables.write(snakemake.output.curve, outcome.curve_table(run, progress))
    generate.write(snakemake.output.text, written)
    record = outcome.record(run, texts, progress, settings.source) | job.given
    write_record(snakemake.output.record, record | text.totals(record))
    saved.unlink(missing_ok=True)
