"""Every figure there is, over tables as they come: whole, diverged, in part missing, empty."""

import inspect
import re
from functools import cache, partial
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.text import Text
from pandas import DataFrame, concat

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import names
from rnnbench.base.plugins import tables as named
from rnnbench.report import figures, report
from rnnbench.tables import (
    book,
    columns,
    divergence,
    equal_cost,
    half_life,
    literature,
    ranking,
    readers,
)
from rnnbench.tables.book import verdicts
from rnnbench.timing import cost_model

VARIANTS = (
    *("rnn_scratch", "gru_scratch", "lstm_scratch", "rnn", "rnn_relu", "gru", "lstm"),
    *("rnn_deep", "gru_deep", "lstm_deep", "lstm_bidirectional"),
)
FEW = ("rnn", "gru_deep", "lstm_bidirectional")  # a name of each length, and the leaky one
SAMPLERS = ("random_sampling", "sequential_partition")
CLIP_NORMS = (0.1, 1.0, 10.0, np.inf)
SPLITS = ("train", "heldout")
AWAY, NO_CUDA = "not available here", "no NVIDIA driver found"


def make_tables(
    variants=VARIANTS,
    corpora=("time_machine",),
    machines=("xeon-2c",),
    devices=("cpu",),
    epochs=20,
    diverging=("rnn_relu",),
    seeds=(0, 1),
    clip_norms=CLIP_NORMS,
):
    """A whole study, made up from a seed; ``cuda`` is always asked for, and is here if named."""
    rng = np.random.default_rng(7)
    runs, curves, texts = [], [], []
    keys = product(machines, corpora, variants, SAMPLERS, clip_norms, ("cpu", "cuda"), seeds)
    for machine, corpus, variant, sampler, clip_norm, device, seed in keys:
        run = {
            **{"machine": machine, "corpus": corpus, "variant": variant, "sampler": sampler},
            **{"clip_norm": clip_norm, "device": device, "seed": seed},
        }
        sizes = {"trial": "grid", "hidden_size": 64}
        leaky = variant == "lstm_bidirectional"
        if device not in devices:
            runs.append(run | sizes | {"status": AWAY, "leaky": leaky, "reason": NO_CUDA})
            continue
        dead = variant in diverging and clip_norm > 1
        floor = 1.3 if leaky else rng.uniform(5, 9)
        heldout = floor * (1 + rng.uniform(0, 0.3))
        seconds = rng.uniform(2, 30) * (0.2 if device == "cuda" else 1)
        runs.append(
            run
            | sizes
            | {"num_epochs": epochs, "status": "diverged" if dead else "unconverged"}
            | {"perplexity": np.nan if dead else floor, "leaky": leaky, "reason": None}
            | {"heldout_perplexity": np.inf if dead else heldout, "train_seconds": seconds}
            | {"validation_perplexity": heldout, "last_heldout_perplexity": 1.1 * heldout}
            | {"bits_per_char": np.log2(floor), "heldout_bits_per_char": np.log2(heldout)}
            | {
                "initial_perplexity": 28.1,
                "vocab_size": 28,
                "train_tokens": 9e3,
                "max_grad_norm": 12.0,
                "clipped_share": 0.3,
            }
        )
        last = epochs // 3 if dead else epochs
        for epoch in range(1, last + 1):
            value = floor + (27 - floor) * np.exp(-epoch / 5) + rng.normal(0, 0.05)
            norm = 0.3 * np.exp(rng.normal(0, 0.3)) * (3**epoch if dead else 1)
            measured = epoch % 5 == 0 or epoch == 1
            curves.append(
                run
                | {"epoch": epoch, "perplexity": np.inf if dead and epoch == last else value}
                | {"validation_perplexity": value * 1.1 if measured else np.nan}
                | {"grad_norm": norm, "grad_norm_max": norm * 4, "clipped_share": 0.2}
            )
        for stage, prefix in product(("untrained", "trained"), ("time traveller", "traveller")):
            told = {"num_epochs": epochs, "text": f"{prefix} <b>{stage}"}
            texts.append(run | sizes | told | {"stage": stage, "prefix": prefix})
    return {
        **{"runs": DataFrame(runs), "curves": DataFrame(curves), "texts": DataFrame(texts)},
        **{"speed": _speed(rng, variants, machines, devices)},
        "speedup": _speedup(variants, machines, devices),
        **{"limit": _limit(rng, machines, devices)},
        **{"inference": _inference(rng, variants, machines, devices)},
        **{"breakdown": _breakdown(rng, variants, machines, devices)},
        **_scaling(rng, variants, machines, devices),
        "divergence": _divergence(DataFrame(curves)),
        **{"generation": _generation(rng, variants, machines, corpora, seeds)},
        **_text(rng, corpora),
        **_sine(rng),
        "tasks": _tasks(rng, variants),
        **_memory(rng, variants, machines, corpora),
        **_trials(rng, variants, machines, corpora, devices, diverging, epochs),
        "book": _book(variants, devices, diverging, epochs),
        "literature": _literature(),
        "machines": DataFrame(
            [(m, f, v) for m in machines for f, v in (("cpu", "Xeon"), ("torch", "2.11"))],
            columns=["machine", "field", "value"],
        ),
    }


def _speed(rng, variants, machines, devices):
    rows = []
    for machine, variant, device in product(machines, variants, ("cpu", "cuda")):
        row = {"machine": machine, "variant": variant, "sampler": "random_sampling", "threads": 2}
        row |= {"implementation": presets.named(variant)[1]}
        row |= {"clip_norm": 1.0, "device": device, "dtype": "float32"}
        row |= {"hidden_size": 64, "batch_size": 32, "num_steps": 35}
        if device in devices:
            speed = rng.uniform(2e3, 2e4) * (20 if device == "cuda" else 1)
            row |= {"tokens_per_second": speed, "low": 0.95 * speed, "high": 1.06 * speed}
            row |= {"processes": 20, "status": "steady", "reason": None, "flops_per_token": 4e5}
            share = rng.uniform(0.2, 1.1)
            row |= {"share_of_limit": share, "limit_tokens_per_second": speed / share}
            row |= {
                f"typical_{name}": 0.8 * row[name] for name in ("tokens_per_second", "low", "high")
            }
            row |= {"flops_per_second": 4e5 * speed}
        else:
            row |= {"status": AWAY, "reason": NO_CUDA}
        rows.append(row)
    return DataFrame(rows)


def _speedup(variants, machines, devices):
    """Ratios to the plain layer over hidden and batch sizes."""
    rng, rows = np.random.default_rng(1), []
    beside = [v for v in variants if presets.library(v) in {*variants} - {v}]
    sizes = product(machines, beside, devices, (64, 256), (8, 32))
    for machine, variant, device, hidden_size, batch_size in sizes:
        row = {"machine": machine, "variant": variant, "sampler": "random_sampling", "threads": 1}
        row |= {"clip_norm": 1.0, "device": device, "dtype": "float32", "num_steps": 35}
        row |= {"implementation": presets.own(variant)}
        row |= {"hidden_size": hidden_size, "batch_size": batch_size}
        ratio = rng.uniform(0.5, 2.5)
        ends = {"low": 0.95 * ratio, "high": 1.05 * ratio} if hidden_size > 64 else {}
        ends |= {"minimum": 0.9 * ratio, "maximum": 1.1 * ratio, "n": 6, "work": "training"}
        rows.append(row | {"baseline": presets.library(variant), "ratio": ratio} | ends)
    return DataFrame(rows)


def _timed(variants, machines, devices):
    """The keys of timed work: those that are here and those that are not."""
    for machine, variant, device in product(machines, variants, ("cpu", "cuda")):
        row = {"machine": machine, "variant": variant, "sampler": "random_sampling", "threads": 1}
        row |= {"implementation": presets.named(variant)[1]}
        row |= {"clip_norm": 1.0, "device": device, "dtype": "float32"}
        row |= {"hidden_size": 64, "batch_size": 32, "num_steps": 35}
        here = {"status": "measured", "reason": None}
        yield row | (here if device in devices else {"status": AWAY, "reason": NO_CUDA})


def _limit(rng, machines, devices):
    keys = product(machines, devices, ("square", "recurrence forward", "triad"))
    return DataFrame(
        {"machine": machine, "device": device, "threads": 2, "dtype": "float32", "probe": probe}
        | {"per_second": rng.uniform(1e10, 1e11)}
        for machine, device, probe in keys
    )


def _inference(rng, variants, machines, devices):
    rows = []
    for row, mode in product(_timed(variants, machines, devices), ("generation", "throughput")):
        speed, middle = rng.uniform(1e4, 1e5), rng.uniform(3e-5, 3e-4)
        quantiles = {f"latency_q{q}": middle * (1 + int(q) / 100) for q in ("05", 50, 95, 99)}
        numbers = {"tokens_per_second": speed, "low": 0.9 * speed, "high": 1.1 * speed, "n": 9}
        numbers |= {"processes": 3}
        numbers |= quantiles if mode == "generation" else {}
        rows.append(row | {"mode": mode} | (numbers if row["status"] != AWAY else {}))
    return DataFrame(rows)


def _breakdown(rng, variants, machines, devices):
    rows = []
    for row in _timed(variants, machines, devices):
        if row["status"] == AWAY:
            rows.append(row)
            continue
        shares = rng.dirichlet([1, 2, 20, 4, 2, 2, 5])
        layer = "layer in one operator" if row["variant"] == "lstm" else "recurrence"
        parts = ("minibatch", "input projection", layer, "output layer", "loss", "update")
        for part, share in zip((*parts, "overhead"), shares, strict=True):
            rows.append(row | {"part": part, "share": share, "slowdown": 1.2})
    return DataFrame(rows)


WRITERS = (
    *(("greedy", {}), ("sampling", {"alpha": 1.0}), ("sampling", {"alpha": 4.0})),
    *(("top_k", {"k": 2}), ("beam", {"width": 4}), ("real text", {})),
)


def _generation(rng, variants, machines, corpora, seeds):
    """Texts that grow better and duller from decoder to decoder."""
    keys = product(machines, corpora, variants, seeds, ("untrained", "trained"), WRITERS)
    rows = []
    for machine, corpus, variant, seed, stage, (decoder, setting) in keys:
        row = {"machine": machine, "corpus": corpus, "variant": variant, "device": "cpu"}
        row |= {"sampler": SAMPLERS[0], "clip_norm": 1.0, "seed": seed, "stage": stage}
        row |= {"decoder": decoder, **dict.fromkeys(("alpha", "k", "width"), np.nan), **setting}
        for prefix in ("time traveller", "traveller"):
            bits = rng.uniform(2, 3) + 4 * (stage == "untrained") * (decoder != "real text")
            row |= {"prefix": prefix, "draw": 1, "text": f" <b>{stage} {decoder}"}
            row |= {"judge_bits_per_char": bits, "own_bits_per_char": rng.uniform(1, 2)}
            row |= {"known_word_share": rng.uniform(), "loop_share": rng.uniform()}
            row |= {"distinct_chars_3_share": rng.uniform(), "copied_share": rng.uniform(0, 0.1)}
            row |= {
                "num_chars": 200,
                "judge_independent": True,
                "leaky": variant == "lstm_bidirectional",
            }
            rows.append(dict(row))
    return DataFrame(rows)


SIZES = ((64, 32, 35), (16, 32, 35), (256, 32, 35), (64, 8, 35), (64, 64, 35), (64, 32, 10))


def _scaling(rng, variants, machines, devices):
    """A star of sizes and two corners, and one size with two threads and two processes."""
    rows = []
    points = [(1, 1, sizes) for sizes in (*SIZES, (16, 8, 10), (256, 64, 10))]
    points += [(2, 1, SIZES[0]), (1, 2, SIZES[0])]
    for row in _timed(variants, machines, devices):
        gates = {"gru": 3, "lstm": 4}.get(readers.family(row["variant"]), 1)
        row |= {
            "gates": gates,
            "num_layers": 1,
            "directions": 1,
            "vocab_size": 28,
            "embedding_size": 0,
        }
        if row["status"] == AWAY:
            rows.append(row)
            continue
        for threads, parallel, (hidden, batch, steps) in points:
            seconds = steps * (2e-5 + gates * hidden**2 * batch * 1e-10) * rng.uniform(0.9, 1.1)
            speed = batch * steps / seconds * rng.uniform(1, 1.5) ** (threads - 1)
            row = row | {"hidden_size": hidden, "batch_size": batch, "num_steps": steps}
            row |= {"threads": threads, "parallel": parallel, "tokens_per_second": speed}
            row |= {"model_memory_bytes": 1e4 * hidden * batch, "start_seconds": 2.0}
            rows.append(row)
    table = DataFrame(rows)
    return {"scaling": table, "costs": cost_model.fit(table[table.status != AWAY])}


def _divergence(curves):
    if curves.empty:
        return curves
    totals = {"total_nats": np.log(curves.perplexity), "num_tokens": 1, "vocab_size": 28}
    settings = dict.fromkeys({*divergence.KEYS} - {*curves}, 1) | {"trial": "grid"}
    return divergence.table(curves.assign(**totals, **settings))


def _text(rng, corpora):
    corpus_rows, vocab, ngrams, top, ranks, zipf, models = [], [], [], [], [], [], []
    for corpus in corpora:
        corpus_rows.append((corpus, "made up", "ab" * 32, 178979, 0, 140653, 1.0, "", 3221))
        for token in ("word", "char"):
            vocab.append((corpus, token, 32775, 4580))
            for order in range(1, 6):
                exponent = 1.1 - 0.15 * order
                counts = np.ceil(2000 / np.arange(1, 4000) ** exponent).astype(int)
                values, types = np.unique(counts, return_counts=True)
                ngrams.append((corpus, token, order, counts.sum(), len(counts), int(types[0])))
                key = (corpus, token, order)
                ranks += [(*key, c, t) for c, t in zip(values, types, strict=True)]
                top += [(*key, rank, "null", int(counts[rank])) for rank in range(1, 11)]
                noise = rng.normal(0, 0.01)
                for estimator in ("ols", "rank_mle"):
                    fit = exponent + noise
                    row = estimator, fit, fit - 0.02, fit + 0.02, 3999, "ok"
                    zipf += [(*key, "whole", *row), (*key, "half", *row)]
        for token, smoothing in product(("word", "char"), ("laplace", "kneser_ney")):
            for order, split in product(range(1, 4 if token == "word" else 8), SPLITS):
                bits = 2.2 + 2 / order + rng.uniform(0, 0.2) - (split == "train")
                size = {"vocab_size": 28, "scored_tokens": 17058, "oov_share": 0.0}
                models.append(
                    {"corpus": corpus, "token": token, "order": order, "smoothing": smoothing}
                    | {"split": split, "perplexity": 2**bits, "bits_per_char": bits, **size}
                    | {"train_tokens": 1e4, "same_text": True}
                )
    key = ["corpus", "token", "order"]
    return {
        "ngram_lm": DataFrame(models),
        "corpora": DataFrame(corpus_rows, columns=columns.COLUMNS["corpora"]),
        "vocab": DataFrame(vocab, columns=["corpus", "token", "tokens", "types"]),
        "ngrams": DataFrame(ngrams, columns=[*key, "tokens", "distinct", "hapax"]),
        "top_ngrams": DataFrame(top, columns=[*key, "rank", "ngram", "count"]),
        "rank_frequency": DataFrame(ranks, columns=[*key, "count", "types"]),
        "zipf": DataFrame(
            zipf,
            columns=[*key, "text", "estimator", "exponent", "low", "high", "n_types", "status"],
        ),
    }


def _memory(rng, variants, machines, corpora):
    """Losses that fall with the context, by variant at another pace, and one variant without."""
    rows = []
    for machine, corpus, variant in product(machines, corpora, variants):
        key = {"machine": machine, "corpus": corpus, "variant": variant, "clip_norm": 1.0}
        key |= {"sampler": "sequential_partition", "device": "cpu", "seed": 0, "reason": None}
        if variant == "lstm_bidirectional":
            rows.append(key | {"reason": "reads the tokens that it is to predict"})
            continue
        pace, level = rng.uniform(0.2, 1), rng.uniform(1.5, 2)
        for split, block, context in product(SPLITS, range(8), (1, 2, 4, 8, 16)):
            nats = level + np.exp(-pace * context) + rng.normal(0, 0.02)
            cell = {"split": split, "block": block, "context": context, "num_tokens": 64}
            influence = 64 * np.exp(-pace * context)
            rows.append(key | cell | {"total_nats": 64 * nats, "influence_nats": influence})
    losses = DataFrame(rows)
    if "context" not in losses:
        losses = losses.assign(context=np.nan, split=None)
    return {"memory": half_life.memory(losses), "half_life": half_life.half_life(losses)}


TRIALS = {  # name -> field, values
    **{"capacity": ("hidden_size", (16, 64)), "learning_rate": ("learning_rate", (0.1, 1.0, 10.0))},
    **{"text_length": ("train_tokens", (2e3, 1e4))},
    **{"text_whole": ("train_tokens", (np.inf,)), "words": ("train_tokens", (np.inf,))},
}


def _trials(rng, variants, machines, corpora, devices, diverging, epochs):
    """Trials of the settings, one run of each that is not there."""
    rows = []
    for machine, corpus, variant, trial in product(machines, corpora, variants, TRIALS):
        field, values = TRIALS[trial]
        for value, device in product(values, ("cpu", "cuda")):
            run = {"machine": machine, "trial": trial, "corpus": corpus, "variant": variant}
            run |= {"token": "word" if trial == "words" else "char", "seed": 0, "clip_norm": 1.0}
            run |= {"sampler": "sequential_partition", "device": device, "num_epochs": epochs}
            run |= {"hidden_size": 64, "learning_rate": 1.0, "train_tokens": 1e4} | {field: value}
            run |= {"leaky": variant == "lstm_bidirectional", "batch_size": 32, "num_steps": 35}
            if device not in devices:
                rows.append(run | {"status": AWAY, "reason": NO_CUDA})
                continue
            dead = variant in diverging
            bits, unseen = rng.uniform(1, 3), rng.uniform(2, 4)
            run |= {"status": "diverged" if dead else "unconverged", "reason": None}
            run |= {"perplexity": 2**bits, "heldout_perplexity": np.inf if dead else 2**unseen}
            run |= {"last_heldout_perplexity": 2**unseen}
            run |= {"bits_per_char": bits, "heldout_bits_per_char": unseen}
            run |= {"total_nats": bits * 900, "num_tokens": 900, "heldout_total_nats": unseen * 90}
            run |= {"heldout_num_tokens": 90, "num_chars": 4000, "heldout_oov_share": 0.13}
            run |= {"train_seconds": rng.uniform(1, 9), "epochs_done": epochs, "vocab_size": 28}
            rows.append(run | {"num_parameters": run["hidden_size"] * (run["hidden_size"] + 28)})
    table = DataFrame(rows)
    return {"trials": table, "equal_cost": equal_cost.table(table)}


def _book(variants, devices, diverging, epochs):
    """Runs at the book's setting if they are long, of a seed that is not converged."""
    settings = book.settings().query("variant in @variants")
    own = concat([settings.assign(device=device) for device in devices], ignore_index=True)
    own = own.assign(seed=0, engine="own", status="converged", num_epochs=epochs * 25)
    values = [np.nan if variant in diverging else 1.04 for variant in own.variant]
    return verdicts.table(own.assign(perplexity=values), DataFrame())


def _literature():
    """A model of counts and a run of one seed at published settings, and one that none has."""
    kneser_ney, _, lstm, *_, mingru = literature.published()[:9]
    rows = [
        kneser_ney | {"device": "none", "n": 1, "own": "148.38", "verdict": "inside"},
        lstm | {"device": "cpu", "n": 1, "own": "125.00", "verdict": "outside"},
        mingru | {"n": 0, "verdict": "not comparable", "reason": mingru["hindrance"]},
    ]
    texts = [row["text"]["corpus"] for row in rows]
    return columns.table("literature", rows)[columns.COLUMNS["literature"]].assign(corpus=texts)


def _sine(rng):
    time = np.arange(1, 1001)
    clean = np.sin(0.01 * time)
    modes = [
        ("data", np.nan, time, clean + rng.normal(0, 0.2, 1000)),
        ("clean", np.nan, time, clean),
    ]
    modes.append(("one_step", 1, time[4:], clean[4:] + rng.normal(0, 0.05, 996)))
    multi = 0.3 * np.exp(-(time[604:] - 604) / 60)
    modes.append(("multi_step", np.nan, time[604:], multi))
    modes += [("k_step", k, time[3 + k :], clean[3 + k :] / (1 + k / 20)) for k in (1, 4, 16, 64)]
    predictions = concat(
        DataFrame(
            {"model": "mlp" if k == k or mode == "multi_step" else "", "seed": 0, "time": t}
        ).assign(mode=mode, horizon=k, value=v)
        for mode, k, t, v in modes
    )
    errors = []
    for model, seed in product(
        ("mlp", "direct", "rnn", "zero", "persistence", "lag_mean", "ols_ar", "own"), range(3)
    ):
        row = {"model": model, "seed": seed, "num_lags": 4}
        errors.append(row | {"mode": "one_step", "horizon": 1, "mse": rng.uniform(0.05, 0.08)})
        errors.append(row | {"mode": "multi_step", "horizon": 396, "mse": rng.uniform(0.5, 0.9)})
        for k in (1, 4, 16, 64):
            errors.append(
                row | {"mode": "k_step", "horizon": k, "mse": 0.05 * k ** rng.uniform(0.2, 0.5)}
            )
    settings = [(4, k, 0.2) for k in (1, 4, 16, 64)]
    bands = DataFrame({"model": "mlp", "time": time[604:], "median": multi})
    return {
        "sine": DataFrame(errors),
        "sine_predictions": predictions,
        "sine_bands": bands.assign(low=multi - 0.2, high=multi + 0.2, n=3),
        "sine_floor": DataFrame(
            {"floor": floor, "num_lags": lags, "horizon": k, "noise": noise}
            | {"mse": noise**2 * (1 if floor == "noise" else 1 + k / lags)}
            for floor in ("noise", "best_linear", "best")
            for lags, k, noise in settings
        ),
    }


def _tasks(rng, variants):
    return columns.table(
        "tasks",
        (
            {"task": task, "variant": variant, "length": length, "seed": seed, "baseline": 0.5}
            | {"value": (left := 10 ** rng.uniform(-2, 0)) / 2, "solved": left <= 0.1}
            for task in ("adding", "parity")
            for variant in variants
            if "bidirectional" not in variant
            for length in (20, 200)
            for seed in (1, 2, 3)
        ),
    )


def away(tables):
    """The same study where no run and no timing could be had."""
    return (
        tables
        | {
            name: tables[name].assign(status=AWAY, reason=NO_CUDA, device="cuda")
            for name in ("runs", "trials", "speed", "inference", "breakdown", "scaling")
        }
        | {"generation": away_texts(tables["generation"])}
    )


def away_texts(texts):
    """Runs that could not be had have no decoders."""
    return texts.assign(status=AWAY, reason=NO_CUDA, device="cuda", decoder=np.nan).head(3)


WHOLE = make_tables()
EMPTY = {name: columns.table(name) for name in columns.COLUMNS}
BIGGEST = "two corpora, machines and devices"


class Cases(dict):
    """Studies by name, each made when it is first asked for."""

    def __getitem__(self, name):
        made = super().__getitem__(name)
        if callable(made):
            made = self[name] = made()
        return made


CASES = Cases(
    {
        "whole": WHOLE,
        "empty": EMPTY,
        "no tables": {},
        "one variant": partial(make_tables, ("gru",), diverging=()),
        "only the leaky variant": partial(make_tables, ("lstm_bidirectional",)),
        "a variant of unknown family": partial(make_tables, ("mamba_fast", "gru fused", "gru")),
        "all diverged": lambda: make_tables(FEW, diverging=FEW) | {"curves": EMPTY["curves"]},
        "diverged at once": partial(
            make_tables, FEW, diverging=FEW, epochs=3, clip_norms=(10.0, np.inf)
        ),
        "diverged midway": partial(
            make_tables, FEW, diverging=FEW[:2], clip_norms=(10.0,), epochs=30
        ),
        "nothing available": lambda: away(WHOLE) | {"curves": EMPTY["curves"]},
        BIGGEST: partial(  # of a few variants; many are in the whole
            make_tables,
            (*FEW, "gru", "lstm"),
            clip_norms=(1.0, np.inf),
            corpora=("time_machine", "calibration"),
            machines=(
                "intel-xeon-platinum-8370c-2-cores-16-gib",
                "amd-epyc-9654-nvidia-h100-80gb-hbm3",
            ),
            devices=("cpu", "cuda"),
            epochs=10,
            seeds=(0,),
        ),
    }
)
OF_DIVERGED = {"runs", "curves", "trials", "book"}  # tables that a run that diverges shows in
FOLDER = Path(figures.__file__).parents[1]
READERS = [(kind, name) for kind in ("figures", "claims") for name in names(kind)]
every_figure = pytest.mark.parametrize("name", names("figures"))
OF_RUNS = {
    *(n for n in names("figures") if figures.section(n) not in {"Text", "Sine", "Synthetic tasks"}),
    "samplers",
}
FEW_CASES = {"whole", "empty", BIGGEST}  # of what no run decides
every_figure_and_case = pytest.mark.parametrize(
    ("name", "case"),
    [
        (name, case)
        for name, case in product(names("figures"), CASES)
        if name in OF_RUNS or case in FEW_CASES
    ],
)


def is_another(name, case):
    """Whether a figure is drawn of a case otherwise than of those that it is drawn of anyway."""
    if case in FEW_CASES:
        return True
    if name not in OF_RUNS or case in {"no tables", "one variant", "diverged at once"}:
        return False
    return "diverged" not in case or bool(OF_DIVERGED & {*named("figures", name)})


every_look = pytest.mark.parametrize(
    ("name", "case"), [look for look in product(names("figures"), CASES) if is_another(*look)]
)


def written(tables, folder):
    """The tables as they are after a trip through their files."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return figures.read_tables(folder)


def words(figure):
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


@cache
def said_in(name):
    """All words in a figure of the whole study."""
    return " ".join(text.get_text() for text in words(figures.draw(name, WHOLE)))


@every_look
def test_nothing_of_a_figure_is_cut_off_and_its_tables_and_the_settings_are_left_alone(name, case):
    given, settings = readers.given(CASES[case], named("figures", name)), dict(matplotlib.rcParams)
    before = {table: rows.copy() for table, rows in given.items()}
    figure = figures.draw(name, CASES[case])
    assert dict(matplotlib.rcParams) == settings
    assert all(before[table].equals(given[table]) for table in before)
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height


@every_figure_and_case
def test_a_finding_is_one_sentence(name, case):
    said = figures.finding(name, CASES[case])
    assert said[0].isupper() and said.endswith(".")
    assert not re.search(r"[.!?]\s", said), said


@cache
def another():
    made = make_tables(variants=("gru", "rnn"), corpora=("other",), epochs=15, diverging=("gru",))
    made["sine"]["mse"] *= 1.7
    made["sine_predictions"]["value"] *= np.where(made["sine_predictions"]["mode"] == "data", 2, 1)
    return made


@every_figure
def test_a_finding_changes_with_the_data(name):
    assert figures.finding(name, WHOLE) != figures.finding(name, another())


USERS = """
savefig.bbox: tight
savefig.transparent: True
figure.autolayout: True
font.family: serif
axes.facecolor: pink
axes.xmargin: 0
axes.formatter.use_mathtext: True
xtick.minor.visible: True
lines.linewidth: 6
lines.solid_capstyle: butt
patch.linewidth: 4
image.cmap: gray
"""


@pytest.mark.parametrize("name", names("figures")[::12])
def test_a_figure_is_a_valid_svg_and_a_png_and_no_setting_of_the_users_changes_a_byte(
    name, tmp_path
):
    """By `draw` and `save`, which are the same for all; of one variant, which takes least time."""
    (tmp_path / "matplotlibrc").write_text(USERS)
    for once, settings in (("a", None), ("b", tmp_path / "matplotlibrc")):
        with rc_context(fname=settings):
            figure = figures.draw(name, CASES["one variant"])
            figures.save(figure, tmp_path / f"{once}.svg", tmp_path / f"{once}.png")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.fixture(scope="module")
def from_files(tmp_path_factory):
    return written(WHOLE, tmp_path_factory.mktemp("tables"))


@every_figure
def test_tables_read_from_files_say_the_same_as_tables_in_memory(name, from_files):
    assert figures.finding(name, from_files) == figures.finding(name, WHOLE)


@every_figure
def test_a_finding_never_ranks_the_leaky_variant_although_its_numbers_are_the_best(name):
    tables = WHOLE | {"speed": WHOLE["speed"].copy()}
    fast = tables["speed"].variant == "lstm_bidirectional"
    tables["speed"].loc[fast, ["tokens_per_second", "low", "high"]] = 1e9
    assert "bidirectional" not in figures.finding(name, tables)
    alone = CASES["only the leaky variant"]
    assert "bidirectional" not in figures.finding(name, alone)


@every_figure
def test_the_leaky_variant_is_drawn_in_no_figure_but_that_of_the_book(name):
    assert ("lstm_bidirectional" in said_in(name)) == (name == "book")


def test_what_a_variant_that_sees_the_future_reaches_stretches_no_axis():
    tables = WHOLE | {"runs": WHOLE["runs"].copy()}
    tables["runs"].loc[tables["runs"].leaky, "heldout_perplexity"] = 1.0001
    before, after = (figures.draw("heldout_perplexity", t).axes[0] for t in (WHOLE, tables))
    assert before.get_xlim() == after.get_xlim()


def ranks(*rows):
    """A study of runs with their variant, seed, status and held-out perplexity."""
    runs = DataFrame(rows, columns=["variant", "seed", "status", "heldout_perplexity"])
    keys = {"corpus": "text", "sampler": "s", "clip_norm": 1.0, "device": "cpu", "machine": "m"}
    return {"runs": runs.assign(**keys, leaky=False, reason=None)}


def test_converged_variants_are_ranked_and_others_stand_below_whatever_they_reached():
    tables = ranks(
        *[("gru", seed, "converged", value) for seed, value in ((1, 8.0), (2, 9.0), (3, 8.5))],
        *[("lstm", seed, "converged", 8.7) for seed in (1, 2, 3)],
        *[("rnn", seed, "unconverged", 5.0) for seed in (1, 2, 3)],
    )
    found = ranking.table(tables)
    assert list(found.variant) == ["gru", "lstm", "rnn"]
    assert found[["heldout", "low", "high", "seeds"]].iloc[0].tolist() == [8.5, 8.0, 9.0, 3]
    said = [text.get_text() for text in words(figures.draw("heldout_perplexity", tables))]
    assert {"1. gru", "2. lstm", "rnn (unconverged)", "8.50", "5.00"} <= {*said}
    assert "gru with 8.50 (3 seeds), followed by lstm" in figures.finding(
        "heldout_perplexity", tables
    )


def test_the_setting_of_a_variant_is_chosen_on_the_validation_part_and_never_on_held_out_text():
    tables = ranks(("gru", 1, "converged", 8.0), ("gru", 1, "converged", 9.0))
    runs = tables["runs"].assign(clip_norm=[1.0, 10.0], validation_perplexity=[9.5, 9.0])
    assert ranking.table({"runs": runs}).heldout.tolist() == [9.0]


@pytest.mark.parametrize("same", [True, False])
def test_a_variant_is_held_against_n_grams_of_its_own_text(same):
    models = DataFrame({"corpus": "text", "token": "char", "split": "heldout", "order": [3, 7]})
    models = models.assign(smoothing="kneser_ney", same_text=[same, False])
    models = models.assign(perplexity=[7.1, 4.2], bits_per_char=[2.8, 2.1], train_tokens=[10, 99])
    tables = ranks(("gru", 1, "converged", 8.0)) | {"ngram_lm": models}
    said = figures.finding("heldout_perplexity", tables)
    assert ("does not beat n-grams trained on the same text (7.10)" in said) == same
    assert "4.2" not in said


@every_figure
def test_what_the_machine_cannot_have_is_noted_in_no_figure_but_only_what_failed(name):
    assert NO_CUDA not in said_in(name)


def timed_twofold():
    """Every variant with one thread and two, and one that failed."""
    one = WHOLE["speed"][WHOLE["speed"].device == "cpu"].assign(threads=1)
    two = one.assign(threads=2, **{k: 1.4 * one[k] for k in ("tokens_per_second", "low", "high")})
    failed = one.head(1).assign(variant="rnn_odd", tokens_per_second=np.nan, low=np.nan)
    failed = failed.assign(high=np.nan, status="differs", reason="the gradient differs")
    return WHOLE | {"speed": concat([one, two, failed], ignore_index=True)}


def test_threads_are_told_apart_and_what_was_not_timed_is_said():
    figure = figures.draw("tokens_per_second", timed_twofold())
    said = [text.get_text() for text in words(figure)]
    assert {"1 thread", "2 threads"} <= set(said)
    note = " ".join(" ".join(said).split())
    assert "cpu: the gradient differs - 1 timing" in note
    points = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert len(points) == 2 * 2 * (len(VARIANTS) - 1)  # at its best, and typically
    assert {line.get_marker() for line in points} == {"o", "s"}


def test_a_timing_of_few_samples_is_told_by_its_extremes():

    row = {"tokens_per_second": 1200.0, "low": np.nan, "high": np.nan, "processes": 4}
    (row,) = DataFrame([row | {"minimum": 1000.0, "maximum": 1300.0}]).itertuples()
    said = readers.interval(row)
    assert said == "1,200 tokens/s (no interval, from 1,000 to 1,300, n = 4)"


def test_the_best_share_of_the_limit_is_told_and_may_exceed_1():
    speed = WHOLE["speed"]
    tables = WHOLE | {"speed": speed.assign(limit_tokens_per_second=speed.tokens_per_second / 1.25)}
    assert ", with 125 % of what its matrix products" in figures.finding("peers", tables)


def test_a_speed_without_a_limit_is_not_drawn_against_one():
    tables = WHOLE | {"speed": WHOLE["speed"].assign(limit_tokens_per_second=np.nan)}
    assert "limit" not in figures.finding("peers", tables)


def test_parts_of_a_step_fill_its_bar():
    figure = figures.draw("time_breakdown", WHOLE)
    (ax,) = figure.axes
    widths = {}
    for bar in ax.patches:
        widths[round(bar.get_y(), 3)] = widths.get(round(bar.get_y(), 3), 0) + bar.get_width()
    assert len(widths) == len(VARIANTS) - 1 and np.allclose(list(widths.values()), 1)


def test_variants_look_different_and_always_the_same():
    from rnnbench.report import theme

    work = presets.pairs(presets.timed(), names("implementations"))
    can = [
        w
        for w in work
        if not presets.refusal(
            *(*w, "cuda" if w[1] == "graphed" else "cpu", "float32"),
            work="inference" if w[1] == "onnx" else "training",
        )
    ]
    looks = [theme.look(presets.label(*pair)) for pair in can]
    assert len(set(looks)) == len(can) > 20
    assert theme.look("gru") == theme.look("gru")


def test_what_to_use_is_the_fastest_of_several_with_its_ratio():
    same = {"machine": "m", "sampler": "s", "clip_norm": 1.0, "device": "cpu", "threads": 1}
    same |= {"dtype": "float32", "batch_size": 32, "num_steps": 35, "status": "measured"}
    rows = [
        same
        | {"variant": "gru", "implementation": way, "hidden_size": size, "reason": None}
        | {"tokens_per_second": speed, "low": speed, "high": speed, "limit_tokens_per_second": 9.0}
        for way, size, speed in (
            *(("torch_nn", 64, 1.0), ("fused", 64, 5.0), ("jax", 64, 2.0)),
            *(("torch_nn", 256, 1.0), ("fused", 256, 2.0), ("jax", 256, 3.0)),
        )
    ]
    away = {"tokens_per_second": np.nan, "status": AWAY, "reason": "not installed: pip"}
    use = [rows[0] | {"mode": "generation"}, rows[2] | away | {"implementation": "onnx"}]
    ratios = [
        row | {"work": "training", "ratio": row["tokens_per_second"], "low": 1.5, "high": 5.5}
        for row in rows
        if row["implementation"] != "torch_nn"
    ]
    ratios[-1] |= {"low": np.nan, "high": np.nan}  # one process has no interval
    tables = {"speed": DataFrame(rows), "inference": DataFrame(use), "speedup": DataFrame(ratios)}
    assert figures.finding("peers", tables) == (
        "Training is fastest by fused in 1 of 2 kinds of work, 5 times as fast as torch.nn and by "
        "jax in 1 of 2 kinds of work, 3 times as fast as torch.nn; closest to its limit comes gru "
        "fused on cpu, with 56 % of what its matrix products alone would allow."
    )
    figure = figures.draw("peers", tables)
    words = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert words == ["fused 5 ×, 1.5 to 5.5", "jax 3 ×"]  # of several: one way has no rival
    assert "not installed: pip - 1 timing" in figure.get_supxlabel()


def test_the_rank_frequency_curve_ends_at_the_number_of_distinct_ngrams():

    ranks, counts = readers.curve(DataFrame({"count": [1, 5, 2], "types": [10, 1, 3]}))
    assert list(ranks) == [1, 1, 2, 4, 5, 14]
    assert list(counts) == [5, 5, 2, 2, 1, 1]


def test_the_words_null_and_nan_survive_reading(tmp_path):
    (tmp_path / "top_ngrams.csv").write_text("rank,ngram\n1,null\n2,nan\n3,\n")
    words_read = figures.read_tables(tmp_path)["top_ngrams"].ngram
    assert list(words_read[:2]) == ["null", "nan"] and words_read.isna()[2]


def test_an_unknown_figure_is_answered_with_those_there_are():
    with pytest.raises(
        StudyError, match=r"unknown name 'pie' in figures; there are .*generation, "
    ):
        figures.draw("pie", WHOLE)


@every_figure
def test_a_figure_says_what_it_shows_and_where_it_belongs(name):
    assert len(figures.caption(name, "figures")) > 30
    assert figures.section(name) in report.SECTIONS


def test_a_figure_is_given_the_tables_that_it_names_and_no_other():
    given = readers.given(WHOLE | {"costs": DataFrame()}, ("runs", "none"))
    assert {*given} == {"runs", "none"}
    assert readers.rows(given, "none").empty
    with pytest.raises(LookupError, match="the table curves is read here and not named in TABLES"):
        readers.rows(given, "curves")


@pytest.mark.parametrize(("kind", "name"), READERS)
def test_whatever_reads_tables_names_those_that_its_text_names(kind, name):
    """What the cases of these tests do not reach is read as well, by itself or by what it calls."""
    text = (FOLDER / kind / f"{name}.py").read_text("utf-8")
    called = {*re.findall(r"\breaders\.(\w+)\(tables\)", text)}
    shared = "".join(inspect.getsource(getattr(readers, name)) for name in called)
    read = re.findall(r'rows\(tables, "(\w+)"\)', text + shared)
    assert {*read} <= {*named(kind, name)}
    assert "tables.get(" not in text


@every_figure
def test_a_figure_says_the_same_from_the_tables_that_it_names_alone(name):
    few = {table: WHOLE[table] for table in named("figures", name) if table in WHOLE}
    assert figures.finding(name, few) == figures.finding(name, WHOLE)


def test_a_figure_of_one_size_shows_the_size_that_most_were_timed_at():
    speed = WHOLE["speed"].query("status == 'steady'")
    other = speed[speed.variant == "gru"].assign(hidden_size=512, tokens_per_second=1e9)
    alone = speed[speed.variant == "lstm"].assign(variant="lstm_scratch", hidden_size=512)
    shown = readers.one_size(concat([speed[speed.variant != "lstm_scratch"], other, alone]))
    assert sorted(shown.variant) == sorted(speed.variant)
    assert set(shown.hidden_size[shown.variant != "lstm_scratch"]) == {64}
