"""Tell what the noise of this machine is made of."""

from rnnbench.job import recorded

from rnnbench import csv_files
from rnnbench.statistics import noise_model

with recorded(snakemake):
    found = noise_model.estimate(csv_files.read(snakemake.input[0]))
    csv_files.write(snakemake.output[0], found)
