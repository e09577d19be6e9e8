"""Text → what samplers read of it, and other ways to read it."""

PARTS["coverage"] = study.made("coverage", ["results/coverage/coverage.csv"])
PARTS["coverage_curves"] = study.made("coverage", ["results/coverage/curves.csv"])
PARTS["padding"] = study.made("sentences", ["results/sentences/padding.csv"])
PARTS["sentences"] = study.made("sentences", ["results/sentences/sentences.csv"])
PARTS["detaching"] = study.made("detaching", ["results/detaching/detaching.csv"])
PARTS["detaching_runs"] = study.made("detaching", ["results/detaching/runs.csv"])


rule coverage:
    """Tell how evenly each sampler reads a text, exactly and by simulation."""
    output:
        table="results/coverage/coverage.csv",
        curves="results/coverage/curves.csv",
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
        "../scripts/coverage.py"


rule sentences:
    """Pad whole sentences to minibatches, and train on them beside the samplers."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
    output:
        padding="results/sentences/padding.csv",
        runs="results/sentences/sentences.csv",
    log:
        "results/logs/sentences.log",
    conda:
        "../../environment.yml"
    params:
        units=study["sentences"]["units"],
        batch_sizes=study["sentences"]["batch_sizes"],
        runs=study.small_runs("sentences"),
        corpus=study.timing_corpus,
        own_texts=study.own_texts,
        source=sources("sentences"),
    script:
        "../scripts/sentences.py"


rule detaching:
    """Carry the state with and without detaching: seconds, memory and perplexity."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    output:
        costs="results/detaching/detaching.csv",
        runs="results/detaching/runs.csv",
    log:
        "results/logs/detaching.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    resources:
        mem_mb=2000 + study["detaching"]["memory_limit_mib"],
    params:
        cost_tokens=study["detaching"]["cost_tokens"],
        memory_limit_mib=study["detaching"]["memory_limit_mib"],
        runs=study.small_runs("detaching"),
        source=sources("detaching"),
    script:
        "../scripts/detaching.py"
