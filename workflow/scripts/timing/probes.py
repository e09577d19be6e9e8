"""Measure what stands beside the training steps, and write its windows."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.parameters import TimingConfig
from rnnbench.machine import identity
from rnnbench.text.vocab import Vocab
from rnnbench.timing import probes
from rnnbench.timing.processes import Text

with recorded(snakemake):
    params = snakemake.params
    identity.require(snakemake.wildcards.machine)
    text = Text(Path(snakemake.input.ids), len(Vocab.read(snakemake.input.vocab)), params.source)
    asked = {w: [TimingConfig(**row) for row in rows] for w, rows in params.probes.items()}
    probes.check(asked, text)
    printed = Path(snakemake.log[0])
    found, states = probes.measure(asked, params.rounds, params.seed, text, printed)
    for work, windows in found.items():
        csv_files.write(snakemake.output[work], windows)
    csv_files.write(snakemake.output.probes, states)
