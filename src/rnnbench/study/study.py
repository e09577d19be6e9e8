"""A configuration becomes a checked study: names to modules, grids to one row per job."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from rnnbench.base import parameters, paths, plugins, presets
from rnnbench.base.errors import CorpusError, StudyError
from rnnbench.base.files import digest_of
from rnnbench.base.parameters import NOT_AVAILABLE, SIZES, RunConfig, TimingConfig, path_value
from rnnbench.study import checks, schema
from rnnbench.text.form import TUTORIAL
from rnnbench.training.arithmetic import precision

READS_OTHERS = "its run reads {}s, and those who judge a text read characters"
AXES = {  # field of a run -> its list in the grid
    **{"corpus": "corpora", "variant": "variants", "sampler": "samplers"},
    **{"clip_norm": "clip_norm", "seed": "seeds"},
}
SETTINGS = (  # of a trial's runs, in the order of their address, which is not the configuration's
    *("corpus", "sampler", "clip_norm", "device", "seed", "variant", "token", "batch_size"),
    *("num_steps", "hidden_size", "learning_rate", "train_tokens", "num_epochs"),
    *("validation_share", "heldout_share", "evaluate_every", "patience", "engine"),
    *parameters.DEFAULTS,
)
PROTOCOL = ("processes", "sittings", "twins", "seed")
AT_TIMED_SIZES = ("limit", "inference", "breakdown")  # probes at every size that is timed
ADDITIONS = ("twins",)  # lists of a stage that does its work without them
PASSING_ON = ("base", "sign", "audit")  # how results are compared, checked and handed on
BOOK_PREFIXES = ("time traveller", "traveller")  # what the texts of its models begin with


class Study:
    """A checked configuration and the machine it is to run on.

    Args:
        config: the merged configuration; every key is required, config/config.yaml has them all.
        machine: name of the hardware.
        unavailable: device -> why it cannot be used here; devices that can are absent.
        usable_cores: CPU cores a job may have; ``all`` threads are as many.

    Raises:
        StudyError: the configuration cannot be run; the message lists all that is wrong.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        machine: str,
        unavailable: Mapping[str, str],
        usable_cores: int,
    ):
        self.config: Mapping[str, Any] = paths.expanded(schema.checked(config))
        self.machine = machine
        self.unavailable = dict(unavailable)
        self.usable_cores = usable_cores
        checks.check(self)

    def __getitem__(self, key: str) -> Any:
        return self.config[key]

    def off(self, stage: str) -> bool:
        """Whether a list of what ``stage`` works on is empty, which switches it off."""
        lists = self.config[stage].items()
        return any(value == [] for name, value in lists if name not in ADDITIONS)

    def made(self, stage: str, files: Iterable[str]) -> list[str]:
        """Return the files of a stage that are to be made: none of one that is switched off."""
        return [] if self.off(stage) else list(files)

    def devices(self, stage: str) -> list[str]:
        """Return the devices that ``stage`` (runs or speed) asks for, available or not."""
        asked = self.config[stage]["devices"]
        return ["cpu", "cuda"] if asked == "auto" else list(asked)

    @cached_property
    def runs(self) -> list[dict[str, str]]:
        """Addresses of the training runs that can be done here, as path values."""
        return [p for p in self._run_grid() if p["device"] not in self.unavailable]

    @cached_property
    def trials(self) -> list[dict[str, str]]:
        """Addresses of the training runs outside the grid that can be done here."""
        return [a for a in self._trial_grid() if self.run(a).device not in self.unavailable]

    @cached_property
    def timings(self) -> list[dict[str, str]]:
        """Addresses of the points that can be timed here, as path values."""
        return [p for p in self._timing_grid() if self._why_not("speed", p) is None]

    @cached_property
    def writers(self) -> list[dict[str, str]]:
        """Addresses of the runs that write with every decoder, as path values."""
        return [p for p in self._writer_grid() if self._why_not("generation", p) is None]

    def missing(self, table: str) -> list[dict[str, str]]:
        """Return the rows of ``table`` that were asked for and cannot be had here, with reasons."""
        grids: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
            **{"runs": self._run_grid, "speed": self._timing_grid},
            **{"generation": self._writer_grid, "trials": self._trial_rows},
            "inference": partial(self._probe_grid, "inference"),
        }
        return [
            point | {"status": NOT_AVAILABLE, "reason": reason}
            for point in (grids[table]() if table in grids else ())
            if (reason := self._why_not(table, point)) is not None
        ]

    def run(self, address: Mapping[str, str]) -> RunConfig:
        """Complete the address of a run, inside the grid or outside it, or of a trial.

        What the address leaves open is as in the grid: the first of each of its lists.
        """
        runs, named = self.config["runs"], dict(address)
        named |= parameters.settings(named.pop("settings")) if "settings" in named else {}
        first = {field: runs[axis][0] for field, axis in AXES.items() if runs[axis]}
        first |= {"trial": "grid", "device": self.devices("runs")[0]} | named
        if "variant" not in first:
            raise StudyError("expected a variant, as runs.variants has none to stand in. Name one.")
        return RunConfig.from_strings(self._sizes(first["variant"]) | first)

    def timing(self, address: Mapping[str, str]) -> TimingConfig:
        """Complete the address of a timed point, for its first process."""
        sizes = self._sizes(address["variant"]) | {"corpus": self.timing_corpus, "process": 1}
        sizes["implementation"] = presets.own(address["variant"])
        return TimingConfig.from_strings(sizes | self.config["speed"] | dict(address))

    @property
    def in_turn(self) -> list[dict[str, Any]]:
        """Parameters of what two commits are compared by, as plain values.

        What is timed of the plain cells on one thread of the CPU; where that is nothing, of all.
        """
        found = [self.timing(address) for address in self.timings]
        found = [point for point in found if (point.device, point.threads) == ("cpu", 1)]
        plain = [point for point in found if point.variant in presets.CELLS]
        return [point.as_row() for point in plain or found]

    @property
    def protocol(self) -> dict[str, Any]:
        """The settings of the campaign, as in :class:`rnnbench.timing.points.Protocol`."""
        return {name: self.config["speed"][name] for name in PROTOCOL}

    @property
    def probes(self) -> dict[str, list[dict[str, Any]]]:
        """Kind of work -> parameters of what is measured beside the campaign, as plain values.

        All is measured at the first of each other axis. Scaling on one thread and at the sizes of
        the training runs, use and the parts of a step at all sizes that are timed, and the limit
        at all numbers of threads and types of number as well.
        """
        kinds = ("inference", "breakdown", "scaling", "limit")
        found = {work: list(self._probed(work)) for work in kinds}
        axes = self.config["probes"]["axes"]
        found["neighbours"] = [timing for timing in found["scaling"] if timing.device == "cpu"]
        around = (
            (*parameters.star(middle, axes), *parameters.corners(middle, axes))
            for middle in found["scaling"]
        )
        found["scaling"] = list(dict.fromkeys(itertools.chain(*around)))
        return {work: [timing.as_row() for timing in points] for work, points in found.items()}

    @property
    def threads(self) -> list[int]:
        """Numbers of threads to time with, each once; ``each`` are 1, 2, 4, ... and all cores."""
        most = self.usable_cores
        words = {"all": [most], "each": [*(2**k for k in range(most.bit_length())), most]}
        asked = self.config["speed"]["threads"]
        return list(dict.fromkeys(itertools.chain(*(words.get(n, [n]) for n in asked))))

    def memory_runs(self, corpus: str) -> list[dict[str, str]]:
        """Addresses of the runs whose memory is measured: of each variant all seeds at one setting.

        The sampler is one that carries the state, if there is one, clip_norm is nearest to 1.
        """
        runs = self.config["runs"]
        setting = {
            "sampler": min(runs["samplers"], key="sequential_partition".__ne__),
            "clip_norm": path_value(min(runs["clip_norm"], key=lambda norm: abs(math.log(norm)))),
            "corpus": corpus,
        }
        return [
            address
            for address in self.runs
            if setting.items() <= address.items()
            and address["variant"] in self.config["memory"]["variants"]
            and address["device"] == self.runs[0]["device"]
        ]

    @property
    def timing_corpus(self) -> str:
        """The text whose minibatches are timed: the first that is trained on."""
        return self.config["runs"]["corpora"][0]

    def run_row(self, address: Mapping[str, str]) -> dict[str, Any]:
        """Return the parameters of a run as plain values."""
        return self.run(address).as_row()

    def min_freq(self, address: Mapping[str, str]) -> int:
        """Return how often training has to show a token for a run to know it: of characters, 0."""
        return self.config["vocab"]["min_freq"] if self.run(address).token == "word" else 0

    def filled(self, **patterns: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
        """Return what fills patterns of paths with the parameters of a run, given its address."""

        def fill(address: Mapping[str, str]) -> dict[str, str]:
            row = self.run_row(address)
            return {name: pattern.format(**row) for name, pattern in patterns.items()}

        return fill

    def trial_grid(self, trial: str) -> Iterator[dict[str, str]]:
        """Addresses of the runs of one trial, whatever order the configuration names fields in."""
        asked = self.config["trials"][trial]
        fields = {name: asked[name] for name in SETTINGS if name in asked}
        for values in itertools.product(*fields.values()):
            settings = parameters.settings_path(dict(zip(fields, values, strict=True)))
            yield {"machine": self.machine, "trial": trial, "settings": settings}

    def timing_row(self, address: Mapping[str, str]) -> dict[str, Any]:
        """Return the parameters of a timed point as plain values."""
        return self.timing(address).as_row()

    @property
    def deciding(self) -> dict[str, Any]:
        """The configuration without what decides no result."""
        return {key: value for key, value in self.config.items() if key not in PASSING_ON}

    @property
    def publishable(self) -> dict[str, Any]:
        """The configuration that decides results, without the folders in which files lie."""
        return paths.named(self.deciding)

    @property
    def described(self) -> dict[str, str]:
        """What the study is, for those who read its findings alone: label -> text."""
        runs = self.config["runs"]
        sizes = ("hidden_size", "num_epochs", "batch_size", "num_steps", "train_tokens")
        return {
            "Machine": self.machine,
            "Texts": ", ".join(self.config["corpora"]),
            "Training runs": ", ".join(f"{name} {path_value(runs[name])}" for name in sizes),
            "Seeds": ", ".join(map(str, runs["seeds"])),
        }

    @staticmethod
    def entry(wildcard: str, within: Mapping[str, Any]) -> Callable[[Mapping[str, str]], Any]:
        """Return what gives the value that a wildcard is the key of.

        Snakemake's own ``lookup`` walks through all the values, whose files are as many as runs.
        """
        return lambda address: within[address[wildcard]]

    @staticmethod
    def drawn_from(tables: Sequence[str]) -> Callable[[Mapping[str, str]], list[str]]:
        """Return what gives the files that a figure is drawn from out of all, given its name."""

        def chosen(address: Mapping[str, str]) -> list[str]:
            expected = plugins.tables("figures", address["figure"])
            return [path for path in tables if Path(path).stem in expected]

        return chosen

    def figures_of(self, tables: Sequence[str]) -> list[str]:
        """Return the figures that are drawn from no other tables."""
        return [name for name in self["figures"] if {*plugins.tables("figures", name)} <= {*tables}]

    def gpus(self, address: Mapping[str, str]) -> int:
        """Return how many GPUs a training run needs."""
        return int(self.run(address).device == "cuda")

    @property
    def shown_gpus(self) -> int:
        """How many GPUs a job needs that must see the machine by whose name results are filed."""
        return int("cuda" not in self.unavailable)

    @property
    def known(self) -> list[str]:
        """Names of the texts whose source is known: their modules offer ``chain()``."""
        built_in = (c for c in self.config["corpora"] if c not in self.config["own_texts"])
        return [c for c in built_in if hasattr(plugins.load("corpora", c), "chain")]

    def own_texts(self, address: Mapping[str, str]) -> dict[str, Any]:
        """Return the entry of an own text by its name; empty for other texts.

        Where the address names no text, it is the first that is trained on.
        """
        own = self.config["own_texts"]
        name = address.get("corpus", self.timing_corpus)
        return {name: own[name]} if name in own else {}

    def own_file(self, address: Mapping[str, str]) -> list[str]:
        """Return the files of an own text that are on disk.

        They are no input of Snakemake's, which would take braces in a name for wildcards, and
        refuse a file that is dated ahead of the clock.
        """
        parts = [
            entry.get(part)
            for entry in self.own_texts(address).values()
            for part in ("source", "valid", "test")
        ]
        return [part for part in parts if isinstance(part, str) and Path(part).is_file()]

    def own_content(self, address: Mapping[str, str]) -> list[str]:
        """Return the SHA-256 of each file of an own text, so that an edit of it is noticed.

        What cannot be read has none: the job that reads it says why.
        """
        with suppress(CorpusError):
            return [digest_of(Path(path)) for path in self.own_file(address)]
        return []

    def prefixes(self, address: Mapping[str, str]) -> list[str]:
        """Return what the texts of a run begin with; none for the first words of its text."""
        asked, corpus = self.config["texts"]["prefixes"], self.run(address).corpus
        if asked != "auto":
            return list(asked)
        as_book = corpus not in self.config["own_texts"] and self.cleaning(corpus) == TUTORIAL
        return list(BOOK_PREFIXES) if as_book else []

    def cleaning(self, corpus: str) -> str:
        """Return the name of the cleaning of a text."""
        own = self.config["own_texts"].get(corpus)
        clean = own.get("clean") if own else plugins.constant("corpora", corpus, "clean")
        return clean or TUTORIAL

    @staticmethod
    def literal(value: Any) -> Callable[[Mapping[str, str]], Any]:
        """Return what gives a parameter whose braces are no wildcards."""
        return lambda address: value

    def _sizes(self, variant: str) -> dict[str, Any]:
        runs = self.config["runs"]
        return {**runs, **runs["overrides"].get(variant, {})}

    def _why_not(self, table: str, point: Mapping[str, str]) -> str | None:
        """Why a row of ``table`` cannot be had here; None if it can."""
        if table == "generation" and (token := self.config["runs"]["token"]) != "char":
            return READS_OTHERS.format(token)
        why = self.unavailable.get(point["device"])
        if table in {"speed", "inference"} and why is None:
            variant, way = point["variant"], point["implementation"]
            work = "inference" if table == "inference" else "training"
            return presets.untimed(variant, way, point["device"], point["dtype"], work)
        return why

    def _run_grid(self) -> Iterator[dict[str, str]]:
        runs = self.config["runs"]
        return self._grid(
            corpus=runs["corpora"],
            variant=runs["variants"],
            sampler=runs["samplers"],
            clip_norm=runs["clip_norm"],
            device=self.devices("runs"),
            seed=runs["seeds"],
        )

    def _writer_grid(self) -> Iterator[dict[str, str]]:
        """Runs of the first text, sampler and device that is there, clipped as the book does."""
        runs, there = self.config["runs"], self.devices("runs")
        asked = self.config["generation"]["variants"]
        thresholds = runs["clip_norm"]
        return self._grid(
            corpus=runs["corpora"][:1],
            variant=[name for name in asked if name in runs["variants"]],
            sampler=runs["samplers"][:1],
            clip_norm=[1] if 1 in thresholds else thresholds[:1],
            device=([d for d in there if d not in self.unavailable] or there)[:1],
            seed=runs["seeds"],
        )

    def _trial_grid(self) -> Iterator[dict[str, str]]:
        return itertools.chain(*map(self.trial_grid, self.config["trials"]))

    def _trial_rows(self) -> Iterator[dict[str, Any]]:
        return (self.run(address).as_row() for address in self._trial_grid())

    def _timing_grid(self) -> Iterator[dict[str, str]]:
        speed = self.config["speed"]
        for variant, implementation in presets.pairs(speed["variants"], speed["implementations"]):
            yield from self._grid(
                variant=[variant],
                implementation=[implementation],
                sampler=speed["samplers"],
                clip_norm=speed["clip_norm"],
                device=self.devices("speed"),
                threads=self.threads,
                dtype=speed["dtypes"],
                **self._timed_sizes(variant),
            )

    def _probed(self, work: str) -> Iterator[TimingConfig]:
        """Points at which one kind of work can be measured beside the campaign."""
        table = "inference" if work == "inference" else "speed"
        for point in self._probe_grid(work):
            there = not precision.unavailable(point["device"], point["dtype"])
            if there and self._why_not(table, point) is None:
                yield self.timing(point)

    def _probe_grid(self, work: str) -> Iterator[dict[str, str]]:
        """Addresses of what is asked of one kind of work beside the campaign."""
        speed, first = self.config["speed"], dict[str, Any]()
        first |= {name: speed[f"{name}s"][:1] for name in ("sampler", "dtype")}
        first |= {"clip_norm": speed["clip_norm"][:1], "threads": [1]}
        first["device"] = [d for d in self.devices("speed") if d not in self.unavailable]
        if work == "limit":
            first |= {"threads": self.threads, "dtype": speed["dtypes"]}
        probes = self.config["probes"]
        for name, way in presets.pairs(probes[work], probes["implementations"].get(work, ["own"])):
            sizes = self._timed_sizes(name) if work in AT_TIMED_SIZES else {}
            yield from self._grid(variant=[name], implementation=[way], **first, **sizes)

    def _timed_sizes(self, variant: str) -> dict[str, list[int]]:
        """Sizes to time a variant at: those of its training runs, but for those asked for."""
        own, asked = self._sizes(variant), self.config["speed"]["sizes"]
        return {name: asked.get(name, [own[name]]) for name in SIZES}

    def _grid(self, **axes: list[Any]) -> Iterator[dict[str, str]]:
        for point in itertools.product(*axes.values()):
            yield {"machine": self.machine} | dict(zip(axes, map(path_value, point), strict=True))
