"""The columns of every table of a study, stated once: the same ones whether it has rows or none.

Readers rely on them, so that what was not measured is a table without rows and never a special
case. ``tests/pipeline`` holds the tables of a whole study against this file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from pandas import DataFrame

from rnnbench.base import parameters
from rnnbench.timing.workload import Architecture

POINT, SIZES, RUN = list(parameters.TIMED), list(parameters.SIZES), list(parameters.GRID)
TIMING = [*POINT, *SIZES]  # the address of a point
MODEL = [field.name for field in fields(Architecture)]
# those that a record need not tell have no column in a table none of whose runs does
RUN_PARAMETERS = [f.name for f in fields(parameters.RunConfig) if f.name not in parameters.DEFAULTS]
TEXT = ["corpus", "token"]
SPREAD = ["low", "high", "n"]
PERPLEXITIES = ["perplexity", "heldout_perplexity"]
VALIDATION = ["validation_total_nats", "validation_num_tokens"]
LAST = ["windows_used", "status", "reason"]

SETTINGS = [
    *("token", "batch_size", "num_steps", "hidden_size", "learning_rate", "train_tokens"),
    *("validation_share", "heldout_share", "evaluate_every", "patience", "engine"),
]
SCORES = [
    *("num_epochs", "status", "best_epoch", "validation_perplexity", "heldout_perplexity"),
    *("last_heldout_perplexity", "perplexity", "median_perplexity"),
    *("bits_per_char", "heldout_bits_per_char", "train_seconds", "best_seconds"),
    *("initial_perplexity",),
    *("max_grad_norm", "clipped_share", "leaky", "reason"),
]
RECORD = [
    *("started", "start_cpu_seconds", "initial_total_nats", "initial_num_tokens"),
    *("initial_weights_sha256", "vocab_size", "num_layers", "num_parameters", "trained_by"),
    *("ran_on", "epochs_done", "total_nats", "num_tokens", "recent_nats_per_token"),
    *VALIDATION,
    *("heldout_total_nats", "last_heldout_total_nats", "heldout_num_tokens"),
    *("train_tokens_sha256", "validation_tokens_sha256"),
    *("heldout_tokens_sha256", "weights_sha256", "source_sha256", "threads", "determinism"),
    *("numerics_id", "torch_version", "numpy_version", "python_version", "ended", "lock_sha256"),
    *("text_sha256", "corpus_sha256", "vocab_sha256", "tokens_sha256"),
    *("num_chars", "spelling_nats", "oov_share"),
    *("heldout_num_chars", "heldout_spelling_nats", "heldout_oov_share"),
]
CURVE = [
    *("epoch", "grad_norm_q05", "grad_norm", "grad_norm_q95", "grad_norm_max", "clipped_share"),
    *("perplexity", "validation_perplexity", "heldout_perplexity", *VALIDATION),
    *("heldout_total_nats", "heldout_num_tokens", "total_nats", "num_tokens"),
]
DISTINCT = [f"distinct_{token}_{n}" for token in ("chars", "words") for n in (1, 2, 3)]


TEXTS = {
    "corpora": [
        *("corpus", "source", "raw_sha256", "raw_bytes", "trimmed_bytes", "letters"),
        *("kept_letter_share", "line_join", "lines"),
    ],
    "vocab": [*TEXT, "tokens", "types", "vocab_size"],
    "ngrams": [*TEXT, "order", "tokens", "distinct", "hapax"],
    "top_ngrams": [*TEXT, "order", "rank", "ngram", "count"],
    "rank_frequency": [*TEXT, "order", "count", "types"],
    "zipf": [
        *(*TEXT, "order", "text", "estimator", "exponent", "low", "high", "n_types", "status"),
        *("shift", "xmin", "ks", "p", "lexicon_size"),
    ],
    "ngram_lm": [
        *(*TEXT, "order", "smoothing", "split", "perplexity", "bits_per_char", "vocab_size"),
        *("scored_tokens", "oov_share", "oov_tokens", "num_chars", "total_nats"),
        *("spelling_nats", "train_tokens", "same_text", "parameters"),
    ],
    "floor": [
        *("corpus", "chars_per_word", "entropy_rate", "heldout_total_nats", "heldout_num_chars"),
        *("floor_perplexity", "floor_bits_per_char"),
        *("heldout_floor_perplexity", "heldout_floor_bits_per_char"),
    ],
    "predictors": [
        *(*TEXT, "order", "nats_per_token", "chars_per_token", "perplexity", "bits_per_char"),
    ],
}
FORECASTS = {
    "sine": ["model", "seed", "num_lags", "horizon", "mode", "mse"],
    "sine_floor": ["floor", "num_lags", "horizon", "noise", "mse"],
    "sine_bands": ["model", "time", "median", *SPREAD],
    "sine_predictions": ["model", "seed", "mode", "horizon", "time", "value"],
}
TASKS = {
    "tasks": [
        *("task", "variant", "length", "seed", "metric", "value", "low", "high", "baseline"),
        *("solved", "verdict", "steps", "train_seconds", "hidden_size", "batch_size"),
        *("learning_rate", "clip_norm", "max_steps", "num_parameters"),
    ],
}
RUNS = {
    "runs": [*RUN, *SCORES, "trial", *SETTINGS, *RECORD],
    "trials": ["trial", *RUN, *SCORES, *SETTINGS, *RECORD],
    "curves": [*RUN, *CURVE],
    "divergence": [
        *(*RUN_PARAMETERS, "epochs_done", "lost", "diverged_epoch", "spikes", "max_grad_norm"),
        *("clipped_share", "perplexity"),
    ],
    "trial_curves": [
        *("machine", "trial", "corpus", "token", "variant", "sampler", "clip_norm", "device"),
        *("seed", "batch_size", "num_steps", "hidden_size", "learning_rate", "num_epochs"),
        *("train_tokens", "validation_share", "heldout_share", "evaluate_every", "patience"),
        *("engine", *CURVE),
    ],
    "texts": ["trial", *RUN, "hidden_size", "num_epochs", "stage", "prefix", "text"],
    "equal_cost": [
        *("machine", "trial", "corpus", "device", "basis", "variant", "hidden_size"),
        *("num_parameters", "product_flops_per_token", "seconds_per_epoch", *PERPLEXITIES),
        "seeds",
    ],
    "book": [
        *("notebook", "output_index", "section", "variant", "sampler", "hidden_size"),
        *("learning_rate", "num_epochs", "corpus", "token", "clip_norm", "batch_size"),
        *("num_steps", "train_tokens", "published_n", "drafts", "published_median"),
        *("published_minimum", "published_maximum", "published_low", "published_high"),
        *("decimals", "device", "n", "own_perplexity", "own_printed", "verdict", "reason"),
        *("conditions", "published_tokens_per_second", "own_tokens_per_second", "own_timed"),
        *("speed_verdict", "speed_reason"),
    ],
    "literature": [
        *("system", "corpus", "part", "metric", "unit", "value", "tolerance", "device", "n", "own"),
        *("best", "verdict", "reason", "source"),
    ],
    "time_to_target": [
        *(*RUN, "target", "target_perplexity", "epochs", "epochs_above", "tokens"),
        *("train_seconds", "status"),
    ],
    "memory": [
        *("machine", "corpus", "sampler", "clip_norm", "device", "split", "variant", "context"),
        *("perplexity", "nats", "gain_nats", "low", "high", "influence_nats", "influence_low"),
        *("influence_high", "n", "seeds", "reason"),
    ],
    "half_life": [
        *("machine", "corpus", "sampler", "clip_norm", "device", "split", "variant", "measure"),
        *("tokens", "low", "high", "baseline", "ratio", "ratio_low", "ratio_high", "n"),
        *("seeds", "reason"),
    ],
    "generation": [
        *(*RUN, "stage", "decoder", "alpha", "k", "width", "prefix", "draw", "judge_perplexity"),
        *("judge_bits_per_char", "own_perplexity", "own_bits_per_char", "known_word_share"),
        *("loop_share", "copied_share", *(f"{name}_share" for name in DISTINCT), "leaky"),
        *("own_nats", "num_chars", "judge_nats", "judge_independent", "num_words"),
        *("known_words", *DISTINCT, "loop_chars", "copied_chars", "text"),
        *("status", "reason"),
    ],
}
READINGS = [  # of the machine, before and after the timings
    *("load_average", "free_memory_gib", "cpu_mhz", "gpu_clock_mhz", "gpu_memory_clock_mhz"),
    *("gpu_celsius", "gpu_watts", "gpu_used_memory_gib", "gpu_throttle_reasons"),
    *("gpu_processes", "gpu_busy_percent"),
]
TIMINGS = {
    "speed": [
        *(*POINT, *SIZES, "tokens_per_second", "low", "high", "typical_tokens_per_second"),
        *("typical_low", "typical_high", "share_of_limit", "status", "reason"),
        *("sittings", "processes", "steps", "processes_sharing_a_core", "corpus"),
        *("tokens_sha256", "vocab_size", "learning_rate", "optimiser", "protocol"),
        *("source_sha256", "usable_cores", "torch_version", "timed_seconds", "warmup_seconds"),
        *("outside_load", "unsteady_processes", "initialisation_seconds", "first_step_seconds"),
        *("load_average", "peak_memory_bytes", "joules_per_million_tokens", "energy_source"),
        *("numerics_id", "gates", "num_layers", "directions", "embedding_size"),
        *("flops_per_token", "bytes_per_token"),
        *("flops_per_second", "limit_tokens_per_second", "roofline_tokens_per_second"),
        *("share_of_roofline", "limit_windows_used"),
    ],
    "speedup": [*POINT, *SIZES, "work", "baseline", "ratio", *SPREAD, "minimum", "maximum"],
    "noise": [*POINT, *SIZES, "ratio", "low", "high", "holds_1", "processes", "sittings"],
    "limit": [
        *("machine", "device", "threads", "dtype", "probe", "rows", "inner", "columns", "unit"),
        *("per_second", *SPREAD, "processes", "windows_used"),
    ],
    "inference": [
        *(*POINT, "mode", "tokens_per_second", *SPREAD, "processes"),
        *("latency_q05", "latency_q50", "latency_q95", "latency_q99"),
        *(*MODEL, "batch_size", "num_steps", *LAST),
    ],
    "breakdown": [
        *(*POINT, *SIZES, "part", "share", *SPREAD, "seconds_per_token", "slowdown", *LAST),
    ],
    "launches": [
        *(*POINT, *SIZES, "launches_per_step", "seconds_per_launch", "step_seconds"),
        *("device_seconds", "device_busy_share", "bound", "n", *LAST),
    ],
    "scaling": [
        *(*POINT, *MODEL, "batch_size", "num_steps", "parallel", "tokens_per_second", *SPREAD),
        *("processes", "start_seconds", "peak_memory_bytes", "model_memory_bytes", *LAST),
    ],
    "costs": [
        *("machine", "variant", "implementation", "device", "threads", "dtype", "gates"),
        "num_layers",
        *("directions", "vocab_size", "embedding_size"),
        *("seconds_per_minibatch", "seconds_per_time_step"),
        *("seconds_per_weight", "seconds_per_flop", "seconds_per_unit", "start_seconds"),
        *("points", "fit_error", "heldout_error", "heldout_worst"),
    ],
    "probes": ["work", *POINT, *SIZES, "status", "reason"],
    "campaign": [
        *("machine", "ran_on", "processes", "sittings", "twins", "seed", "points"),
        *("measured_processes", "spent_seconds", "doubts"),
        *(f"{name}_before" for name in READINGS),
        *("admission_seconds", *(f"{name}_after" for name in READINGS)),
    ],
    "machines": ["machine", "field", "value"],
}
COLUMNS = TEXTS | FORECASTS | TASKS | RUNS | TIMINGS


def table(name: str, rows: Iterable[Mapping[str, Any]] = ()) -> DataFrame:
    """The table ``name`` of these rows; of none, its columns alone."""
    return arranged(name, DataFrame(list(rows)))


def filled(runs: DataFrame) -> DataFrame:
    """Runs with the parameters that none, or only some of their records tell, at their defaults."""
    found = {
        name: runs[name].astype(object).fillna(default).infer_objects() if name in runs else default
        for name, default in parameters.DEFAULTS.items()
    }
    return runs.assign(**found)


def arranged(name: str, table: DataFrame) -> DataFrame:
    """A table with every column that it states, in their order, and any others behind them."""
    stated = COLUMNS.get(name, [])
    return table.reindex(columns=[*stated, *(c for c in table if c not in stated)])
