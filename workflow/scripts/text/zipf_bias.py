"""Write one row per known exponent, length of text, seed and estimator."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.text import zipf_bias

with recorded(snakemake):
    settings = {k: v for k, v in snakemake.params.items() if k != "source"}
    csv_files.write(snakemake.output[0], pd.DataFrame(zipf_bias.rows(**settings)))
