"""Vocabulary → trained models."""

RUN = (
    "results/runs/machine={machine}/corpus={corpus}/variant={variant}/sampler={sampler}/"
    "clip_norm={clip_norm}/device={device}/seed={seed}"
)
RUNS = [RUN.format(**address) for address in study.runs]

PARTS["runs"] = [f"{folder}/record.json" for folder in RUNS]
PARTS["curves"] = [f"{folder}/curve.csv" for folder in RUNS]
PARTS["texts"] = [f"{folder}/text.txt" for folder in RUNS]


rule run:
    """Train one model on one thread; a run that was killed goes on where it stood."""
    input:
        vocab="results/vocab/corpus={corpus}/token=char/vocab.json",
        ids="results/vocab/corpus={corpus}/token=char/tokens.npy",
    output:
        record=f"{RUN}/record.json",
        curve=f"{RUN}/curve.csv",
        weights=f"{RUN}/weights.safetensors",
        text=f"{RUN}/text.txt",
    log:
        f"{RUN}/run.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=study.gpus,
    params:
        checkpoint=f"{RUN}/checkpoint.safetensors",
        run=study.run_row,
        prefixes=study["texts"]["prefixes"],
        num_tokens=study["texts"]["num_tokens"],
        source=study.run_source,
    script:
        "../scripts/run.py"
