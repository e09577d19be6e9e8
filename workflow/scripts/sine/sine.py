"""Write errors, learned maps, forecasts, floors and the errors by number of lags."""

from rnnbench.provenance.script import recorded

import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.sine import forecasting, tables

with recorded(snakemake):
    torch.set_num_threads(1)
    settings = dict(snakemake.params.settings)
    models, seeds, sweep = (settings.pop(key) for key in ("models", "seeds", "sweep"))
    config = forecasting.SineConfig(**settings)
    found = tables.run(config, models, seeds)
    found["floors"] = tables.floor_table(config, sweep["lags"], sweep["noises"])
    found["lags"] = pd.DataFrame(tables.lag_rows(config, **sweep))
    for name, table in found.items():
        csv_files.write(snakemake.output[name], table)
