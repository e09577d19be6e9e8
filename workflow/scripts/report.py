"""Write the page."""
from rnnbench.job import logged
with logged(snakemake.log[0]):
    pass
