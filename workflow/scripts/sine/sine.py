"""Write errors, forecasts and floors."""

from rnnbench.provenance.script import recorded

import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.sine import floors, forecasting, tables

with recorded(snakemake):
    torch.set_num_threads(1)
    settings = dict(snakemake.params.settings)
    models, seeds = (settings.pop(key) for key in ("models", "seeds"))
    config = forecasting.SineConfig(**settings)
    found = tables.run(config, models, seeds)
    found["floors"] = pd.DataFrame(floors.rows(config, forecasting.ANGULAR_FREQUENCY))
    for name, table in found.items():
        csv_files.write(snakemake.output[name], table)
