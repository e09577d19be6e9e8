"""Vocabulary → trained models."""

RUN = (
    "results/runs/machine={machine}/corpus={corpus}/variant={variant}/sampler={sampler}/"
    "clip_norm={clip_norm}/device={device}/seed={seed}"
)
TRIAL = "results/trials/machine={machine}/trial={trial}/{settings}"
RUNS = [RUN.format(**address) for address in study.runs]
TRIALS = [TRIAL.format(**address) for address in study.trials]

READ_BY_RUN = {
    "text": "results/corpus/{corpus}.txt",
    "corpus": "results/corpus/{corpus}.json",
    "vocab": f"{VOCAB}/vocab.json",
    "tokens": f"{VOCAB}/tokens.npy",
}

PARTS["runs"] = [f"{folder}/record.json" for folder in RUNS]
PARTS["curves"] = [f"{folder}/curve.csv" for folder in RUNS]
PARTS["texts"] = [f"{folder}/text.csv" for folder in RUNS + TRIALS]
PARTS["trials"] = [f"{folder}/record.json" for folder in TRIALS]
PARTS["equal_cost"] = PARTS["trials"]
PARTS["trial_curves"] = [f"{folder}/curve.csv" for folder in TRIALS]
PARTS["divergence"] = PARTS["curves"] + PARTS["trial_curves"]


rule run:
    """Train one model on one thread; a run that was killed goes on where it stood."""
    input:
        unpack(study.filled(**READ_BY_RUN)),
    output:
        record=f"{RUN}/record.json",
        curve=f"{RUN}/curve.csv",
        weights=f"{RUN}/weights.safetensors",
        text=f"{RUN}/text.csv",
    log:
        f"{RUN}/run.log",
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=study.gpus,
        runtime=estimate.run_minutes,
        seconds=estimate.run,
        seconds_by=estimate.run_by,
    params:
        checkpoint=f"{RUN}/checkpoint.safetensors",
        run=study.run_row,
        min_freq=study.min_freq,
        prefixes=study.prefixes,
        num_tokens=study["texts"]["num_tokens"],
        determinism=study["runs"]["determinism"],
        source=sources("run"),
    script:
        "../scripts/training/run.py"


use rule run as trial with:
    output:
        record=f"{TRIAL}/record.json",
        curve=f"{TRIAL}/curve.csv",
        weights=f"{TRIAL}/weights.safetensors",
        text=f"{TRIAL}/text.csv",
    log:
        f"{TRIAL}/run.log",
    priority: 1
    params:
        checkpoint=f"{TRIAL}/checkpoint.safetensors",
