"""The report: one HTML page that holds its figures, its tables and its style, and needs no network.

Whatever a model wrote, or a file said, reaches the page as text: every value is escaped.
"""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import yaml
from pandas import DataFrame

import rnnbench
from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE, path_value
from rnnbench.report import claims, overview, page
from rnnbench.tables import readers

# Columns that come first: the page shows six and folds the rest.
FIRST = ["variant", "heldout_perplexity", "sampler", "seed", "status", "train_seconds"]
BOOK = ["variant", "published_median", "own_perplexity", "verdict", "reason", "n"]
SPEED = ["variant", "threads", "tokens_per_second", "ratio", "low", "high", "n", "processes"]
SPEED += ["status"]
ZIPF = ["corpus", "token", "order", "text", "estimator", "exponent", "low", "high"]
NGRAMS = ["corpus", "token", "smoothing", "order", "split", "bits_per_char", "perplexity"]
TASKS = ["task", "variant", "length", "seed", "verdict", "value", "baseline"]
WRITER = ["trial", *readers.RUN, "hidden_size", "num_epochs"]  # whose text it is


def render(
    tables: readers.Tables,
    figures: Iterable[dict[str, str]],
    facts: dict[str, str],
    first: bool = False,
) -> str:
    """Write the page.

    Args:
        figures: per figure its name, svg_path, png_path and finding.
        facts: label -> text, shown under Provenance: versions, configuration, source digest.
        first: whether the study goes on; of what is not there yet the page then says nothing.
    """
    shown = [page.figure(**figure) for figure in figures]
    pictures = [figure for figure in shown if figure["name"] in overview.PICTURES]
    sections = page.sections(SECTIONS, [f for f in shown if f not in pictures], tables)
    asked = () if first else {*SECTIONS} - OPTIONAL
    sections = [s for s in sections if s["figures"] or s["tables"] or s["title"] in asked]
    return page.render(
        Path(__file__).with_name("report.html.j2"),
        "rnnbench: first results" if first else "rnnbench report",
        [*(s["title"] for s in sections), *["Findings"] * (not first), "Provenance"],
        status=overview.status(tables, first),
        first=pictures,
        sentences=overview.sentences(tables, first),
        sections=sections,
        findings=None if first else _findings(tables),
        texts=_texts(tables),
        samples=_samples(tables),
        machines=_machines(tables),
        facts=facts,
    )


def facts(config: Mapping[str, Any], suite: str = "") -> dict[str, str]:
    """What the page says of its making: the releases, by default these, and the configuration."""
    here = f"rnnbench {rnnbench.__version__}, Snakemake {version('snakemake')}"
    return {
        "Suite": suite or here,
        # as a record of a job has it: no part is an alias of another
        "Configuration": yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False),
    }


def _findings(tables: readers.Tables) -> list[tuple[str, list[dict[str, Any]]]]:
    """Title and claims of each topic."""
    judged = readers.rows(tables, "findings").astype(object).fillna("")
    topics = judged.groupby("topic", sort=False) if len(judged) else ()
    return [(claims.title(name), group.to_dict("records")) for name, group in topics]


def _text(tables: readers.Tables) -> list[dict[str, Any]]:
    top = readers.rows(tables, "top_ngrams")
    top = top if top.empty else top[top["rank"] <= 10]
    return [
        page.table("Texts", readers.rows(tables, "corpora")),
        page.table("Vocabularies", readers.rows(tables, "vocab")),
        page.table("n-grams", readers.rows(tables, "ngrams")),
        page.table("Most frequent n-grams", top),
        page.table("Zipf exponents", readers.rows(tables, "zipf"), first=ZIPF),
        page.table("n-gram language models", readers.rows(tables, "ngram_lm"), first=NGRAMS),
        page.table("Floors of texts whose source is known", readers.rows(tables, "floor")),
        page.table("Best n-gram models of those texts", readers.rows(tables, "predictors")),
        page.table("Gates", readers.rows(tables, "gates")),
    ]


def _sine(tables: readers.Tables) -> list[dict[str, Any]]:
    sine = readers.rows(tables, "sine")
    if not sine.empty:
        groups = sine.groupby(["mode", "horizon", "model"], dropna=False, sort=False).mse
        sine = groups.agg(seeds="count", lowest="min", median="median", highest="max").reset_index()
    return [
        page.table("Mean squared errors over seeds", sine),
        page.table(
            "Errors that no forecast can be expected to beat", readers.rows(tables, "sine_floor")
        ),
    ]


def _tasks(tables: readers.Tables) -> list[dict[str, Any]]:
    return [page.table("What each network learned", readers.rows(tables, "tasks"), first=TASKS)]


def _models(tables: readers.Tables) -> list[dict[str, Any]]:
    runs, leaky = readers.rows(tables, "runs"), readers.leaky(tables)
    best = readers.finished(runs)
    if not best.empty:
        best = best.loc[best.groupby(["corpus", "variant"], sort=False).heldout_perplexity.idxmin()]
        best = best.assign(seen=best.variant.isin(leaky))
        best = best.sort_values(["corpus", "seen", "heldout_perplexity"])
    keys = ["corpus", "device", "clip_norm"]
    every = [*readers.RUN, "status", *page.SCORES, "initial_perplexity", "max_grad_norm"]
    every += ["clipped_share", "reason", "record"]
    book = _labelled(readers.rows(tables, "book"), leaky)
    return [
        _recorded("Best run of each variant", best, leaky, [*FIRST, *keys, *page.SCORES, "record"]),
        _recorded("Every run", readers.here(runs), leaky, [*FIRST, *every]),
        page.table("The book's executions and our runs", book, first=BOOK),
        page.table("Published results and ours", readers.rows(tables, "literature")),
        page.table("Time to the best n-gram model", readers.rows(tables, "time_to_target")),
        page.table("Generated text by decoder: means over texts", _scores(tables)),
    ]


def _recorded(title: str, runs: DataFrame, leaky: set[str], columns: list[str]) -> dict[str, Any]:
    """Runs of the grid, each with the address of its record; those that were not made have none."""
    rows = runs.to_dict("records")
    made = ["" if row["status"] == NOT_AVAILABLE else _record(row) for row in rows]
    table = _labelled(runs, leaky)
    return page.table(title, table.assign(record=made), columns, links={"record": made})


def _record(run: Mapping[str, Any]) -> str:
    """Where the record of a run lies, as a page beside the folder of runs names it."""
    parts = (f"{key}={path_value(run[key])}" for key in readers.RUN)
    return "/".join(["runs", *(quote(part, safe="=") for part in parts), "record.json"])


def _divergence(tables: readers.Tables) -> list[dict[str, Any]]:
    runs = readers.rows(tables, "divergence")
    lost = runs if runs.empty else runs[runs.diverged_epoch.notna()]
    columns = ["trial", "corpus", "variant", "sampler", "clip_norm", "learning_rate", "seed"]
    columns += ["diverged_epoch", "epochs_done", "spikes", "max_grad_norm", "clipped_share"]
    title = "Runs that diverged: no better than guessing from this epoch on"
    return [page.table(title, lost, columns)]


def _speed(tables: readers.Tables) -> list[dict[str, Any]]:
    leaky = readers.leaky(tables)
    titles = {
        "speed": "Timings",
        "speedup": "Speedup over the plain torch.nn layer, round by round",
        "noise": "The same work timed twice: b over a",
        "inference": "Writing, one character at a time, and reading in minibatches",
        "probes": "Additional measurements",
    }
    found = {name: _here(readers.rows(tables, name)) for name in titles}
    return [
        *(page.table(titles[k], _labelled(rows, leaky), first=SPEED) for k, rows in found.items()),
        page.table("Conditions of the timings", _downwards(readers.rows(tables, "campaign"))),
    ]


def _here(table: DataFrame) -> DataFrame:
    return readers.here(table) if "status" in table else table


def _downwards(table: DataFrame) -> DataFrame:
    """Columns as rows, for tables of few rows and many facts."""
    if table.empty:
        return table
    return table.astype(str).melt(id_vars="machine", var_name="fact")


def _texts(tables: readers.Tables) -> list[dict[str, str]]:
    """What the best run of each variant and those at the ``book``'s size wrote, also untrained."""
    every = [readers.rows(tables, name) for name in ("runs", "trials")]
    runs, texts = pd.concat([t for t in every if len(t)] or every), readers.rows(tables, "texts")
    if runs.empty or texts.empty:
        return []
    wrote = readers.ranked(runs.merge(texts[WRITER].drop_duplicates()), tables)
    wrote = wrote.assign(lost=wrote.status == DIVERGED, apart=wrote.trial != "grid")
    wrote = wrote.sort_values(["lost", "apart", "heldout_perplexity"])
    size = ["variant", "sampler", "hidden_size", "num_epochs"]
    book = wrote.merge(readers.rows(tables, "book")[size].drop_duplicates())
    best = [
        rows.drop_duplicates(["corpus", "variant"]).assign(book=from_book)
        for rows, from_book in ((book, True), (wrote, False))
    ]
    keys = [*WRITER, "status", "book", "prefix"]
    rows = pd.concat(best)[keys[:-1]].drop_duplicates(WRITER).merge(texts)
    rows = rows.pivot_table("text", keys, "stage", aggfunc="first", dropna=True)
    rows = rows.reindex(columns=["untrained", "trained"]).astype(object).fillna("").reset_index()
    rows["size"] = [
        f"{r.hidden_size:.0f} units, {r.num_epochs:.0f} epochs" for r in rows.itertuples()
    ]
    order = readers.ordered(rows.variant)
    rows = rows.iloc[np.lexsort((rows.hidden_size, rows.variant.map(order.index), rows.corpus))]
    return rows.to_dict("records")


def _samples(tables: readers.Tables) -> list[dict[str, str]]:
    """The first text of every decoder and setting, before and after training, of the first run."""
    texts = readers.texts(tables)
    texts = texts if texts.empty else texts[texts.draw == 1]
    if texts.empty:
        return []
    keys = ["corpus", "variant", "prefix", "decoder", "setting"]
    first = texts.groupby([*keys, "stage"], sort=False).text.first().unstack("stage", fill_value="")
    rows = first.reset_index().drop_duplicates(["decoder", "setting"])
    return rows.reindex(columns=[*keys, "untrained", "trained"]).fillna("").to_dict("records")


def _scores(tables: readers.Tables) -> DataFrame:
    """Means over texts: one row per stage, decoder and setting."""
    texts = readers.texts(tables)
    if texts.empty:
        return texts
    groups = texts.groupby(["corpus", "stage", "decoder", "setting"], sort=False)
    scores = [name for name in texts if name.endswith(("_share", "_bits_per_char"))]
    return groups[scores].mean().assign(texts=groups.size()).reset_index()


def _machines(tables: readers.Tables) -> dict[str, Any]:
    """Fields down, machines across."""
    table = readers.rows(tables, "machines")
    if not table.empty:
        across = table.pivot_table("value", "field", "machine", aggfunc="first", sort=False)
        table = across.reset_index().rename_axis(columns=None)
    return page.table("Machines", table)


def _labelled(table: DataFrame, leaky: set[str]) -> DataFrame:
    if table.empty:
        return table
    return table.assign(
        variant=[f"{name} (leaky)" if name in leaky else name for name in table.variant]
    )


SECTIONS = {
    **{"Language models": _models, "Speed": _speed, "Text": _text, "Sine": _sine},
    "Divergence": _divergence,
    "Synthetic tasks": _tasks,
}
OPTIONAL = {"Synthetic tasks"}  # left out where they are empty
