"""Which source files decide which results.

Snakemake watches the script of a rule and not the modules it imports. The digest of those is a
parameter of the rule instead: an edit makes the jobs it decides again, taking the edit back makes
nothing. A job starts at the script of its rule and at the plugins it names, which are all that is
listed here; :mod:`rnnbench.digests` finds the rest by reading.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from rnnbench import names
from rnnbench.digests import EVERYTHING, Source, Tree
from rnnbench.jobs import RunConfig, TimingConfig
from rnnbench.study import Study

TIMED = "speed"  # the module whose work a point of the campaign is
REFERENCES = "variants/*_scratch"  # the cells that training steps are held against
ADMITTED = ("admission", "agreement", REFERENCES)  # what says whether a point may be timed
STARTS: dict[str, tuple[str, ...]] = {  # rule -> what its jobs start at beside the rule's script
    "corpus": ("corpora/{corpus}",),
    "ngram_lm": ("smoothings/{smoothing}",),
    "zipf": ("zipf/*",),
    "zipf_bias": ("zipf/*",),
    "truth": ("corpora/{corpus}",),
    "sine": ("forecasters/*",),
    "lipschitz": ("samplers/*",),
    "bptt": ("samplers/*",),
    "numerics": ("samplers/*",),
    "coverage": ("samplers/*",),
    "sentences": ("corpora/{timing_corpus}", "samplers/*"),
    "detaching": ("samplers/*", "machine"),
    "generation": ("decoders/*", "smoothings/kneser_ney", "variants/{variant}"),
    "run": ("decoders/greedy",),
    "machine": ("fingerprint",),
    "campaign": ("fingerprint", TIMED, *ADMITTED, "decoders/greedy"),
    "table": ("tables:{table}",),  # the function of its name, if there is one
    "findings": ("claims/*",),
    "figure": ("figures/{figure}",),
    "report": ("charts/*", "claims/*", "figures/*"),
    "publish": (EVERYTHING,),
    "comparison": ("names",),
    "hardware_figure": ("hardware/figures/{figure}", "names"),
    "hardware_page": ("hardware/figures/*", "names"),
    "audit": (EVERYTHING,),
}
SCRIPTS = {"hardware_figure": "figure"}  # else the rule's own name
SMALL_RUNS = ("lipschitz", "bptt", "numerics", "sentences", "detaching")  # rules that train some

Wildcards = Mapping[str, str]


class Sources:
    """What the jobs of a study are given as their source.

    Called with the name of a rule, it gives what tells the :class:`~rnnbench.digests.Source` of a
    job of it, given its wildcards.

    Args:
        study: whose jobs they are.
        tree: the source.
    """

    def __init__(self, study: Study, tree: Tree):
        self.study, self.tree = study, tree
        self.chosen: dict[str, Callable[[Wildcards], Iterable[str]]] = {
            **{rule: partial(self.of_small_runs, rule) for rule in SMALL_RUNS},
            **{"run": self.of_run, "memory": self.of_memory, "campaign": self.of_campaign},
        }

    def __call__(self, rule: str) -> Callable[[Wildcards], Source]:
        return partial(self.of, rule)

    def of(self, rule: str, wildcards: Wildcards) -> Source:
        """The source of one job."""
        facts: dict[str, Any] = {"timing_corpus": self.study.timing_corpus, **wildcards}
        starts = [start.format(**facts) for start in (script(rule), *STARTS.get(rule, ()))]
        return self.tree.source([*starts, *self.chosen.get(rule, _none)(wildcards)])

    def of_run(self, address: Wildcards) -> list[str]:
        """The plugins of a training run, and the engines it chooses from if it does."""
        run = self.study.run(address)
        faster = engines(run.variant, run.device) if run.engine == "fastest" else []
        return [*named([run]), *faster]

    def of_small_runs(self, rule: str, address: Wildcards) -> list[str]:
        """The plugins of what a stage trains by itself."""
        return named(RunConfig(**row) for row in self.study.small_runs(rule, address))

    def of_memory(self, address: Wildcards) -> list[str]:
        """The plugins of the runs whose memory is measured."""
        return named(map(self.study.run, self.study.memory_runs(address["corpus"])))

    def of_campaign(self, _: Wildcards) -> list[str]:
        """The plugins of all that is timed, and the work that is done of each."""
        probes = self.study.probes
        timed = [self.study.timing(address) for address in self.study.timings]
        timed += [TimingConfig(**row) for rows in probes.values() for row in rows]
        return [*probes, *named(timed)]

    def timing(self, timing: TimingConfig) -> str:
        """Digest of the step that is timed, and of the protocol within its process."""
        return self.tree.source([TIMED, *named([timing])])["sha256"]


def script(rule: str) -> str:
    """The start of a rule."""
    return f"scripts/{SCRIPTS.get(rule, rule)}"


def named(points: Iterable[RunConfig | TimingConfig]) -> list[str]:
    """The variants and samplers that points name, each once."""
    kinds = ((f"variants/{p.variant}", f"samplers/{p.sampler}") for p in points)
    return sorted({name for pair in kinds for name in pair})


def engines(variant: str, device: str) -> list[str]:
    """What may train a variant, what tells who may, and the cell that is held against them.

    The cell of a user's own may be held against any of ours.
    """
    reference = f"{names.cell(variant)}_scratch"
    held = f"variants/{reference}" if reference in names.names("variants") else REFERENCES
    faster = (f"variants/{name}" for name in names.engines(variant, device))
    return ["names", "agreement", held, *faster]


def _none(_: Wildcards) -> list[str]:
    return []
