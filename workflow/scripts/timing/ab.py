"""Train by a commit and by the working tree in turn, write the ratios and say the answer."""

from rnnbench.provenance.script import recorded

import sys
from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.parameters import TimingConfig
from rnnbench.text.vocab import Vocab
from rnnbench.timing.ab import answer, commits
from rnnbench.timing.ab.rounds import Rounds
from rnnbench.timing.processes import Text

with recorded(snakemake):
    params, project = snakemake.params, Path(snakemake.scriptdir).resolve().parents[2]
    points = [TimingConfig(**row) for row in params.points]
    text = Text(Path(snakemake.input.ids).resolve(), len(Vocab.read(snakemake.input.vocab)))
    with (
        Path(snakemake.log[0]).open("a", encoding="utf-8") as printed,
        commits.checked_out(project, params.base, printed) as sides,
    ):
        rounds = Rounds(points, sides, text, params.seed, printed)
        rounds.run()
    found = answer.table(rounds)
    csv_files.write(params.table, found)
    print(*answer.lines(found), sep="\n", file=sys.stderr)
