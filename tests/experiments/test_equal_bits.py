"""Laws of parting: equal arithmetic never parts, and a difference is found where it begins."""

import numpy as np
import pytest
from test_train import RUN, TOKENS, VOCAB_SIZE

from rnnbench.experiments import equal_bits
from rnnbench.experiments.equal_bits import Arm


@pytest.fixture(scope="module")
def found():
    narrow = Arm("default", settings={"ATEN_CPU_CAPABILITY": "default"})
    return equal_bits.study([RUN], TOKENS, VOCAB_SIZE, [Arm("reference"), Arm("again"), narrow])


def test_equal_numerics_ids_have_equal_bits(found):
    table, epochs = found
    same = table[table.same_numerics]
    assert "again" in set(same.arm)
    assert same.equal_weights.all() and (same.largest_difference == 0).all()
    assert (epochs[epochs.arm.isin(same.arm)].relative_difference == 0).all()


def test_every_arm_begins_with_the_same_weights_and_does_the_same_updates(found):
    table, epochs = found
    assert table.equal_initial_weights.all()
    assert table.updates.nunique() == 1
    assert (epochs.groupby("arm").epoch.max() == RUN.num_epochs).all()


def test_a_setting_reaches_the_libraries(found):
    table, _ = found
    assert table.set_index("arm").capability["default"] == "DEFAULT"


def side(losses, digest="a"):
    epochs = [1 + i // 2 for i in range(len(losses))]
    return {"losses": losses, "epochs": epochs} | dict.fromkeys(
        ("initial_weights_sha256", "weights_sha256"), digest
    )


def test_the_first_update_beyond_each_tolerance_is_told():
    base = side([1.0] * 6)
    other = side([1.0, 1 + 1e-7, 1 + 1e-5, 1 + 1e-5, 1.001, np.nan], "b")
    row = equal_bits.compared(base, other)
    assert row["first_update_beyond_1e-06"] == 3
    assert row["first_update_beyond_0.0001"] == 5
    assert row["first_update_beyond_0.01"] == 6  # lost on one side alone
    assert not row["equal_weights"] and row["largest_difference"] == np.inf
    assert equal_bits.compared(base, base)["first_update_beyond_1e-06"] is None


def test_an_epoch_is_the_mean_of_its_updates():
    base, other = side([1.0, 3.0, 2.0, 2.0]), side([1.0, 3.0, 2.0, 3.0])
    first, second = equal_bits.by_epoch(base, other)
    assert (first["reference_nats_per_token"], first["relative_difference"]) == (2, 0)
    assert second["relative_difference"] == pytest.approx(0.5 / 2.5)


def test_what_is_not_here_is_no_arm(monkeypatch):
    monkeypatch.setattr(equal_bits.processor, "flags", lambda: "sse avx2")
    names = [arm.name for arm in equal_bits.arms({"cuda": "none"})]
    assert names == ["reference", "again", "2 threads", "default", "avx2", "portable"]
    assert equal_bits.arms({})[-1].device == "cuda"
