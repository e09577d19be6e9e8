"""Write the cleaned text, one line per line, and what it was made from."""

from rnnbench.provenance.script import recorded

from rnnbench.base.files import write_record
from rnnbench.text import corpora

with recorded(snakemake):
    folders = corpora.Folders.from_environment()
    name, own_texts = snakemake.wildcards.corpus, snakemake.params.own_texts
    corpus = corpora.prepare(name, own_texts, folders, snakemake.output.text)
    write_record(snakemake.output.record, corpus.as_row())
