"""Write where equal work parts in each surrounding, in updates and epoch by epoch."""

from rnnbench.job import recorded

import numpy as np
from rnnbench import csv_files, parting
from rnnbench.jobs import RunConfig
from rnnbench.vocab import Vocab

with recorded(snakemake, by_others=True):
    runs = [RunConfig.from_strings(row) for row in snakemake.params.runs]
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    arms = parting.arms(snakemake.params.unavailable)
    table, epochs = parting.study(runs, tokens, vocab_size, arms)
    csv_files.write(snakemake.output.table, table)
    csv_files.write(snakemake.output.epochs, epochs)
