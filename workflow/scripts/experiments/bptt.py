"""Write what every way back through time does to the gradients and the training of one variant."""

from rnnbench.provenance.script import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import truncation
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    torch.set_num_threads(1)
    runs = [RunConfig.from_strings(row) for row in snakemake.params.runs]
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    settings = truncation.Settings(**snakemake.params.settings)
    found = truncation.study(runs, tokens, len(Vocab.read(snakemake.input.vocab)), settings)
    for name, rows in found.items():
        csv_files.write(snakemake.output[name], pd.DataFrame(rows))
