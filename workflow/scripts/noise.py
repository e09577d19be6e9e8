"""Tell what the noise of this machine is made of."""

from rnnbench import tables
from rnnbench.job import logged
from rnnbench.statistics import noise_model

with logged(snakemake.log[0]):
    found = noise_model.estimate(tables.read(snakemake.input[0]))
    tables.write(snakemake.output[0], found)
