"""Results → the crate that binds every file to its job."""

from rnnbench.crate import workflow as workflow_texts
from rnnbench.folders import digest_of

WORKFLOW = workflow_texts.texts(PROJECT)  # no inputs: they may be dated ahead of the clock
STEPS = [
    {"rule": rule.name, "script": Path(rule.script).name, "about": rule.docstring}
    for rule in workflow.rules
    if rule.script
]


rule crate:
    """Bind every file of the results by its hash to the job that made it, as an RO-Crate."""
    input:
        made=rules.report.output,
        machine=PARTS["machines"],
    output:
        metadata="results/ro-crate-metadata.json",
        workflow=directory("results/crate"),
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
        "../scripts/crate.py"
