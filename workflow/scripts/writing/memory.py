"""Write what trained models lose of a shorter history, and of a token replaced in it."""

from rnnbench.provenance.script import recorded

import numpy as np
import torch
from rnnbench.base import csv_files
from rnnbench.text.vocab import Vocab
from rnnbench.training.native import reader
from rnnbench.writing import memory

with recorded(snakemake) as job:
    torch.set_num_threads(1)
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    vocab = Vocab.read(snakemake.input.vocab)
    settings = (snakemake.params.contexts, snakemake.params.positions, snakemake.params.blocks)
    measured = memory.table(snakemake.input.weights, ids, vocab, *settings)
    csv_files.write(snakemake.output[0], measured)
    job.noted["read_by"] = list(reader.USED)
