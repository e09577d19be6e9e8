"""Seed → forecasts of the sine."""

PARTS["sine"] = ["results/sine/errors.csv"]
PARTS["sine_predictions"] = ["results/sine/predictions.csv"]


rule sine:
    """Train the network on the noisy sine and forecast, once for each seed."""
    output:
        errors="results/sine/errors.csv",
        predictions="results/sine/predictions.csv",
    log:
        "results/logs/sine.log",
    conda:
        "../../environment.yml"
    params:
        **study["sine"],
        source=sources.digest("sine.py"),
    script:
        "../scripts/sine.py"
