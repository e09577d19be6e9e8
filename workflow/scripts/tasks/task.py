"""Train one network on one task and write its record."""

from rnnbench.provenance.script import recorded

import torch
from rnnbench.base.files import write_record
from rnnbench.tasks.learning import TaskConfig, learn

with recorded(snakemake):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # else vanishing gradients slow steps down
    settings = dict(snakemake.params.items()) | dict(snakemake.wildcards.items())
    write_record(snakemake.output[0], learn(TaskConfig.from_strings(settings)))
