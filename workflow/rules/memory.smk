"""Trained models → how far back they see."""

MEMORY = "results/memory/machine={machine}/corpus={corpus}"
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
        vocab=f"results/vocab/corpus={{corpus}}/token={study['runs']['token']}/vocab.json",
        ids=f"results/vocab/corpus={{corpus}}/token={study['runs']['token']}/tokens.npy",
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
        "../scripts/memory.py"
