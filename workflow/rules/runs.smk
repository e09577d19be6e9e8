"""Vocabulary → trained models → texts of theirs, judged."""

RUN = (
    "results/runs/machine={machine}/corpus={corpus}/variant={variant}/sampler={sampler}/"
    "clip_norm={clip_norm}/device={device}/seed={seed}"
)
RUNS = [RUN.format(**address) for address in study.runs]

GENERATION = RUN.replace("results/runs", "results/generation", 1)

PARTS["runs"] = [f"{folder}/record.json" for folder in RUNS]
PARTS["curves"] = [f"{folder}/curve.csv" for folder in RUNS]
PARTS["texts"] = [f"{folder}/text.txt" for folder in RUNS]
PARTS["generation"] = [f"{GENERATION}/texts.csv".format(**address) for address in study.writers]


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
        source=sources.run,
    script:
        "../scripts/run.py"


rule generation:
    """Let one run write with every decoder, before and after training, and judge its texts."""
    input:
        weights=rules.run.output.weights,
        vocab=rules.run.input.vocab,
        ids=rules.run.input.ids,
        words="results/vocab/corpus={corpus}/token=word/vocab.json",
    output:
        f"{GENERATION}/texts.csv",
    log:
        f"{GENERATION}/generation.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        prefixes=study["texts"]["prefixes"],
        num_tokens=study["generation"]["num_tokens"],
        draws=study["generation"]["draws"],
        judge_order=study["generation"]["judge_order"],
        decoders=study["generation"]["decoders"],
        source=sources.generation(),
    script:
        "../scripts/generation.py"
