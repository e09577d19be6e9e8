"""Judge the tables; end the workflow if one of them cannot be right."""

from rnnbench.provenance.script import recorded

from rnnbench.base import csv_files
from rnnbench.tables import gates

with recorded(snakemake):
    names = ("runs", "ngram_lm", "zipf", "floor", "predictors")
    judged = gates.verdicts(*(csv_files.read(snakemake.input[name]) for name in names))
    gates.require(judged)
    csv_files.write(snakemake.output[0], judged)
