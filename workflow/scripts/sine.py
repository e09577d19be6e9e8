"""Write errors, learned maps, forecasts, floors and the errors by number of lags."""

from rnnbench.job import recorded

import pandas as pd
import torch
from rnnbench import csv_files, sine, sine_study

with recorded(snakemake):
    torch.set_num_threads(1)
    settings = dict(snakemake.params.settings)
    models, seeds, sweep = (settings.pop(key) for key in ("models", "seeds", "sweep"))
    config = sine.SineConfig(**settings)
    found = sine_study.run(config, models, seeds)
    found["floors"] = sine_study.floor_table(config, sweep["lags"], sweep["noises"])
    found["lags"] = pd.DataFrame(sine_study.lag_rows(config, **sweep))
    for name, table in found.items():
        csv_files.write(snakemake.output[name], table)
