"""Write and print what the study cost beside its work."""

from rnnbench.job import recorded

from pathlib import Path

from rnnbench import overheads, tables

with recorded(snakemake):
    runs = tables.read(snakemake.input.runs)
    scripts = [Path(snakemake.scriptdir) / f"{rule}.py" for rule in snakemake.params.text_rules]
    found = overheads.table(runs, scripts, Path(".snakemake"))
    tables.write(snakemake.output[0], found)
    print(overheads.words(found))
