"""Texts and trained models → how samplers read, how models remember."""

from functools import partial

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
