"""Write the bill of materials."""

from rnnbench.job import recorded

from pathlib import Path

from rnnbench import sbom
from rnnbench.records import write_text

with recorded(snakemake):
    lock, environment = (
        Path(snakemake.input[name]).read_text("utf-8") for name in ("lock", "environment")
    )
    write_text(snakemake.output[0], sbom.bill(lock, environment))
