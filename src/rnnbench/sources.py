"""Which source files decide which results.

Snakemake watches the script of a rule and not the modules it imports. The digest of those is a
parameter of the rule instead: an edit makes the jobs it decides again, taking the edit back makes
nothing. Functions take the wildcards of the rule of their name.
"""

import ast
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from rnnbench import names
from rnnbench.jobs import RunConfig

FOLDER = Path(__file__).parent
STEP = ("train.py", "initial.py", "variants/__init__.py", "samplers/__init__.py")
ENGINE = ("engine.py", "names.py", "layouts.py", "agreement.py", "reference.py", "precision.py")
CHOOSING = ("variant", "sampler", "device", "engine")  # fields of a run that choose its files
PROTOCOL = ("speed.py", "load.py", "pace.py", "precision.py", "energy.py")
MACHINE = ("machine.py", "processor.py", "gpus.py", "preflight.py", "fingerprint.py", "energy.py")
PAGE = ("page.py", "page.html.j2", "page.js", "parts.html.j2")
FIGURE_HOUSE = (
    *("__init__", "_curves", "_heat", "_rows", "_samplers", "_sine", "_speed", "_theme"),
    "_trials",
)


class Wildcards(Protocol):
    """The wildcards of a job, or the parameters of a timed point, where there are such."""

    corpus: str
    smoothing: str
    variant: str
    sampler: str
    figure: str


def digest(*files: str) -> str:
    """SHA-256 over the names and bytes of source files, named relative to the package."""
    state = hashlib.sha256()
    for name in files:
        state.update(name.encode() + b"\0" + (FOLDER / name).read_bytes() + b"\0")
    return state.hexdigest()


def corpus(wildcards: Wildcards) -> str:
    """The cleaning, and the file of the text."""
    built_in = wildcards.corpus in names.names("corpora")
    origin = built_on(f"corpora/{wildcards.corpus}.py") if built_in else ["own_text.py"]
    return digest("corpora/__init__.py", "clean.py", *origin)


def ngram_lm(wildcards: Wildcards) -> str:
    """The split, the counting and the smoothing."""
    files = ("ngram_lm.py", "closed_text.py", "context_tree.py", "tokens.py", "vocab.py")
    smoothings = ("smoothings/__init__.py", f"smoothings/{wildcards.smoothing}.py")
    return digest(*files, *smoothings)


def zipf() -> str:
    """Every estimator, and the counting."""
    return digest("ngrams.py", *_all("zipf"))


def zipf_bias() -> str:
    """The drawing of texts, and every estimator."""
    return digest("zipf_bias.py") + zipf()


def sine() -> str:
    """The experiment, and every forecaster."""
    files = sorted(path.name for path in (FOLDER / "forecasters").glob("*.py"))
    house = ("sine.py", "sine_study.py", "stability.py", "floors.py", "initial.py")
    return digest(*house, *(f"forecasters/{name}" for name in files))


def run(point: RunConfig) -> str:
    """All that a training run is made of, and the engines it chooses from if it does."""
    files = [
        *STEP,
        "numerics.py",
        "determinism.py",
        "outcome.py",
        "checkpoint.py",
        "run_text.py",
        "closed_text.py",
        "vocab.py",
    ]
    writing = ("generate/__init__.py", "decoders/__init__.py", "decoders/greedy.py")
    files += [*writing, *_grid(point)]
    if point.engine == "fastest":
        there = names.engines(point.variant, point.device)
        found = {file for name in there for file in built_on(f"variants/{name}.py")}
        files += [*ENGINE, *sorted(found - {*files})]
    return digest(*files)


def run_by(complete: Callable[[Wildcards], RunConfig]) -> Callable[[Wildcards], str]:
    """Return :func:`run` for addresses that ``complete`` completes.

    It reads the files once for all runs that are made of the same ones.
    """

    @cache
    def known(*choice: str) -> str:
        point: Any = SimpleNamespace(**dict(zip(CHOOSING, choice, strict=True)))  # all that is read
        return run(point)

    return lambda address: known(*(getattr(complete(address), field) for field in CHOOSING))


def lipschitz(wildcards: Wildcards) -> str:
    """The updates that are tried, and every training step."""
    return digest("lipschitz.py", "divergence.py", *_small_run(wildcards))


def bptt(wildcards: Wildcards) -> str:
    """The ways back, what is made of their gradients, and every training step."""
    return digest("bptt.py", "truncation.py", *_small_run(wildcards))


def coverage() -> str:
    """The enumeration, and every sampler."""
    return digest("coverage.py", *_samplers())


def numerics() -> str:
    """The arms and their comparison, the id, and the training of every variant."""
    own = ("parting.py", "numerics.py", "determinism.py", "audit/classes.py")
    return digest(*own, *_training())


def sentences() -> str:
    """The cutting and padding, and the training of every variant."""
    return digest("sentences.py", "clean.py", "vocab.py", *_training())


def detaching() -> str:
    """The two ways to carry a state, and the training of every variant."""
    return digest("detaching.py", "machine.py", "vocab.py", *_training())


def generation() -> str:
    """Every decoder, the judge, and what the judge is made of; the weights speak for the rest."""
    own = ("generation.py", "judge.py", "repetition.py", "generate/__init__.py")
    smoothing = ("smoothings/__init__.py", "smoothings/kneser_ney.py")
    return digest(*own, "closed_text.py", "context_tree.py", *smoothing, *_all("decoders"))


def timing(point: Wildcards) -> str:
    """The protocol within a process, and the training step that it times."""
    return digest(*STEP, *PROTOCOL, *_grid(point))


def machine() -> str:
    """All that a fingerprint is read by."""
    return digest(*MACHINE)


def campaign() -> str:
    """The order of the processes, what is made of them, and who did them."""
    house = ("campaign.py", "points.py", "rates.py", "stats.py", "timing.py", "probes.py")
    gate = ("admission.py", "agreement.py", "reference.py", "layouts.py")
    work = ("limit.py", "inference.py", "breakdown.py", "operators.py", "scaling.py", "windows.py")
    return digest(*house, *gate, *work, "neighbours.py", *MACHINE)


def suite() -> str:
    """Every source file of the package, as a bundle names it."""
    kinds = ("*.py", "*.cpp", "*.h", "*.yaml", "*.j2", "*.js", "*.csv")
    files = (path.relative_to(FOLDER).as_posix() for kind in kinds for path in FOLDER.rglob(kind))
    return digest(*sorted(files))


def tables() -> str:
    """All that turns records into tables."""
    timed = ("jobs.py", "points.py", "rates.py", "timings.py", "work.py", "costs.py")
    studies = ("skill.py", "divergence.py", "half_life.py", "equal_cost.py")
    return digest("tables.py", "metrics.py", "stats.py", *studies, *timed, *_book())


def claims() -> str:
    """Every topic, and how figures type the tables and word the numbers."""
    return digest("figures/_rows.py", *_all("claims"))


def figure(wildcards: Wildcards) -> str:
    """The file of the figure, what all share, the cost model and the executions that some draw."""
    return digest(f"figures/{wildcards.figure}.py", "costs.py", "work.py", *_book(), *_house())


def report() -> str:
    """The page, and what it shares with the figures."""
    own = ("report.py", "report.html.j2", "overview.py", "baselines.py", "charts.js")
    borrowed = ("figures/tokens_per_second.py", "figures/zipf.py", "jobs.py")
    return digest(*own, *borrowed, *PAGE, *_all("charts"), *_house()) + claims()


def hardware() -> str:
    """The reading of bundles, the contract, the statistics, and every table of the comparison."""
    house = ("bundle.py", "comparison.py", "stats.py", "rates.py", "metrics.py", "names.py")
    return digest(*house, *_all("hardware"))


def noise() -> str:
    """What is estimated of samples, and which of them count."""
    return digest("statistics/noise_model.py", "rates.py")


def statistics() -> str:
    """The simulation, and the statistics that it tries."""
    kept = ("stats.py", "comparison.py", "rates.py", "load.py", "statistics/reference.csv")
    return digest(*kept, *_all("statistics"))


def hardware_figure(wildcards: Wildcards) -> str:
    """The file of the figure, and what all figures share."""
    own = (f"hardware/figures/{wildcards.figure}.py", "hardware/figures/_machines.py")
    return digest(*own, *_house()) + hardware()


def hardware_page() -> str:
    """The page, its figures, and what the tables are made of."""
    own = ("hardware.html.j2", *PAGE, *_all("hardware/figures"))
    return digest(*own, *_house()) + hardware()


def microbench() -> str:
    """The statistics of the micro-benchmarks, and their figure."""
    house = ("comparison.py", "stats.py", "hardware/figures/_machines.py")
    return digest(*house, *_all("microbench"), *_house())


def crate() -> str:
    """What ties files to jobs, and where jobs are read from."""
    return digest(*_all("crate"), "ledger.py", "bundle.py")


def built_on(file: str) -> list[str]:
    """A source file of a package, and all that it is built on there and in ``native``."""
    found, waiting = set(), [file]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imports(file)
    return sorted(found)


def _imports(file: str) -> list[str]:
    """Files of the same package that a source file imports, and ``native``, which comes whole."""
    if not file.endswith(".py"):
        return []
    package = file.partition("/")[0]
    tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = {s.module for s in statements if s.module}
    modules |= {f"{s.module}.{alias.name}" for s in statements for alias in s.names}
    patterns = [
        f"{package}/{module.removeprefix(f'rnnbench.{package}.')}.py"
        for module in modules
        if f"rnnbench.{package}." in module
    ]
    if "rnnbench.native" in modules:
        patterns += ["native/*.py", "native/*.cpp", "native/*.h"]
    found = (path for pattern in patterns for path in FOLDER.glob(pattern))
    return [path.relative_to(FOLDER).as_posix() for path in found]


def _all(package: str) -> list[str]:
    """Every source file of a package."""
    return sorted(f"{package}/{path.name}" for path in (FOLDER / package).glob("*.py"))


def _grid(wildcards: Wildcards | RunConfig) -> tuple[str, ...]:
    kinds = ("variants", wildcards.variant), ("samplers", wildcards.sampler)
    return tuple(file for kind, name in kinds for file in built_on(f"{kind}/{name}.py"))


def _book() -> list[str]:
    """The book's executions and settings, and how they are held against ours."""
    return sorted(f"book/{path.name}" for path in (FOLDER / "book").glob("*.*"))


def _small_run(wildcards: Wildcards) -> list[str]:
    """What trains one variant with any sampler."""
    return [*STEP, *_samplers(), *built_on(f"variants/{wildcards.variant}.py")]


def _samplers() -> list[str]:
    return [f"samplers/{name}.py" for name in names.names("samplers")]


def _training() -> list[str]:
    files = {file for name in names.names("variants") for file in built_on(f"variants/{name}.py")}
    return [*STEP, "outcome.py", *_samplers(), *sorted(files)]


def _house() -> list[str]:
    return [f"figures/{name}.py" for name in FIGURE_HOUSE]
