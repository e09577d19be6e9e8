"""What a study must be beyond its schema: names that are there, texts that are long enough."""

import itertools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.base import plugins, presets
from rnnbench.base.errors import StudyError
from rnnbench.comparison.published import contract
from rnnbench.study import lengths
from rnnbench.text.origins.own_text import OwnText
from rnnbench.writing import decoders

if TYPE_CHECKING:
    from rnnbench.study.study import Study

PROBED = ("limit", "inference", "breakdown", "scaling")


def check(study: "Study") -> None:
    """Hold a study whose form is right against what there is.

    Raises:
        StudyError: the first thing that cannot be: the key, what was expected, found, what to do.
    """
    for part in (_texts, _names, _runs, _lengths, _sine, _epsilons):
        part(study)


def targets(asked: Iterable[str], there: Mapping[str, Collection[str]]) -> None:
    """Hold the files that are asked for against the names of those that folders will have.

    Raises:
        StudyError: a folder has no file of that name.
    """
    for path in map(Path, asked):
        known = there.get(path.parent.as_posix())
        if known is not None and path.stem not in known:
            raise StudyError(f"{path}: unknown name; {plugins.among(path.stem, known)}")


def _names(study: "Study") -> None:
    runs, speed, sine = study["runs"], study["speed"], study["sine"]
    kinds = {
        "implementations": [
            [way for way in ways if way != presets.OWN]
            for ways in (speed["implementations"], *study["probes"]["implementations"].values())
        ],
        "samplers": [runs["samplers"], speed["samplers"]],
        "smoothings": [study["ngram_lm"]["smoothings"]],
        "zipf": [study["zipf"]["estimators"]],
        "forecasters": [sine["models"]],
        "tasks": [study["tasks"]["kinds"]],
        "figures": [study["figures"]],
    }
    variants = [
        *(runs["variants"], runs["overrides"], speed["variants"], speed["twins"]),
        *(study[stage]["variants"] for stage in ("tasks", "generation", "memory")),
        *(study["probes"][kind] for kind in PROBED),
    ]
    for name in itertools.chain(*variants):
        presets.check(name)
    for kind, lists in kinds.items():
        for name in itertools.chain(*lists):
            plugins.check(kind, name)
    for name in study["figures"]:
        plugins.tables("figures", name)
    for _ in decoders.each(study["generation"]["decoders"]):
        pass  # each is checked as it is named
    contract.check(study["hardware"]["vary"])
    _subset("runs.corpora", runs["corpora"], "corpora", study["corpora"])
    if not study.off("speed"):
        _subset("speed.twins", speed["twins"], "speed.variants", speed["variants"])


def _texts(study: "Study") -> None:
    for name in study["corpora"]:
        if name not in study["own_texts"]:
            plugins.check("corpora", name)
        elif name in plugins.names("corpora"):
            raise StudyError(
                f"own_texts.{name}: expected a name of its own, found that of a built-in corpus. "
                "Choose another name."
            )
    for name, entry in study["own_texts"].items():
        if name in study["corpora"]:
            OwnText.from_config(name, entry).check()


def _subset(key: str, found: Iterable[str], whole: str, there: Iterable[str]) -> None:
    extra = set(found) - set(there)
    if extra:
        raise StudyError(
            f"{key}: expected names out of {whole} ({', '.join(there)}), "
            f"found {', '.join(sorted(extra))}. Add it to {whole} too, or take it out."
        )


def _runs(study: "Study") -> None:
    """Of the grid, of trials, and what stages train by themselves."""
    for key, run in lengths.runs(study):
        presets.check(run.variant)
        plugins.check("samplers", run.sampler)
        plugins.check("optimisers", run.optimiser)
        plugins.check("schedules", run.schedule)
        own = presets.own(run.variant)
        if why := presets.refusal(run.variant, own, run.device, "float32", **run.demands):
            raise StudyError(f"{key}: {run.variant} cannot be trained so: {why}. Change either.")
        _subset(f"{key}.corpus", [run.corpus], "corpora", study["corpora"])


def _lengths(study: "Study") -> None:
    lengths.require(lengths.held(lengths.demands(study), lengths.on_disk(study)))


def _sine(study: "Study") -> None:
    sine = study["sine"]
    if study.off("sine"):
        return
    train, longest = sine["train_points"], max(sine["horizons"])
    expected = train + sine["num_lags"] + longest
    if sine["num_points"] < expected:
        raise StudyError(
            f"sine.num_points: expected at least {expected} (train_points + num_lags + the longest "
            f"horizon), found {sine['num_points']}. Make the series longer or the rest smaller."
        )
    least = max(longest, sine["num_steps"])
    if train < least:
        raise StudyError(
            f"sine.train_points: expected at least {least} (the longest horizon, and num_steps), "
            f"found {train}. Make it larger or those smaller."
        )


def _epsilons(study: "Study") -> None:
    lm = study["ngram_lm"]
    highest = max((order for orders in lm["orders"].values() for order in orders), default=0)
    if lm["epsilons"] != "auto" and len(lm["epsilons"]) < highest:
        raise StudyError(
            f"ngram_lm.epsilons: expected one for each order from 1 to {highest}, found "
            f"{len(lm['epsilons'])}. Add the others, or write auto."
        )
