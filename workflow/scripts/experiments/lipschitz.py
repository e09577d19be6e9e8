"""Write the updates that were tried on one variant, and the curves of its runs."""

from rnnbench.provenance.script import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import lipschitz
from rnnbench.text.vocab import Vocab
from rnnbench.training.progress import split

with recorded(snakemake):
    torch.set_num_threads(1)
    runs = [RunConfig.from_strings(row) for row in snakemake.params.runs]
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    vocab_size, thetas = len(Vocab.read(snakemake.input.vocab)), snakemake.params.thetas
    found = [lipschitz.followed(run, split(tokens, run), vocab_size, thetas) for run in runs]
    updates, curves = (
        pd.DataFrame(row for rows in part for row in rows) for part in zip(*found, strict=True)
    )
    csv_files.write(snakemake.output.updates, updates)
    csv_files.write(snakemake.output.curves, curves)
