"""Memory from totals: what each doubling of the context gains, and at which context half is gained.

Of a variant there are totals per seed, block of neighbouring positions and context. Intervals are
the central 95 % of a bootstrap that draws seeds and blocks with replacement; blocks are the same
positions for all variants and are drawn alike for all, so that ratios compare in pairs. Of one seed
an interval says nothing about other seeds.

* ``half_life``: the context at which half is gained of all that the longest context gains over the
  last token alone; between two measured contexts the gain is taken as linear in their logarithm. It
  is 1 where more context gains nothing.
* ``reach``: the same for 95 %.
* ``trace``: how far back a token is whose influence is 1 % of that of the last one, log-log.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from pandas import DataFrame, MultiIndex

from rnnbench.tables import columns

BASELINE = "rnn"
SETTING = ["machine", "corpus", "sampler", "clip_norm", "device", "split"]
KEYS = [*SETTING, "variant"]
DRAWS, SEED = 1000, 1
TINY = 1e-12  # nats: no influence, and rounding may leave less than none


@dataclass(frozen=True)
class Sums:
    """Means over drawn seeds and blocks, one row per draw; the first row is what was measured."""

    contexts: np.ndarray  # ``(C,)``, rising
    nats: np.ndarray  # mean loss after each context, ``(1 + DRAWS, C)``
    influence: np.ndarray  # mean influence of the token each context back, likewise
    n: int  # positions of a seed
    seeds: int  # number of them

    @classmethod
    def of(cls, losses: DataFrame) -> "Sums":
        """Draw from the rows of one variant and part of the text."""
        cells = losses.set_index(["seed", "block", "context"]).sort_index()
        shape = [len(level) for level in cast(MultiIndex, cells.index).levels]
        tokens, nats, influence = (
            cells[name].to_numpy(float).reshape(shape)
            for name in ("num_tokens", "total_nats", "influence_nats")
        )
        weights = drawn(*shape[:2])
        of = [np.einsum("dsb,sbc->dc", weights, part) for part in (nats, influence, tokens)]
        n, contexts = int(tokens[0, :, 0].sum()), cast(MultiIndex, cells.index).levels[2].to_numpy()
        return cls(contexts, of[0] / of[2], of[1] / of[2], n, shape[0])


def drawn(seeds: int, blocks: int) -> np.ndarray:
    """How often each cell is drawn, ``(1 + DRAWS, seeds, blocks)``; once each in the first row."""
    of_blocks, of_seeds = np.random.default_rng(SEED).spawn(2)
    counts = [
        np.vstack([np.ones(size), generator.multinomial(size, np.full(size, 1 / size), DRAWS)])
        for generator, size in ((of_seeds, seeds), (of_blocks, blocks))
    ]
    return counts[0][:, :, None] * counts[1][:, None, :]


def gained(share: float) -> Callable[[Sums], np.ndarray]:
    """The context at which ``share`` of the gain is reached, per draw; 1 if nothing is gained."""

    def found(sums: Sums) -> np.ndarray:
        gain = sums.nats[:, :1] - sums.nats
        gains = gain[:, -1] > 0
        shares = gain / np.where(gains, gain[:, -1], 1.0)[:, None]
        return np.where(gains, crossing(np.log2(sums.contexts), shares, share), 1.0)

    return found


def faded(share: float) -> Callable[[Sums], np.ndarray]:
    """How far back a token has ``share`` of the last one's influence, per draw; inf: farther."""

    def found(sums: Sums) -> np.ndarray:
        fallen = np.log(np.maximum(sums.influence, TINY))
        fallen = fallen[:, :1] - fallen
        return crossing(np.log2(sums.contexts), fallen, -np.log(share))

    return found


MEASURES = {"half_life": gained(0.5), "reach": gained(0.95), "trace": faded(0.01)}


def crossing(log_contexts: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """The context where each row of ``values`` first comes to ``level``; inf: it never does.

    Args:
        log_contexts: base 2, ``(C,)``.
        values: ``(R, C)``, 0 at the first context.
        level: to come to, above 0.
    """
    there = values >= level
    after = np.maximum(there.argmax(axis=1), 1)
    rows = np.arange(len(values))
    low, high = values[rows, after - 1], values[rows, after]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        part = (level - low) / (high - low)
        at = log_contexts[after - 1] + part * (log_contexts[after] - log_contexts[after - 1])
        return np.where(there.any(axis=1), 2.0**at, np.inf)


def memory(losses: DataFrame) -> DataFrame:
    """One row per variant, part of the text and context; unmeasured variants have a reason."""
    rows = [
        key | {"context": int(context), "n": sums.n, "seeds": sums.seeds} | row
        for key, sums in measured(losses)
        for context, row in zip(sums.contexts, context_rows(sums), strict=True)
    ]
    return columns.table("memory", [*rows, *unmeasured(losses)])


def context_rows(sums: Sums) -> Iterator[dict[str, float]]:
    """Loss, gain over the context before and influence, with intervals."""
    for at in range(len(sums.contexts)):
        nats = float(sums.nats[0, at])
        more = bounded(sums.nats[:, at - 1] - sums.nats[:, at], "gain_nats") if at else {}
        influence = bounded(sums.influence[:, at], "influence_nats", "influence_")
        yield {"perplexity": float(np.exp(nats)), "nats": nats, **more, **influence}


def half_life(losses: DataFrame) -> DataFrame:
    """One row per variant, part of the text and measure, and its ratio to that of the plain RNN.

    There is no ratio where a trace of either goes beyond the longest context.
    """
    found = measured(losses)
    plain = {setting(key): sums for key, sums in found if key["variant"] == BASELINE}
    rows = []
    for key, sums in found:
        baseline = plain.get(setting(key)) if key["variant"] != BASELINE else None
        for measure, of in MEASURES.items():
            tokens = of(sums)
            row: dict[str, Any] = bounded(tokens, "tokens")
            if baseline is not None:
                row |= bounded(finite(tokens) / finite(of(baseline)), "ratio", "ratio_")
                row |= {"baseline": BASELINE}
            rows.append(key | {"measure": measure, "n": sums.n, "seeds": sums.seeds} | row)
    return columns.table("half_life", [*rows, *unmeasured(losses)])


def setting(key: dict[str, Any]) -> tuple[Any, ...]:
    """All of a key but the variant."""
    return tuple(key[name] for name in SETTING)


def finite(tokens: np.ndarray) -> np.ndarray:
    """What lies beyond the longest context is no number."""
    return np.where(np.isinf(tokens), np.nan, tokens)


def bounded(values: np.ndarray, name: str, side: str = "") -> dict[str, float]:
    """Columns of the first value, and of the central 95 % of the others."""
    low, high = np.quantile(values[1:], [0.025, 0.975], method="nearest")
    return {name: float(values[0]), f"{side}low": float(low), f"{side}high": float(high)}


def measured(losses: DataFrame) -> list[tuple[dict[str, Any], Sums]]:
    """Key and sums of every variant and part of the text that gave numbers."""
    told = losses[losses["context"].notna()] if len(losses) else losses
    groups = told.groupby(KEYS, sort=False) if len(told) else ()
    return [(dict(zip(KEYS, key, strict=True)), Sums.of(rows)) for key, rows in groups]


def unmeasured(losses: DataFrame) -> Sequence[dict[Any, Any]]:
    """Runs that gave none, with their reasons."""
    if losses.empty or "reason" not in losses:
        return []
    kept = [name for name in KEYS if name != "split"]
    return losses[losses.reason.notna()][[*kept, "reason"]].to_dict("records")
