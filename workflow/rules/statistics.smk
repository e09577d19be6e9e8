"""Simulated machines → what the statistics of the comparison keep of their promises."""

NOISE = study["statistics"]["noise"]


rule noise:
    """Tell what the noise of this machine is made of."""
    input:
        f"{SPEED_HERE}/samples.csv",
    output:
        "results/statistics/noise.csv",
    log:
        "results/logs/noise.log",
    conda:
        "../../environment.yml"
    params:
        source=sources("noise"),
    script:
        "../scripts/noise.py"


rule calibrate_statistics:
    """Try intervals, verdicts and power on simulated machines whose truth is known."""
    input:
        [] if NOISE == "reference" else NOISE,
    output:
        table="results/statistics/calibration.csv",
        page="results/statistics/calibration.md",
    log:
        "results/logs/calibrate_statistics.log",
    conda:
        "../../environment.yml"
    params:
        amount={name: study["statistics"][name] for name in ("intervals", "comparisons", "seed")},
        noise=NOISE,
        speed=study["speed"],
        work_items=len(study.timings),
        arms=study.timed_arms,
        source=sources("calibrate_statistics"),
    script:
        "../scripts/calibrate_statistics.py"
