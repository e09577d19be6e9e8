"""Write what one run writes with every decoder, and how good it is."""

from rnnbench.job import recorded

import numpy as np
import pandas as pd
import torch
from rnnbench import csv_files
from rnnbench.generate import Trained, first_words
from rnnbench.generation import Task, rows
from rnnbench.judge import Judge
from rnnbench.vocab import Vocab

with recorded(snakemake):
    torch.set_num_threads(snakemake.threads)
    asked, trained = snakemake.params, Trained.read(snakemake.input.weights)
    ids = np.load(snakemake.input.ids, allow_pickle=False)
    words = Vocab.read(snakemake.input.words)
    judge = Judge.of(ids, trained.vocab, words, trained.run, asked.judge_order)
    prefixes = asked.prefixes or first_words(ids, trained.vocab, "char")
    task = Task(prefixes, asked.num_tokens, asked.draws, asked.decoders)
    csv_files.write(snakemake.output[0], pd.DataFrame(rows(trained, judge, task)))
