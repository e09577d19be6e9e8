"""The report: one HTML page that holds its figures, its tables and its style, and needs no network.

Whatever a model wrote, or a file said, reaches the page as text: every value is escaped.
"""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench import claims
from rnnbench import figures as drawn
from rnnbench.figures import _curves, _rows, _theme, tokens_per_second

SECTIONS = ("Findings", "Text", "Sine", "Minibatches", "Language models", "Gradients", "Speed")
SHORT = 12  # rows shown at once; longer tables are folded
HEAVY = 2_000_000  # bytes; above it a figure is embedded as PNG
SCORES = ["heldout_perplexity", "heldout_bits_per_char", "perplexity", "train_seconds"]


def render(tables: _rows.Tables, figures: Iterable[dict[str, str]], facts: dict[str, str]) -> str:
    """Write the page.

    Args:
        tables: the tidy tables, as ``rnnbench.figures.read_tables`` gives them.
        figures: per figure its name, svg_path, png_path and finding.
        facts: label -> text, shown under Provenance: versions, configuration, source digest.
    """
    shown = [_figure(**figure) for figure in figures]
    makers = {
        **{"Findings": _findings, "Text": _text, "Sine": _sine, "Language models": _models},
        **{"Minibatches": _minibatches, "Gradients": _gradients, "Speed": _speed},
    }
    more = sorted({figure["section"] for figure in shown} - set(SECTIONS))
    sections = [
        {
            "title": title,
            "figures": [figure for figure in shown if figure["section"] == title],
            "tables": [t for t in makers.get(title, lambda _: [])(tables) if t["rows"]],
        }
        for title in (*SECTIONS, *more)
    ]
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    return page.render(
        coverage=coverage(tables),
        overview=overview(tables),
        sections=sections,
        texts=_texts(tables),
        samples=_samples(tables),
        machines=_machines(tables),
        facts=facts,
    )


def coverage(tables: _rows.Tables) -> str:
    """Which texts the page is about, and whether the one everybody compares with is among them."""
    corpora = list(_rows.rows(tables, "corpora").get("corpus", []))
    noun = "text" if len(corpora) == 1 else "texts"
    said = f"the {noun} {_rows.english(corpora)}." if corpora else "no text."
    there = any(name.startswith("time_machine") for name in corpora)
    return f"This report covers {said}" + ("" if there else " The Time Machine is not in it.")


def overview(tables: _rows.Tables) -> list[tuple[str, list[str]]]:
    """Label and lines of what a reader wants to know first."""
    runs, speed = _rows.rows(tables, "runs"), _rows.rows(tables, "speed")
    machines = pd.concat([t.machine for t in (runs, speed) if "machine" in t] or [Series()])
    corpora = _rows.rows(tables, "corpora").get("corpus", Series())
    return [
        ("Runs", _statuses(runs)),
        ("Machines", list(machines.dropna().unique()) or ["none"]),
        ("Corpora", list(corpora) or ["none"]),
        ("Best held-out perplexity", _best(tables)),
        ("Fastest training", _fastest(tables)),
        ("Missing, and why", _missing(runs, speed)),
        ("Gates", _gates(_rows.rows(tables, "gates"))),
        ("What the tutorial says", _verdicts(_rows.rows(tables, "findings"))),
    ]


def _statuses(runs: DataFrame) -> list[str]:
    if runs.empty:
        return ["none"]
    counts = runs.status.value_counts()
    ran = int((runs.status != _rows.AWAY).sum())
    asked = f"{ran:,} of {_rows.counted(len(runs), 'run')} asked for were made"
    return [asked, *(f"{number:,} {status}" for status, number in counts.items())]


def _gates(gates: DataFrame) -> list[str]:
    if gates.empty:
        return ["not tested: no text whose source is known"]
    counts = (gates.gate + ": " + gates.verdict).value_counts(sort=False)
    return [f"{verdict} - {_rows.counted(number, 'model')}" for verdict, number in counts.items()]


def _verdicts(findings: DataFrame) -> list[str]:
    if findings.empty:
        return ["not judged"]
    counts = findings.verdict.value_counts()
    return [f"{verdict} - {_rows.counted(number, 'claim')}" for verdict, number in counts.items()]


def _best(tables: _rows.Tables) -> list[str]:
    done = _rows.ranked(_rows.finished(_rows.rows(tables, "runs")), tables)
    if done.empty:
        return ["none: no run of a language model finished"]
    best = done.loc[done.groupby("corpus", sort=False).heldout_perplexity.idxmin()]
    return [
        f"{run.corpus}: {_rows.figures3(run.heldout_perplexity)} ({run.variant}, {run.sampler}, "
        f"clip_norm {_rows.figures3(run.clip_norm)}, {run.device}, seed {run.seed}, {run.status})"
        for run in best.itertuples()
    ]


def _fastest(tables: _rows.Tables) -> list[str]:
    done = _rows.ranked(_rows.timed(_rows.rows(tables, "speed")), tables)
    if done.empty:
        return ["none: no timing succeeded"]
    best = done.loc[done.groupby(["machine", "device"], sort=False).tokens_per_second.idxmax()]
    return [
        f"{row.machine}, {row.device}: {row.variant}, {tokens_per_second.interval(row)}"
        for row in best.itertuples()
    ]


def _missing(runs: DataFrame, speed: DataFrame) -> list[str]:
    """Lines such as "cuda: no NVIDIA driver found - 88 runs, 11 timings"."""
    parts = _rows.absent(runs, "run"), _rows.absent(speed, "timing")
    reasons = dict.fromkeys([*parts[0], *parts[1]])
    lines = [f"{why} - {', '.join(part[why] for part in parts if why in part)}" for why in reasons]
    return lines or ["nothing"]


def _figure(name: str, svg_path: str, png_path: str, finding: str) -> dict[str, str]:
    path, kind = Path(svg_path), "svg+xml"
    if path.stat().st_size > HEAVY:
        path, kind = Path(png_path), "png"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return {
        "name": name,
        "section": drawn.section(name),
        "caption": drawn.caption(name),
        "finding": finding,
        "source": f"data:image/{kind};base64,{data}",
    }


def _findings(tables: _rows.Tables) -> list[dict[str, Any]]:
    """One table per topic, all open: this is what people come for."""
    judged = _rows.rows(tables, "findings")
    topics = judged.groupby("topic", sort=False) if len(judged) else ()
    columns = ["claim", "source", "measured", "verdict", "n"]
    return [_table(claims.title(name), group, columns) | {"long": False} for name, group in topics]


def _text(tables: _rows.Tables) -> list[dict[str, Any]]:
    top = _rows.rows(tables, "top_ngrams")
    top = top if top.empty else top[top["rank"] <= 10]
    return [
        _table("Texts", _rows.rows(tables, "corpora")),
        _table("Vocabularies", _rows.rows(tables, "vocab")),
        _table("n-grams", _rows.rows(tables, "ngrams")),
        _table("Most frequent n-grams", top),
        _table("Counting, by the suite and by the book", _rows.rows(tables, "counting")),
        _table("Zipf exponents", _rows.rows(tables, "zipf")),
        _table("n-gram language models", _rows.rows(tables, "ngram_lm")),
        _table("Floors of texts whose source is known", _rows.rows(tables, "floor")),
        _table("Best n-gram predictors of those texts", _rows.rows(tables, "predictors")),
        _table("Gates", _rows.rows(tables, "gates")),
    ]


def _sine(tables: _rows.Tables) -> list[dict[str, Any]]:
    sine = _rows.rows(tables, "sine")
    if not sine.empty:
        groups = sine.groupby(["mode", "horizon", "model"], dropna=False, sort=False).mse
        sine = groups.agg(seeds="count", lowest="min", median="median", highest="max").reset_index()
    return [
        _table("Mean squared errors over seeds", sine),
        _table("Skill against base lines over seeds", _rows.rows(tables, "sine_skill")),
        _table("What no forecast can be expected to beat", _rows.rows(tables, "sine_floor")),
    ]


def _minibatches(tables: _rows.Tables) -> list[dict[str, Any]]:
    titles = {
        "coverage": "How evenly samplers read a text",
        "padding": "Whole units, padded",
        "sentences": "Runs on whole units, and by samplers on the same text",
        "detaching_runs": "Runs with the state detached or not",
    }
    return [_table(title, _rows.rows(tables, name)) for name, title in titles.items()]


def _models(tables: _rows.Tables) -> list[dict[str, Any]]:
    runs, leaky = _rows.rows(tables, "runs"), _rows.leaky(tables)
    best = _rows.finished(runs)
    if not best.empty:
        best = best.loc[best.groupby(["corpus", "variant"], sort=False).heldout_perplexity.idxmin()]
        best = best.assign(seen=best.variant.isin(leaky))
        best = best.sort_values(["corpus", "seen", "heldout_perplexity"])
    keys = ["corpus", "variant", "sampler", "clip_norm", "device", "seed", "status"]
    every = [*_curves.RUN, "status", *SCORES, "initial_perplexity", "max_grad_norm"]
    every += ["clipped_share", "reason"]
    return [
        _table("Best run of each variant", _labelled(best, leaky), [*keys, *SCORES]),
        _table("Generated text by decoder: means over texts", _scores(tables)),
        _table("Every run", _labelled(runs, leaky), every),
    ]


def _gradients(tables: _rows.Tables) -> list[dict[str, Any]]:
    runs = _rows.rows(tables, "divergence")
    lost = runs if runs.empty else runs[runs.diverged_epoch.notna()]
    columns = ["trial", "corpus", "variant", "sampler", "clip_norm", "learning_rate", "seed"]
    columns += ["diverged_epoch", "epochs_done", "spikes", "max_grad_norm", "clipped_share"]
    training, ways = _rows.rows(tables, "bptt_training"), ["variant", "method", "tau", "pi"]
    return [
        _table("Runs that diverged: from this epoch on no better than guessing", lost, columns),
        _table("Trainings with truncated backpropagation", training, [*ways, "seed", *SCORES]),
    ]


def _speed(tables: _rows.Tables) -> list[dict[str, Any]]:
    leaky = _rows.leaky(tables)
    titles = {
        "speed": "Timings",
        "speedup": "Against the plain torch.nn layer, round by round",
        "noise": "The same thing timed twice: b over a",
        "probes": "What was measured beside the timings",
    }
    shown = [_table(title, _labelled(_rows.rows(tables, k), leaky)) for k, title in titles.items()]
    shown.append(_table("How the timings went", _downwards(_rows.rows(tables, "campaign"))))
    return [*shown, _table("What the study cost beside its work", _rows.rows(tables, "overheads"))]


def _downwards(table: DataFrame) -> DataFrame:
    """Columns as rows, for tables of few rows and many facts."""
    if table.empty:
        return table
    return table.astype(str).melt(id_vars="machine", var_name="fact")


def _texts(tables: _rows.Tables) -> list[dict[str, str]]:
    """What the best run of each variant wrote, before and after training."""
    runs, texts = _rows.rows(tables, "runs"), _rows.rows(tables, "texts")
    if runs.empty or texts.empty:
        return []
    leaky = _rows.leaky(tables)
    wrote = runs.merge(texts[_curves.RUN].drop_duplicates())
    best = wrote.sort_values("heldout_perplexity").drop_duplicates(["corpus", "variant"])
    keys = [*_curves.RUN, "status", "prefix"]
    rows = best.merge(texts).pivot_table("text", keys, "stage", aggfunc="first", dropna=True)
    rows = rows.reindex(columns=["untrained", "trained"]).fillna("").reset_index()
    order = _rows.ordered(rows.variant)
    rows = rows.iloc[np.lexsort((rows.variant.map(order.index), rows.corpus))]
    return _labelled(rows, leaky).to_dict("records")


def _samples(tables: _rows.Tables) -> list[dict[str, str]]:
    """The first text of every decoder and setting, before and after training, of the first run."""
    texts = _rows.texts(tables)
    texts = texts if texts.empty else texts[texts.draw == 1]
    if texts.empty:
        return []
    keys = ["corpus", "variant", "prefix", "decoder", "setting"]
    first = texts.groupby([*keys, "stage"], sort=False).text.first().unstack("stage", fill_value="")
    rows = first.reset_index().drop_duplicates(["decoder", "setting"])
    return rows.reindex(columns=[*keys, "untrained", "trained"]).fillna("").to_dict("records")


def _scores(tables: _rows.Tables) -> DataFrame:
    """Means over texts: one row per stage, decoder and setting."""
    texts = _rows.texts(tables)
    if texts.empty:
        return texts
    groups = texts.groupby(["corpus", "stage", "decoder", "setting"], sort=False)
    scores = [name for name in texts if name.endswith(("_share", "_bits_per_char"))]
    return groups[scores].mean().assign(texts=groups.size()).reset_index()


def _machines(tables: _rows.Tables) -> dict[str, Any]:
    """Fields down, machines across."""
    table = _rows.rows(tables, "machines")
    if not table.empty:
        across = table.pivot_table("value", "field", "machine", aggfunc="first", sort=False)
        table = across.reset_index().rename_axis(columns=None)
    return _table("Machines", table)


def _labelled(table: DataFrame, leaky: set[str]) -> DataFrame:
    if table.empty:
        return table
    return table.assign(variant=[_theme.label(name, name in leaky) for name in table.variant])


def _table(title: str, table: DataFrame, columns: list[str] | None = None) -> dict[str, Any]:
    """Cells as the template wants them: text, and whether a column holds numbers."""
    names = [name for name in columns or table.columns if name in table]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in names]
    cells = [_cells(table[name]) for name in names]
    return {
        "title": title,
        "columns": list(zip(names, numeric, strict=True)),
        "rows": list(zip(*cells, strict=True)),
        "long": len(table) > SHORT,
    }


def _cells(column: Series) -> list[str]:
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return ["" if pd.isna(value) else str(value) for value in column]
    finite = column[np.isfinite(column)]
    whole = bool((finite == finite.round()).all()) and column.name not in SCORES
    return ["" if pd.isna(v) else _number(float(v), whole) for v in column]


def _number(value: float, whole: bool) -> str:
    if whole and np.isfinite(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return _rows.figures3(value) if abs(value) >= 1000 else f"{value:.4g}"
