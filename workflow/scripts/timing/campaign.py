"""Time training steps of every point and write what became of it, and every step."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.files import write_record
from rnnbench.machine import fingerprint, identity
from rnnbench.text.vocab import Vocab
from rnnbench.timing.campaign import Campaign
from rnnbench.timing.points import Point, Protocol
from rnnbench.timing.processes import Text

with recorded(snakemake):
    params, expected = snakemake.params, snakemake.wildcards.machine
    key = {"machine": expected, "ran_on": identity.require(expected)}
    write_record(snakemake.output.fingerprint, key | fingerprint.read_elsewhere())
    protocol = Protocol(**params.protocol)
    points = [Point.of(*row, protocol) for row in zip(params.points, params.sources, strict=True)]
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    text = Text(Path(snakemake.input.ids), vocab_size, params.source)
    root, printed = Path(snakemake.output.points).parent, Path(snakemake.log[0])
    campaign = Campaign(points, protocol, text, root, printed)
    campaign.run()
    csv_files.write(snakemake.output.samples, campaign.samples())
    csv_files.write(snakemake.output.points, campaign.table())
    write_record(snakemake.output.record, key | campaign.record())
