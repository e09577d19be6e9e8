"""Write the cleaned text, one line per line, and what it was made from."""

from rnnbench.job import recorded

from dataclasses import asdict

from rnnbench import corpora
from rnnbench.records import write_record

with recorded(snakemake):
    folders = corpora.Folders.from_environment()
    name, own_texts = snakemake.wildcards.corpus, snakemake.params.own_texts
    corpus = corpora.prepare(name, own_texts, folders, snakemake.output.text)
    write_record(snakemake.output.record, asdict(corpus))
