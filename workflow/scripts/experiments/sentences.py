"""Write what padding wastes, and what is learnt from whole sentences."""

from rnnbench.provenance.script import recorded

import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import sentences
from rnnbench.text import corpora
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    torch.set_num_threads(1)
    settings, vocab = snakemake.params, Vocab.read(snakemake.input.vocab)
    found = corpora.find(settings.corpus, settings.own_texts)
    raw = sentences.head(found.raw(corpora.Folders.from_environment()))
    runs = [RunConfig.from_strings(row) for row in settings.runs]
    seeds = sorted({run.seed for run in runs})
    padding = sentences.padding_rows(raw, settings.corpus, settings.batch_sizes, seeds)
    csv_files.write(snakemake.output.padding, pd.DataFrame(padding))
    trained = sentences.training_rows(runs, raw, settings.units, vocab)
    csv_files.write(snakemake.output.runs, pd.DataFrame(trained))
