"""Backpropagation through time."""

import numpy as np
from pandas import DataFrame, Series

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import gradient_rows, readers

TABLES = ("linear_gradient", "gradient_distance", "bptt", "bptt_training")

EXACT = 1e-10  # relative: what float64 leaves of a product of 40 matrices is far less
SUFFICES = 1.02  # times the perplexity of the full gradient
FEW = 3  # seeds below which nothing is said of trainings
CHANCE = 2.0  # times the distance that chance makes of a mean


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        *(closed_form(tables), powers(tables), squashed(tables), sufficient(tables)),
        *(unbiased(tables), noisy(tables), useless(tables), regularising(tables)),
    ]


def closed_form(tables: readers.Tables) -> Claim:
    """The formula beside automatic differentiation, in float64."""
    said = Claim(
        "The gradient of a linear recurrent network is a sum over powers of its transposed W_hh.",
        "d2l 8.7.16",
    )
    table = readers.rows(tables, "linear_gradient")
    if table.empty:
        return said
    most = float(table.deviation.max())
    return said.judged(
        HOLDS if most < EXACT else FAILS,
        f"Formula and automatic differentiation differ by at most {readers.figures3(most)} of the "
        f"largest entry ({readers.counted(len(table), 'network')}, float64).",
        **{"value": most, "low": float(table.deviation.min()), "high": most, "n": len(table)},
    )


def powers(tables: readers.Tables) -> Claim:
    """Norms at the greatest distance: below 1 and above 1 as the radius is, for all seeds."""
    said = Claim(
        "Gradients of a linear network vanish where the eigenvalues of W_hh are below 1, and "
        "explode where they are above.",
        "d2l 8.7.2",
    )
    return _by_radius(said, tables, "linear")


def squashed(tables: readers.Tables) -> Claim:
    """The same for tanh units."""
    said = Claim(
        "Gradients of a network of tanh units vanish and explode likewise.",
        "d2l 8.7.2",
    )
    return _by_radius(said, tables, "tanh")


def sufficient(tables: readers.Tables) -> Claim:
    """The shortest cut whose training perplexity is within 2 % of the full one, seed by seed."""
    said = Claim(
        "Cutting backpropagation every few steps is a sufficient approximation of the gradient.",
        "d2l 8.7.1",
    )
    ratios, at = _to_full(tables, "perplexity")
    ratios = ratios if ratios.empty else ratios[ratios.method == "regular"]
    if ratios.empty:
        return said
    medians, most = (getattr(ratios.groupby("tau").ratio, f)() for f in ("median", "max"))
    enough = medians[medians <= SUFFICES].index
    tau = enough.min() if len(enough) else medians.index.max()
    words = ", ".join(f"{readers.figures3(r)} at {t:.0f}" for t, r in medians.items())
    return said.judged(
        FAILS if not len(enough) else HOLDS if most[tau] <= SUFFICES else PARTLY,
        f"At equal tokens, updates and states, training perplexity by steps between cuts is, over "
        f"that of the full gradient, {words} (medians; at {tau:.0f}: at most "
        f"{readers.figures3(most[tau])}; {_seeds(ratios)}){at}.",
        **_numbers(ratios[ratios.tau == tau].ratio),
    )


def unbiased(tables: readers.Tables) -> Claim:
    """Means over drawn gradients, as far from the full one as chance makes them."""
    said = Claim("Randomized truncation gives the full gradient on average.", "d2l 8.7.1")
    table, words = readers.first_setting(readers.rows(tables, "bptt"), "variant", "seed")
    table = table if table.empty else table[table.method == "randomized"]
    if table.empty:
        return said
    low, middle, high = table.mean_error.quantile([0.05, 0.5, 0.95])
    draws = f"{table.patterns.iloc[0]:,.0f}"
    return said.judged(
        HOLDS if high <= CHANCE else PARTLY if middle <= CHANCE else FAILS,
        f"Means over {draws} draws lie {readers.figures3(middle)} times as far from the full "
        f"gradient as chance alone puts them (median; 5-95 % {readers.figures3(low)} to "
        f"{readers.figures3(high)}; {readers.counted(len(table), 'mean')}){readers.at(words)}.",
        **{"value": middle, "low": low, "high": high, "n": len(table)},
    )


def noisy(tables: readers.Tables) -> Claim:
    """Distance of the randomized gradient over that of the truncated one, at equal mean reach."""
    said = Claim(
        "The variance of randomized truncation undoes what its accuracy gains.", "d2l 8.7.1"
    )
    gradients, words = gradient_rows.trained(tables)
    pairs = gradient_rows.pairs(gradients)
    if pairs.empty:
        return said
    ratio = pairs.rmse_randomized / pairs.rmse_regular
    low, middle, high = ratio.quantile([0.05, 0.5, 0.95])
    return said.judged(
        HOLDS if low > 1 else PARTLY if middle > 1 else FAILS,
        f"At equal mean reach the randomized gradient is {readers.figures3(middle)} times as far "
        f"from the full one as the truncated one is (median; 5-95 % {readers.figures3(low)} to "
        f"{readers.figures3(high)}; {readers.counted(len(pairs), 'pair')} on trained models)"
        f"{readers.at(words)}.",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def useless(tables: readers.Tables) -> Claim:
    """Perplexity with random cuts over that with regular ones: rarely, mostly or always lower."""
    said = Claim("In practice randomized truncation is no better than regular.", "d2l 8.7.1")
    ratios, at = _to_full(tables, "perplexity")
    if ratios.empty:
        return said
    keys = ["variant", "seed", "tau"]
    regular, randomized = (ratios[ratios.method == name] for name in ("regular", "randomized"))
    both = randomized.merge(regular, on=keys, suffixes=("", "_regular"))
    if both.seed.nunique() < FEW:
        return said
    found = both.perplexity / both.perplexity_regular
    numbers, lower = _numbers(found), found < 1
    return said.judged(
        HOLDS if lower.mean() <= 0.5 else FAILS if lower.all() else PARTLY,
        f"At equal mean reach the training perplexity with random cuts is "
        f"{readers.figures3(numbers['value'])} times that with regular ones (median; from "
        f"{readers.figures3(numbers['low'])} to {readers.figures3(numbers['high'])}), and lower in "
        f"{int(lower.sum())} of {readers.counted(len(found), 'pair')}{at}.",
        **numbers,
    )


def regularising(tables: readers.Tables) -> Claim:
    """Held-out perplexity at the shortest cut over that of the full gradient, seed by seed."""
    said = Claim("Truncation regularises a little.", "d2l 8.7.1")
    ratios, at = _to_full(tables, "heldout_perplexity")
    ratios = ratios if ratios.empty else ratios[ratios.method == "regular"]
    if ratios.empty:
        return said
    middle = ratios.groupby("tau").ratio.median()
    tau = middle.idxmin()
    numbers = _numbers(ratios[ratios.tau == tau].ratio)
    return said.judged(
        HOLDS if numbers["high"] < 1 else PARTLY if numbers["value"] < 1 else FAILS,
        f"At best, with {tau:.0f} {'step' if tau == 1 else 'steps'} between cuts, held-out "
        f"perplexity is {readers.figures3(numbers['value'])} times that of the full gradient "
        "(median;"
        f" from {readers.figures3(numbers['low'])} to {readers.figures3(numbers['high'])}; "
        f"{_seeds(ratios)}){at}.",
        **numbers,
    )


def _by_radius(said: Claim, tables: readers.Tables, cell: str) -> Claim:
    """Vanishing and exploding count where 95 % of the seeds are on the side of their radius."""
    norms = readers.rows(tables, "gradient_distance")
    norms = norms if norms.empty else norms[norms.cell == cell]
    if norms.empty:
        return said
    far = norms[norms.distance == norms.distance.max()].groupby("spectral_radius").grad_norm
    table = far.quantile([0.05, 0.5, 0.95]).unstack()
    below, above = table[table.index < 1], table[table.index > 1]
    if below.empty or above.empty:
        return said
    vanish, explode = (below[0.95] < 1).all(), (above[0.05] > 1).all()
    words = "; ".join(
        f"{readers.figures3(middle)} ({readers.figures3(low)} to {readers.figures3(high)}) at "
        "radius "
        f"{readers.figures3(radius)}"
        for radius, (low, middle, high) in table.iterrows()
    )
    low, middle, high = above.iloc[-1]
    return said.judged(
        HOLDS if vanish and explode else PARTLY if vanish or explode else FAILS,
        f"From {norms.distance.max():.0f} steps back comes a norm of {words}, where it starts at 1 "
        f"(medians and 5-95 %; {readers.counted(norms.seed.nunique(), 'seed')}).",
        **{"value": middle, "low": low, "high": high, "n": norms.seed.nunique()},
    )


def _to_full(tables: readers.Tables, metric: str) -> tuple[DataFrame, str]:
    """Each training's ``metric`` over that of the full gradient from the same weights.

    All at one setting, which the words behind say. Empty where there are too few seeds.
    """
    table, words = gradient_rows.trainings(tables)
    table = table if table.empty else table[np.isfinite(table[metric])]
    if table.empty:
        return table, ""
    full = table[table.method == "full"][["variant", "seed", metric]]
    joined = table.merge(full, on=["variant", "seed"], suffixes=("", "_full"))
    joined = joined[(joined.method != "full") & (joined.seed.nunique() >= FEW)]
    joined = joined.assign(ratio=joined[metric] / joined[f"{metric}_full"])
    return joined, readers.at(words)


def _numbers(values: Series) -> dict[str, float]:
    """Median, least, greatest and number."""
    return {
        "value": float(values.median()),
        "low": float(values.min()),
        "high": float(values.max()),
        "n": len(values),
    }


def _seeds(ratios: DataFrame) -> str:
    noun = "seed" if ratios.variant.nunique() == 1 else "run"
    return readers.counted(ratios[["variant", "seed"]].drop_duplicates().shape[0], noun)
