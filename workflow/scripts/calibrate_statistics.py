"""Count how often the statistics keep what they promise; end the workflow if too seldom."""

from rnnbench.job import recorded

from rnnbench import csv_files
from rnnbench.records import write_text
from rnnbench.statistics import laws, noise_model, planning, words

with recorded(snakemake):
    params, speed = snakemake.params, snakemake.params.speed
    rows = noise_model.read(params.noise)
    noises = noise_model.named(rows)
    trial = laws.Trial(**params.amount, outside_load=speed["outside_load"], noises=noises)
    budget = planning.affordable(speed, params.arms, rows.start_seconds.mean())
    found = laws.table(trial, params.work_items, budget)
    laws.require(found)
    csv_files.write(snakemake.output.table, found)
    write_text(snakemake.output.page, words.page(found))
