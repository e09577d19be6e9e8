"""Write what a graph that is never cut costs, and what is learnt through it."""

from rnnbench.provenance.script import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import detaching
from rnnbench.text.vocab import Vocab

with recorded(snakemake, by_others=True):
    torch.set_num_threads(1)
    settings, runs = snakemake.params, [RunConfig.from_strings(r) for r in snakemake.params.runs]
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    text = detaching.Text(ids, len(Vocab.read(snakemake.input.vocab)))
    limit = 2**20 * settings.memory_limit_mib
    costs = pd.DataFrame(detaching.cost_rows(runs, text, settings.cost_tokens, limit))
    csv_files.write(snakemake.output.costs, costs)
    csv_files.write(snakemake.output.runs, pd.DataFrame(detaching.training_rows(runs, text, limit)))
