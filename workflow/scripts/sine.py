"""Write the errors and the forecasts of every seed."""

import pandas as pd
import torch

from rnnbench import sine, tables
from rnnbench.job import logged

with logged(snakemake.log[0]):
    torch.set_num_threads(1)
    settings = {k: v for k, v in snakemake.params.items() if k not in {"seeds", "source"}}
    config = sine.SineConfig(**settings)
    experiments = [sine.experiment(config, seed) for seed in snakemake.params.seeds]
    errors = pd.DataFrame(row for errors, _ in experiments for row in errors)
    predictions = pd.DataFrame(row for _, points in experiments for row in points)
    tables.write(snakemake.output.errors, errors)
    tables.write(snakemake.output.predictions, predictions)
