"""Backpropagation through time."""

import numpy as np
from pandas import DataFrame

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import gradient_rows, readers

TABLES = ("linear_gradient", "gradient_distance", "bptt", "bptt_training")

EXACT = 1e-10  # relative: what float64 leaves of a product of 40 matrices is far less
CHANCE = 2.0  # times the distance that chance makes of a mean


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (closed_form, powers, squashed, sufficient, unbiased, noisy, useless, regularising)
    return [judge(tables) for judge in judges]


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
        f"Formula and automatic differentiation differ by at most {readers.figures3(most)} of the "
        "largest entry, in float64.",
        [most < EXACT],
        _judging.exact(len(table), "network"),
        most,
    )


def powers(tables: readers.Tables) -> Claim:
    """Norms at the greatest distance: below 1 and above 1 as the radius is."""
    said = Claim(
        "Gradients of a linear network vanish where the eigenvalues of W_hh are below 1, and "
        "explode where they are above.",
        "d2l 8.7.2",
    )
    return _by_radius(said, tables, "linear")


def squashed(tables: readers.Tables) -> Claim:
    """The same for tanh units."""
    said = Claim("Gradients of a network of tanh units vanish and explode likewise.", "d2l 8.7.2")
    return _by_radius(said, tables, "tanh")


def _by_radius(said: Claim, tables: readers.Tables, cell: str) -> Claim:
    norms = readers.rows(tables, "gradient_distance")
    norms = norms if norms.empty else norms[(norms.cell == cell) & (norms.spectral_radius != 1)]
    if (
        norms.empty
        or not (norms.spectral_radius < 1).any()
        or not (norms.spectral_radius > 1).any()
    ):
        return said
    far = norms[norms.distance == norms.distance.max()].assign(value=norms.grad_norm)
    found = {
        radius: one
        for radius, rows in far.groupby("spectral_radius")
        if (one := _comparing.compared(rows, above=radius > 1, by="cell"))
    }
    words = "; ".join(f"{one} at radius {readers.figures3(r)}" for r, one in found.items())
    last = found[max(found)]
    return said.judged(
        f"From {norms.distance.max():.0f} steps back comes a norm of {words}, where it starts at 1 "
        "(geometric means).",
        [one.parts[0] for one in found.values()],
        _judging.sampled(far, min(one.n for one in found.values())),
        **last.numbers,
    )


def sufficient(tables: readers.Tables) -> Claim:
    """Holds if with some cut the training perplexity is surely within 2 % of the full one."""
    said = Claim(
        "Cutting backpropagation every few steps is a sufficient approximation of the gradient.",
        "d2l 8.7.1",
    )
    words = (
        "At equal tokens, updates and states, training perplexity over that of the full gradient is"
    )
    return _by_cut(said, tables, "perplexity", _comparing.AS_GOOD, words)


def regularising(tables: readers.Tables) -> Claim:
    """Holds if with some cut the held-out perplexity is surely below that of the full gradient."""
    said = Claim("Truncation regularises a little.", "d2l 8.7.1")
    words = "Held-out perplexity over that of the full gradient is"
    return _by_cut(said, tables, "heldout_perplexity", 1.0, words)


def _by_cut(said: Claim, tables: readers.Tables, metric: str, bound: float, words: str) -> Claim:
    """True if some number of steps between cuts is surely below the bound, false if all are above.

    The intervals of the numbers of steps hold together.
    """
    table, at = _trainings(tables, metric)
    full = table if table.empty else table[table.method == "full"]
    pairs = _comparing.over(table, metric, "method", ("regular", "full"), ["variant", "seed"])
    found = _comparing.compared(pairs, bound, above=False, by="tau") if len(full) else None
    if found is None:
        return said
    cuts = found.groups
    best = cuts.loc[cuts.high.idxmin() if cuts.high.notna().any() else cuts.value.idxmin()]
    named = readers.english(
        f"{_comparing.told(*c[1:4])} at {c.Index:.0f}" for c in cuts.itertuples()
    )
    return said.judged(
        f"{words}, by steps between cuts, {named}{at}.",
        [_judging.some(*cuts.part)],
        _judging.sampled(pairs),
        *best[["value", "low", "high"]],
    )


def unbiased(tables: readers.Tables) -> Claim:
    """Means over drawn gradients, as far from the full one as chance makes them."""
    said = Claim("Randomized truncation gives the full gradient on average.", "d2l 8.7.1")
    table, words = readers.first_setting(readers.rows(tables, "bptt"), "variant", "seed")
    table = table if table.empty else table[table.method == "randomized"]
    if table.empty:
        return said
    found = _comparing.compared(table.assign(value=table.mean_error), CHANCE, above=False)
    return said.compared(
        found,
        f"Means over {table.patterns.iloc[0]:,.0f} draws lie {{}} times as far from the full "
        f"gradient as chance alone puts them{readers.at(words)}.",
        ended=False,
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
    pairs = pairs.assign(value=pairs.rmse_randomized / pairs.rmse_regular)
    return said.compared(
        _comparing.compared(pairs, above=True),
        "At equal mean reach the randomized gradient of trained models is {} times as far from the "
        f"full one as the truncated one is{readers.at(words)}.",
        ended=False,
    )


def useless(tables: readers.Tables) -> Claim:
    """Holds if perplexity with random cuts is surely not 2 % below that with regular ones."""
    said = Claim("In practice randomized truncation is no better than regular.", "d2l 8.7.1")
    table, at = _trainings(tables, "perplexity")
    ends, keys = ("randomized", "regular"), ["variant", "seed", "tau"]
    pairs = _comparing.over(table, "perplexity", "method", ends, keys)
    return said.compared(
        _comparing.compared(pairs, 1 / _comparing.AS_GOOD, above=True),
        f"At equal mean reach the training perplexity with random cuts is {{}} times that with "
        f"regular ones{at}.",
    )


def _trainings(tables: readers.Tables, metric: str) -> tuple[DataFrame, str]:
    """Trainings that ended with a number, all at one setting, which the words behind say."""
    table, words = gradient_rows.trainings(tables)
    return (table if table.empty else table[np.isfinite(table[metric])]), readers.at(words)
