"""Records and tables → a bundle of this machine, to be compared and audited elsewhere."""

PUBLISHED = f"results/published/machine={study.machine}"


rule publish:
    """Bind what this machine measured by a manifest; without an output, so that clones keep theirs."""
    input:
        tables=TABLES,
        gates=rules.gates.output,
        findings=rules.findings.output.table,
        machine=PARTS["machines"],
        speed=expand(rules.campaign.output, machine=study.machine),
        records=PARTS["runs"] + PARTS["trials"],
        curves=PARTS["curves"] + PARTS["trial_curves"],
        corpora=PARTS["corpora"],
        sbom=rules.sbom.output,
    log:
        "results/logs/publish.log",
    conda:
        "../../environment.yml"
    params:
        machine=study.machine,
        folder=PUBLISHED,
        config=study.publishable,
        lock=str(Path(workflow.basedir) / "requirements.lock"),
        source=sources.suite(),
    script:
        "../scripts/publish.py"
