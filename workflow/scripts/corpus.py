"""Write the cleaned text, one line per line, and what is known of it."""

from rnnbench import corpora
from rnnbench.job import logged
from rnnbench.records import write_record, write_text
from rnnbench.vocab import char

with logged(snakemake.log[0]):
    folders = corpora.Folders.from_environment()
    corpus = corpora.prepare(snakemake.wildcards.corpus, snakemake.params.own_texts, folders)
    write_text(snakemake.output.text, "\n".join([*corpus.lines, ""]))
    write_record(
        snakemake.output.record,
        {
            "corpus": corpus.name,
            "source": corpus.source,
            "raw_sha256": corpus.raw_sha256,
            "raw_bytes": corpus.raw_bytes,
            "line_join": corpus.line_join,
            "lines": len(corpus.lines),
            "chars": len(char(corpus.lines, corpus.line_join)),
        },
    )
