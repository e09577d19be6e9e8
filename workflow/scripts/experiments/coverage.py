"""Write how evenly each sampler reads a text."""

from rnnbench.provenance.script import recorded

import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.experiments import coverage

with recorded(snakemake):
    torch.set_num_threads(1)
    settings = snakemake.params
    sizes = settings.num_tokens, settings.batch_size, settings.num_steps
    rows = coverage.rows(settings.samplers, sizes, settings.epochs, settings.seed)
    csv_files.write(snakemake.output[0], pd.DataFrame(rows))
