"""Laws of the time until a run passes the best n-gram model."""

import numpy as np
import pytest
from pandas import DataFrame

from rnnbench.tables import columns, targets

RUN = {
    **{"machine": "box", "corpus": "text", "variant": "gru", "sampler": "s", "clip_norm": 1.0},
    **{"device": "cpu", "seed": 1, "token": "char", "status": "converged", "epochs_done": 4},
    **{"heldout_perplexity": 4.0, "train_seconds": 40.0, "heldout_tokens_sha256": "a"},
}
NGRAMS = DataFrame(
    {
        **{"corpus": "text", "token": "char", "smoothing": "kneser_ney", "split": "heldout"},
        **{"order": [5, 7, 9], "perplexity": [6.0, 5.0, 2.0], "same_text": [True, True, False]},
    }
)


def passing(perplexities, ngrams=NGRAMS, validates_on="a"):
    curve = {name: RUN[name] for name in columns.RUN} | {"num_tokens": 100}
    read = {"validation_total_nats": 10 * np.log(perplexities), "validation_num_tokens": 10}
    curves = DataFrame(curve | read | {"epoch": range(1, len(perplexities) + 1)})
    runs = DataFrame([RUN | {"validation_tokens_sha256": validates_on}])
    return targets.table(runs, curves, ngrams)


def test_a_run_passes_the_best_model_of_its_text_at_the_first_epoch_that_is_no_higher():
    row = passing([9, 6, 4.9, 5.1]).iloc[0]
    assert (row.target, row.target_perplexity) == ("kneser_ney of order 7", 5.0)
    assert (row.status, row.epochs, row.epochs_above, row.tokens) == ("passed", 3, 2, 300)
    assert row.train_seconds == 30


def test_a_run_that_never_passes_has_no_tokens_and_no_seconds():
    row = passing([9, 6, 5.2, 5.1]).iloc[0]
    assert (row.status, row.epochs_above) == ("never", 4)
    assert np.isnan(row[["epochs", "tokens", "train_seconds"]].astype(float)).all()


@pytest.mark.parametrize("left_out", [{"ngrams": NGRAMS[:0]}, {"validates_on": "b"}])
def test_what_is_scored_on_another_part_or_not_at_all_is_no_target(left_out):
    found = passing([9, 4], **left_out)
    assert found.empty and list(found.columns) == columns.COLUMNS["time_to_target"]
