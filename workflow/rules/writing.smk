"""Trained models → texts of theirs, judged."""

GENERATION = RUN.replace("results/runs", "results/generation", 1)

PARTS["generation"] = [f"{GENERATION}/texts.csv".format(**address) for address in study.writers]


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
