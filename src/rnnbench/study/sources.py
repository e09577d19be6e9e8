"""Which source files decide which results.

Snakemake watches the script of a rule and not the modules it imports. The digest of those is a
parameter of the rule instead: an edit makes the jobs it decides again, taking the edit back makes
nothing. A job starts at the script of its rule and at the plugins it names, which are all that is
listed here; :mod:`rnnbench.base.digests` finds the rest by reading.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from rnnbench.base import plugins
from rnnbench.base.digests import EVERYTHING, Source, Tree
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.study.study import Study

TIMED = "timing/work/speed"  # the module whose work a point of the campaign is
REFERENCES = "training/variants/*_scratch"  # the cells that training steps are held against
# what says whether a point may be timed
ADMITTED = ("timing/work/admission", "training/engines/agreement", REFERENCES)
STARTS: dict[str, tuple[str, ...]] = {  # rule -> what its jobs start at beside the rule's script
    "corpus": ("text/corpora/{corpus}",),
    "ngram_lm": ("text/ngrams/smoothings/{smoothing}",),
    "zipf": ("text/zipf/*",),
    "zipf_bias": ("text/zipf/*",),
    "truth": ("text/corpora/{corpus}",),
    "sine": ("sine/forecasters/*",),
    "lipschitz": ("training/samplers/*",),
    "bptt": ("training/samplers/*",),
    "numerics": ("training/samplers/*",),
    "coverage": ("training/samplers/*",),
    "sentences": ("text/corpora/{timing_corpus}", "training/samplers/*"),
    "detaching": ("training/samplers/*", "machine/identity"),
    "generation": (
        "writing/decoders/*",
        "text/ngrams/smoothings/kneser_ney",
        "training/variants/{variant}",
    ),
    "run": ("writing/decoders/greedy",),
    "machine": ("machine/fingerprint",),
    "campaign": ("machine/fingerprint", TIMED, *ADMITTED, "writing/decoders/greedy"),
    "table": ("tables/gather:{table}",),  # the function of its name, if there is one
    "findings": ("report/claims/*",),
    "figure": ("report/figures/{figure}",),
    "report": ("report/claims/*", "report/figures/*"),
    "publish": (EVERYTHING,),
    "comparison": ("base/plugins",),
    "hardware_figure": ("comparison/figures/{figure}", "base/plugins"),
    "hardware_page": ("comparison/figures/*", "base/plugins"),
    "audit": (EVERYTHING,),
}
SCRIPTS = {"hardware_figure": "figure"}  # else the rule's own name
SMALL_RUNS = ("lipschitz", "bptt", "numerics", "sentences", "detaching")  # rules that train some

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
        return [*(f"timing/work/{work}" for work in probes), *named(timed)]

    def timing(self, timing: TimingConfig) -> str:
        """Digest of the step that is timed, and of the protocol within its process."""
        return self.tree.source([TIMED, *named([timing])])["sha256"]


def script(rule: str) -> str:
    """The start of a rule."""
    return f"scripts/{SCRIPTS.get(rule, rule)}"


def named(points: Iterable[RunConfig | TimingConfig]) -> list[str]:
    """The variants and samplers that points name, each once."""
    kinds = ((f"training/variants/{p.variant}", f"training/samplers/{p.sampler}") for p in points)
    return sorted({name for pair in kinds for name in pair})


def engines(variant: str, device: str) -> list[str]:
    """What may train a variant, what tells who may, and the cell that is held against them.

    The cell of a user's own may be held against any of ours.
    """
    reference = f"{plugins.cell(variant)}_scratch"
    held = (
        f"training/variants/{reference}" if reference in plugins.names("variants") else REFERENCES
    )
    faster = (f"training/variants/{name}" for name in plugins.engines(variant, device))
    return ["base/plugins", "training/engines/agreement", held, *faster]


def _none(_: Wildcards) -> list[str]:
    return []
