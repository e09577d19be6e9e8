"""Judge the tables; end the workflow if one of them cannot be right."""

from rnnbench.job import recorded

from rnnbench import gates, tables

with recorded(snakemake):
    names = ("runs", "ngram_lm", "zipf", "floor", "predictors")
    judged = gates.verdicts(*(tables.read(snakemake.input[name]) for name in names))
    gates.require(judged)
    tables.write(snakemake.output[0], judged)
