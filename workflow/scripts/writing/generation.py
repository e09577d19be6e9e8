"""Write what one run writes with every decoder, and how good it is."""

from rnnbench.provenance.script import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench.base import csv_files
from rnnbench.text.vocab import Vocab
from rnnbench.training.native import reader
from rnnbench.writing.judge import Judge
from rnnbench.writing.texts import Task, rows
from rnnbench.writing.trained import Trained, first_words

with recorded(snakemake) as job:
    torch.set_num_threads(snakemake.threads)
    asked, trained = snakemake.params, Trained.read(snakemake.input.weights)
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    words = Vocab.read(snakemake.input.words)
    judge = Judge.of(ids, trained.vocab, words, trained.run, asked.judge_order)
    prefixes = asked.prefixes or first_words(ids, trained.vocab, "char")
    task = Task(prefixes, asked.num_tokens, asked.draws, asked.decoders)
    csv_files.write(snakemake.output[0], pd.DataFrame(rows(trained, judge, task)))
    job.noted["read_by"] = list(reader.USED)
