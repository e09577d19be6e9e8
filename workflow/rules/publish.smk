"""Records and tables → a bundle of this machine, to be compared and audited elsewhere."""

PUBLISHED = f"results/published/machine={study.machine}"
REPEATED = {"curves", "trial_curves"}  # a bundle has the files that these are gathered from
TOKENS_OF = {
    f"{corpus}/{token}": f"{VOCAB}/tokens.npy".format(corpus=corpus, token=token)
    for corpus in study["runs"]["corpora"]
    for token in dict.fromkeys([study["runs"]["token"], "char"])
}
TOKENS_TIMED = {f"{study.timing_corpus}/char": str(rules.campaign.input.ids)}
BOUND = {
    "machine": study.machine,
    "folder": PUBLISHED,
    "key": study.literal(study["sign"]),
    "config": study.publishable,
    "lock": str(PROJECT / "requirements.lock"),
    "source": sources("publish"),
}


rule publish:
    """Bind what this machine measured by a manifest; without an output, so that clones keep theirs."""
    input:
        tables=[path for path in TABLES if Path(path).stem not in REPEATED],
        gates=rules.gates.output,
        findings=rules.findings.output.table,
        machine=PARTS["machines"],
        speed=study.made("speed", expand(rules.campaign.output, machine=study.machine)),
        records=PARTS["runs"] + PARTS["trials"],
        curves=PARTS["curves"] + PARTS["trial_curves"],
        corpora=PARTS["corpora"],
        tokens=TOKENS_OF.values(),
    log:
        "results/logs/publish.log",
    conda:
        "../../environment.yml"
    params:
        **BOUND,
        tokens=TOKENS_OF,
    script:
        "../scripts/publish.py"


rule publish_speed:
    """Bind the timings of this machine alone, with the tables that need nothing else."""
    input:
        tables=expand("results/tables/{table}.csv", table=[*TIMED, "machines"]),
        machine=PARTS["machines"],
        speed=expand(rules.campaign.output, machine=study.machine),
        corpora=f"results/corpus/{study.timing_corpus}.json",
        tokens=TOKENS_TIMED.values(),
    log:
        "results/logs/publish_speed.log",
    conda:
        "../../environment.yml"
    params:
        **BOUND,
        tokens=TOKENS_TIMED,
    script:
        "../scripts/publish.py"
