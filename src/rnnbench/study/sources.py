"""Which source files decide which results.

Snakemake watches the script of a rule and not the modules it imports. The digest of those is a
parameter of the rule instead: an edit makes the jobs it decides again, taking the edit back makes
nothing. A job starts at the script of its rule and at the plugins it names, which are all that is
listed here; :mod:`rnnbench.base.digests` finds the rest by reading.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from rnnbench.base import presets
from rnnbench.base.digests import EVERYTHING, Source, Tree
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.machine import gpus
from rnnbench.study.study import Study

TIMED = "timing/work/speed"  # the module whose work a point of the campaign is
REFERENCES = "training/cells/*"  # that training steps are held against
# what says whether a point may be timed
ADMITTED = ("timing/work/admission", "training/engines/agreement", REFERENCES)
DESCRIBING = ("machine", "campaign", "probes")  # rules whose results tell of the machine's GPU
STARTS: dict[str, tuple[str, ...]] = {  # rule -> what its jobs start at beside the rule's script
    "corpus": ("text/corpora/{corpus}",),
    "ngram_lm": ("text/ngrams/smoothings/{smoothing}",),
    "zipf": ("text/zipf/*",),
    "truth": ("text/corpora/{corpus}",),
    "sine": ("sine/forecasters/*",),
    "task": ("tasks/kinds/{task}", "training/engines/optimisers/adam"),
    "generation": (
        "writing/decoders/*",
        "text/ngrams/smoothings/kneser_ney",
    ),
    "run": ("writing/decoders/greedy",),
    "machine": ("machine/fingerprint",),
    "campaign": ("machine/fingerprint", TIMED, *ADMITTED),
    "probes": ("machine/fingerprint", TIMED, "writing/decoders/greedy"),
    "table": ("tables/gather:{table}",),  # the function of its name, if there is one
    "findings": ("report/claims/*",),
    "figure": ("report/figures/{figure}",),
    "first_page": ("report/figures/*",),
    "report": ("report/claims/*", "report/figures/*"),
    "publish": (EVERYTHING,),
    "comparison": ("comparison/figures/*", "base/plugins"),
    "audit": (EVERYTHING,),
    "ab": (EVERYTHING,),
}

Wildcards = Mapping[str, str]


class Sources:
    """What the jobs of a study are given as their source.

    Called with the name of a rule, it gives what tells the :class:`~rnnbench.base.digests.Source`
    of a job of it, given its wildcards.

    Args:
        study: whose jobs they are.
        tree: the source.
    """

    def __init__(self, study: Study, tree: Tree):
        self.study, self.tree = study, tree
        self.chosen: dict[str, Callable[[Wildcards], Iterable[str]]] = {
            **{"run": self.of_run, "memory": self.of_memory, "campaign": self.of_campaign},
            "probes": self.of_probes,
            "corpus": lambda address: [f"text/cleanings/{study.cleaning(address['corpus'])}"],
            "generation": lambda address: model(address["variant"]),
            "task": lambda address: model(address["variant"]),
        }

    def __call__(self, rule: str) -> Callable[[Wildcards], Source]:
        return partial(self.of, rule)

    def of(self, rule: str, wildcards: Wildcards) -> Source:
        """The source of one job."""
        facts: dict[str, Any] = {"timing_corpus": self.study.timing_corpus, **wildcards}
        starts = [start.format(**facts) for start in (script(rule), *STARTS.get(rule, ()))]
        chosen = self.chosen[rule](wildcards) if rule in self.chosen else []
        source = self.tree.source([*starts, *chosen])
        versions = {p: version(p) for start in source["starts"] for p in packages(start)}
        if self.sees_gpu(rule, wildcards) and gpus.driver() != gpus.NONE:
            versions["gpu_driver"] = gpus.driver()
        return {**source, "versions": source["versions"] | versions} if versions else source

    def sees_gpu(self, rule: str, address: Wildcards) -> bool:
        """Whether the driver of the GPU is among the versions that decide a job's results."""
        if rule == "run":
            return bool(self.study.gpus(address))
        return rule in DESCRIBING and bool(self.study.shown_gpus)

    def of_run(self, address: Wildcards) -> list[str]:
        """The plugins of a training run, and the engines it chooses from if it does."""
        run = self.study.run(address)
        faster = engines(run.device) if run.engine == "fastest" else []
        return [*named([run]), *faster]

    def of_memory(self, address: Wildcards) -> list[str]:
        """The plugins of the runs whose memory is measured."""
        return named(map(self.study.run, self.study.memory_runs(address["corpus"])))

    def of_campaign(self, _: Wildcards) -> list[str]:
        """The plugins of all that is timed."""
        return named(self.study.timing(address) for address in self.study.timings)

    def of_probes(self, _: Wildcards) -> list[str]:
        """The plugins of all that is probed, and the work that is done of each."""
        probes = self.study.probes
        asked = named(TimingConfig(**row) for rows in probes.values() for row in rows)
        return [*(f"timing/work/{work}" for work in probes), *asked]

    def timing(self, timing: TimingConfig) -> str:
        """Digest of the step that is timed, and of the protocol within its process."""
        return self.tree.source([TIMED, *named([timing])])["sha256"]


def script(rule: str) -> str:
    """The start of a rule."""
    return f"scripts/{rule}"


def named(points: Iterable[RunConfig | TimingConfig]) -> list[str]:
    """The models, implementations, samplers and so on that points name, each once."""
    found: set[str] = set()
    for point in points:
        found |= {*model(point.variant), f"training/samplers/{point.sampler}"}
        found.add(f"training/engines/optimisers/{point.optimiser}")
        if isinstance(point, TimingConfig):
            found.add(implementation(point.implementation))
        else:
            found.add(f"training/engines/schedules/{point.schedule}")
    return sorted(found)


def model(variant: str) -> list[str]:
    """Its line of the presets, its cell, its own implementation, and whose layers that trains."""
    preset = presets.of(variant)
    own = preset.implementation
    files = {implementation(own), implementation(presets.layout(own))}
    line = f"training/cells/presets.csv:{variant}"
    return [line, f"training/cells/{preset.cell}", *sorted(files)]


def implementation(name: str) -> str:
    """The file of an implementation."""
    return f"training/implementations/{name}"


def packages(start: str) -> tuple[str, ...]:
    """Packages that a start needs beyond those that are always installed, if it has them."""
    folder, _, name = start.rpartition("/")
    return presets.packages(name) if folder == "training/implementations" else ()


def engines(device: str) -> list[str]:
    """What may train a run, and what tells who may; the cell that they are held against is its."""
    faster = map(implementation, presets.FASTEST[device])
    return ["base/plugins", "base/presets", "training/engines/agreement", *faster]
