"""Write the norms of gradients by distance, and how exact the closed form is."""

from rnnbench.provenance.script import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.experiments import gradient_distance
from rnnbench.text.vocab import Vocab

with recorded(snakemake):
    torch.set_num_threads(1)
    settings = {name: value for name, value in snakemake.params.items() if name != "source"}
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    rows = gradient_distance.rows(tokens, vocab_size, **settings)
    csv_files.write(snakemake.output.distance, pd.DataFrame(rows))
    sizes = {name: settings[name] for name in ("hidden_size", "spectral_radii", "seeds")}
    linear = gradient_distance.closed_form(**sizes)
    csv_files.write(snakemake.output.linear, pd.DataFrame(linear))
