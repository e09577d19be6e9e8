"""Seed → forecasts of the sine."""

SINE = "results/sine"

PARTS["sine"] = study.made("sine", [f"{SINE}/errors.csv"])
PARTS["sine_floor"] = study.made("sine", [f"{SINE}/floors.csv"])
PARTS["sine_bands"] = study.made("sine", [f"{SINE}/bands.csv"])
PARTS["sine_predictions"] = study.made("sine", [f"{SINE}/predictions.csv"])


rule sine:
    """Fit every forecaster to the noisy sine and forecast, once for each seed."""
    output:
        errors=f"{SINE}/errors.csv",
        predictions=f"{SINE}/predictions.csv",
        bands=f"{SINE}/bands.csv",
        floors=f"{SINE}/floors.csv",
    log:
        "results/logs/sine.log",
    conda:
        "../../environment.yml"
    params:
        settings=study["sine"],
        determinism=study["runs"]["determinism"],
        source=sources("sine"),
    script:
        "../scripts/sine/sine.py"
