"""Records and tables → a bundle of this machine; on request, results → a crate of all files."""

from rnnbench.provenance.crate import workflow as workflow_texts
from rnnbench.text.origins.folders import digest_of

WORKFLOW = workflow_texts.texts(PROJECT)  # no inputs: they may be dated ahead of the clock
STEPS = [
    {
        "rule": rule.name,
        "script": Path(*Path(rule.script).parts[-2:]).as_posix(),
        "about": rule.docstring,
    }
    for rule in workflow.rules
    if rule.script
]


rule crate:
    """Bind every file of the results by its hash to the job that made it, as an RO-Crate."""
    input:
        made=[*rules.report.output, *study.made("runs", rules.first_page.output)],
        machine=PARTS["machines"],
    output:
        metadata="results/ro-crate-metadata.json",
        workflow=directory("results/crate"),
        readme="results/README.md",
        codecheck="results/codecheck.yml",
    log:
        "results/logs/crate.log",
    conda:
        "../../environment.yml"
    params:
        steps=STEPS,
        machine=study.machine,
        config=study.publishable,
        reads=WORKFLOW,
        content=[digest_of(Path(path)) for path in WORKFLOW],
        source=sources("crate"),
    script:
        "../scripts/provenance/crate.py"


PUBLISHED = f"results/published/machine={study.machine}"
REPEATED = {"curves", "trial_curves"}  # a bundle has the files that these are gathered from
TOKENS_OF = {
    f"{corpus}/{token}": f"{VOCAB}/tokens.npy".format(corpus=corpus, token=token)
    for corpus in study["runs"]["corpora"]
    for token in dict.fromkeys([study["runs"]["token"], "char"])
}
TIMED_FILES = [*rules.campaign.output, *rules.probes.output]
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
        speed=study.made("speed", expand(TIMED_FILES, machine=study.machine)),
        records=PARTS["runs"] + PARTS["trials"],
        curves=PARTS["curves"] + PARTS["trial_curves"],
        corpora=PARTS["corpora"],
        tokens=TOKENS_OF.values(),
    log:
        "results/logs/publish.log",
    retries: 0
    conda:
        "../../environment.yml"
    params:
        **BOUND,
        tokens=TOKENS_OF,
    script:
        "../scripts/provenance/publish.py"


rule publish_speed:
    """Bind the timings of this machine alone, with the tables that need nothing else."""
    input:
        tables=expand("results/tables/{table}.csv", table=[*TIMED, "machines"]),
        machine=PARTS["machines"],
        speed=expand(TIMED_FILES, machine=study.machine),
        corpora=f"results/corpus/{study.timing_corpus}.json",
        tokens=TOKENS_TIMED.values(),
    log:
        "results/logs/publish_speed.log",
    retries: 0
    conda:
        "../../environment.yml"
    params:
        **BOUND,
        tokens=TOKENS_TIMED,
    script:
        "../scripts/provenance/publish.py"
