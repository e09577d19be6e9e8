"""Laws of the lines beside runs: they are drawn only where they are in the same unit."""

from pandas import DataFrame

from rnnbench.report.claims import NOT_MEASURED, memory
from rnnbench.tables import baselines

MODELS = {
    "corpus": ["text", "text"],
    "token": ["char", "word"],
    "split": "heldout",
    "smoothing": "kneser_ney",
    "order": 3,
    "train_tokens": 1e4,
    "same_text": True,
    "perplexity": [6.0, 90.0],
    "bits_per_char": [2.6, 2.4],
}
FLOOR = {"corpus": ["text"], "floor_perplexity": [3.0], "floor_bits_per_char": [1.6]}


SIZES = [  # of the runs' text, and of all
    row | size
    for row in DataFrame(MODELS).to_dict("records")
    for size in ({"same_text": True, "train_tokens": 9}, {"same_text": False, "train_tokens": 99})
]


def tables(token: str) -> dict[str, DataFrame]:
    runs = {"corpus": ["text"], "variant": ["gru"], "token": [token]}
    return {
        name: DataFrame(of) for name, of in (("runs", runs), ("ngram_lm", SIZES), ("floor", FLOOR))
    }


def test_runs_of_characters_stand_beside_models_of_characters_and_the_floor():
    assert baselines.table(tables("char")).perplexity.tolist() == [6, 6, 3]


def test_perplexities_of_words_stand_beside_no_perplexity_of_characters():
    assert baselines.table(tables("word")).empty


def test_a_distance_in_characters_is_not_measured_in_words():
    rows = {"machine": "here", "corpus": "text", "device": "cpu", "split": "heldout"}
    rows |= {
        "variant": "gru",
        "context": [1, 32],
        "gain_nats": 1.0,
        "low": 0.5,
        "high": 1.5,
        "n": 100,
        "seeds": 3,
    }
    found = {
        token: memory.distance(tables(token) | {"memory": DataFrame(rows)}).verdict
        for token in ("char", "word")
    }
    assert found["word"] == NOT_MEASURED != found["char"]
