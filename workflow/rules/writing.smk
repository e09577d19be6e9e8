"""Trained models → texts of theirs, judged, and how far back they see."""

GENERATION = RUN.replace("results/runs", "results/generation", 1)

PARTS["generation"] = [f"{GENERATION}/texts.csv".format(**address) for address in study.writers]

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


rule generation:
    """Let one run write with every decoder, before and after training, and judge its texts."""
    input:
        weights=rules.run.output.weights,
        ids=f"{CHARACTERS}/tokens.npy",
        words=f"{VOCAB}/vocab.json".replace("{token}", "word"),
    output:
        f"{GENERATION}/texts.csv",
    log:
        f"{GENERATION}/generation.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        prefixes=study.prefixes,
        num_tokens=study["generation"]["num_tokens"],
        draws=study["generation"]["draws"],
        judge_order=study["generation"]["judge_order"],
        decoders=study["generation"]["decoders"],
        determinism=study["runs"]["determinism"],
        source=sources("generation"),
    script:
        "../scripts/writing/generation.py"


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
        "../scripts/writing/memory.py"
