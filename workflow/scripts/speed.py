"""Time one variant in this process and write every window."""

import numpy as np
import pandas as pd
import torch

from rnnbench import speed, tables
from rnnbench.job import logged
from rnnbench.jobs import TimingConfig
from rnnbench.vocab import Vocab

with logged(snakemake.log[0]):
    timing = TimingConfig.from_strings(snakemake.params.timing)
    torch.set_num_threads(timing.threads)
    vocab_size = len(Vocab.read(snakemake.input.vocab))
    tokens = np.load(snakemake.input.ids, allow_pickle=False)
    tables.write(snakemake.output[0], pd.DataFrame(speed.samples(timing, tokens, vocab_size)))
