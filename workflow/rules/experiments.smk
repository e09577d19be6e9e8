"""Texts and trained models → questions with runs of their own: gradients, samplers, memory."""

from functools import partial

BPTT = study.made(
    "bptt",
    expand("results/bptt/variant={variant}", variant=study["bptt"]["runs"]["variant"]),
)
DISTANCE = "results/gradient_distance"

PARTS["bptt"] = [f"{folder}/gradients.csv" for folder in BPTT]
PARTS["bptt_training"] = [f"{folder}/training.csv" for folder in BPTT]
PARTS["bptt_reach"] = [f"{folder}/reach.csv" for folder in BPTT]
PARTS["gradient_distance"] = study.made("gradient_distance", [f"{DISTANCE}/distance.csv"])
PARTS["linear_gradient"] = study.made("gradient_distance", [f"{DISTANCE}/linear.csv"])

PARTS["coverage"] = study.made("coverage", ["results/coverage/coverage.csv"])

MEMORY = "results/memory/machine={machine}/corpus={corpus}"
READ_BY_MODELS = VOCAB.replace("{token}", study["runs"]["token"])
REMEMBERING = {
    corpus: [
        f"{RUN.format(**address)}/weights.safetensors" for address in study.memory_runs(corpus)
    ]
    for corpus in study["runs"]["corpora"]
}

PARTS["memory"] = expand(
    f"{MEMORY}/losses.csv",
    machine=study.machine,
    corpus=[corpus for corpus, weights in REMEMBERING.items() if weights],
)
PARTS["half_life"] = PARTS["memory"]


rule bptt:
    """Hold truncated gradients of one variant against the full ones, and train with them."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    output:
        gradients="results/bptt/variant={variant}/gradients.csv",
        training="results/bptt/variant={variant}/training.csv",
        reach="results/bptt/variant={variant}/reach.csv",
    log:
        "results/logs/bptt/{variant}.log",
    conda:
        "../../environment.yml"
    params:
        runs=partial(study.small_runs, "bptt"),
        settings={name: study["bptt"][name] for name in ("taus", "draws", "minibatches")},
        determinism=study["runs"]["determinism"],
        source=sources("bptt"),
    script:
        "../scripts/experiments/bptt.py"


rule gradient_distance:
    """Measure gradients by distance, and the closed form of a linear network's."""
    input:
        vocab=rules.bptt.input.vocab,
        ids=rules.bptt.input.ids,
    output:
        distance=f"{DISTANCE}/distance.csv",
        linear=f"{DISTANCE}/linear.csv",
    log:
        "results/logs/gradient_distance.log",
    conda:
        "../../environment.yml"
    params:
        **study["gradient_distance"],
        source=sources("gradient_distance"),
    script:
        "../scripts/experiments/gradient_distance.py"


rule coverage:
    """Tell how evenly each sampler reads a text, exactly and by simulation."""
    output:
        "results/coverage/coverage.csv",
    log:
        "results/logs/coverage.log",
    conda:
        "../../environment.yml"
    params:
        **{name: study["coverage"][name] for name in ("num_tokens", "epochs", "seed")},
        samplers=study.covering,
        batch_size=study["runs"]["batch_size"],
        num_steps=study["runs"]["num_steps"],
        source=sources("coverage"),
    script:
        "../scripts/experiments/coverage.py"


rule memory:
    """Cut the history of trained models, and replace tokens of it."""
    input:
        vocab=f"{READ_BY_MODELS}/vocab.json",
        ids=f"{READ_BY_MODELS}/tokens.npy",
        weights=study.entry("corpus", within=REMEMBERING),
    output:
        f"{MEMORY}/losses.csv",
    log:
        f"{MEMORY}/memory.log",
    conda:
        "../../environment.yml"
    params:
        contexts=study["memory"]["contexts"],
        positions=study["memory"]["positions"],
        blocks=study["memory"]["blocks"],
        determinism=study["runs"]["determinism"],
        source=sources("memory"),
    script:
        "../scripts/experiments/memory.py"
