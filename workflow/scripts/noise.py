"""Tell what the noise of this machine is made of."""

from rnnbench.job import recorded

from rnnbench import tables
from rnnbench.statistics import noise_model

with recorded(snakemake):
    found = noise_model.estimate(tables.read(snakemake.input[0]))
    tables.write(snakemake.output[0], found)
