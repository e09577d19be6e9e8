"""Write where equal work parts in each surrounding, in updates and epoch by epoch."""

from rnnbench.provenance.script import recorded

import numpy as np
from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import equal_bits
from rnnbench.text.vocab import Vocab

with recorded(snakemake, by_others=True):
    runs = [RunConfig.from_strings(row) for row in snakemake.params.runs]
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    arms = equal_bits.arms(snakemake.params.unavailable)
    table, epochs = equal_bits.study(runs, tokens, vocab_size, arms)
    csv_files.write(snakemake.output.table, table)
    csv_files.write(snakemake.output.epochs, epochs)
