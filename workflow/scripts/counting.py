"""Time the counting of n-grams, the suite's way and the book's in turn."""

from rnnbench.job import recorded

import tempfile
from pathlib import Path

import pandas as pd
from rnnbench import corpora, counting, csv_files
from rnnbench.records import PART

with recorded(snakemake, by_others=True):
    settings = snakemake.params
    raw = corpora.find(settings.corpus, settings.own_texts).raw(corpora.Folders.from_environment())
    sizes = settings.texts, settings.megabytes, settings.repeats
    with (
        raw.open() as file,
        tempfile.TemporaryDirectory(PART, ".", Path(snakemake.output[0]).parent) as folder,
    ):
        rows = pd.DataFrame(counting.rows(file, *sizes, Path(folder)))
    csv_files.write(snakemake.output[0], rows)
