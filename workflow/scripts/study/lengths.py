"""Hold the length of every text against what is asked of it."""

from rnnbench.provenance.script import recorded

import pandas as pd
from rnnbench.base import csv_files
from rnnbench.study import lengths

with recorded(snakemake):
    asked = [lengths.Demand(**row) for row in snakemake.params.asked]
    counted = [csv_files.read(path) for path in snakemake.input]
    rows = pd.concat(counted).to_dict("records")
    sizes = {(row["corpus"], row["token"]): lengths.size(row) for row in rows}
    held = lengths.held(asked, sizes)
    lengths.require(held)
    csv_files.write(snakemake.output[0], pd.DataFrame(held))
