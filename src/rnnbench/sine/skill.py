"""How much better than a simple forecast a forecast is."""

from pandas import DataFrame

BASELINES = ("zero", "persistence", "lag_mean", "ols_ar")
SPREAD = {"low": 0.05, "skill": 0.5, "high": 0.95}  # quantiles over seeds


def table(errors: DataFrame) -> DataFrame:
    """Skill against each base line: 1 - mse / mse of the base line on the same series.

    One row per forecast and base line: median, 5 and 95 % over seeds, and the share of seeds in
    which the base line is the better one.
    """
    key = ["num_lags", "mode", "horizon", "seed"]
    based = errors[errors.model.isin(BASELINES)].rename(columns={"model": "baseline"})
    pairs = errors.merge(based, on=key, suffixes=("", "_baseline"))
    pairs = pairs[pairs.model != pairs.baseline]
    pairs = pairs.assign(skill=1 - pairs.mse / pairs.mse_baseline)
    groups = pairs.groupby(["model", "baseline", *key[:-1]], sort=False).skill
    found = groups.quantile(list(SPREAD.values())).unstack().set_axis(list(SPREAD), axis=1)
    found["worse_share"] = groups.apply(lambda values: float((values < 0).mean()))
    return found.assign(n=groups.size()).reset_index()
