"""Laws of equal bits: within one numerics id, across processes and resumes; across modes, not."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_train import RUN, TOKENS, VOCAB_SIZE, Fuse, finish, lasting

from rnnbench.base.errors import UserError
from rnnbench.base.files import write_record
from rnnbench.tables import gather
from rnnbench.training import initial, run_record
from rnnbench.training.arithmetic import determinism, numerics
from rnnbench.training.progress import split, start

SOME = ("rnn_scratch", "rnn", "gru", "lstm")
TRAINED = """
import dataclasses, json, sys, torch
torch.set_num_threads(1)
from pathlib import Path
import test_train as t
from rnnbench.training import initial
told = {}
for variant in sys.argv[2:]:
    run = dataclasses.replace(t.RUN, variant=variant, hidden_size=40)
    progress = t.finish(run, Path(sys.argv[1]) / variant)
    told[variant] = t.lasting(run, progress), initial.digest(progress.model)
print(json.dumps(told))
print(torch.backends.cpu.get_cpu_capability())
"""


def trained(folder: Path, mode: str) -> list[str]:
    """What a process of its own makes of some runs: records, curves, weights; its capability."""
    folder.mkdir()
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = determinism.environment(mode) | {"PYTHONPATH": path}
    command = [sys.executable, "-c", TRAINED, str(folder), *SOME]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("mode", determinism.MODES)
def test_two_processes_of_one_numerics_id_agree_in_every_bit(mode, tmp_path):
    first, second = (trained(tmp_path / name, mode) for name in ("first", "second"))
    assert first == second
    assert f'"determinism": "{mode}"' in first[0]
    assert (first[1] == "DEFAULT") >= (mode == "portable")


def test_a_resumed_run_keeps_its_numerics_id_and_every_bit(tmp_path):
    undisturbed, interrupted = finish(RUN, tmp_path / "a"), start(RUN, VOCAB_SIZE)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(RUN, tmp_path / "b", progress=interrupted)
    resumed = finish(RUN, tmp_path / "b")
    assert lasting(RUN, resumed) == lasting(RUN, undisturbed)
    assert initial.digest(resumed.model) == initial.digest(undisturbed.model)
    assert lasting(RUN, resumed)[0]["numerics_id"] == numerics.identify()


def test_a_checkpoint_of_another_arithmetic_is_not_taken_up(monkeypatch):
    progress, texts = start(RUN, VOCAB_SIZE), split(TOKENS, RUN)
    before = run_record.identity(RUN, texts, progress, "source")
    monkeypatch.setattr(numerics, "identify", lambda: "another")
    assert run_record.identity(RUN, texts, progress, "source") != before


def test_the_seconds_of_a_portable_run_are_in_no_table(tmp_path):
    run, texts = RUN, split(TOKENS, RUN)
    record = run_record.record(run, texts, finish(run, tmp_path / "saved"), "source")
    record |= {"num_chars": 1, "heldout_num_chars": 1}
    record |= {"spelling_nats": 0.0, "heldout_spelling_nats": 0.0}
    for seed, mode in enumerate(determinism.MODES):
        told = record | {"determinism": mode, "seed": seed, "train_seconds": 2.5}
        write_record(tmp_path / f"{mode}.json", told)
    paths = [str(tmp_path / f"{mode}.json") for mode in determinism.MODES]
    table = gather.gather("runs", paths, []).set_index("determinism")
    assert table.train_seconds["fast"] == 2.5
    assert table.train_seconds.isna()["portable"]


def test_portable_is_portable_only_with_all_of_its_settings(monkeypatch):
    for name, value in determinism.PORTABLE.items():
        assert determinism.mode() == "fast"
        monkeypatch.setenv(name, value)
    assert determinism.mode() == "portable"
    assert not determinism.PORTABLE.items() <= determinism.environment("fast").items()


def test_an_unknown_mode_is_one_message():
    with pytest.raises(UserError, match="expected fast or portable, found 'quick'"):
        determinism.environment("quick")


def test_another_seed_is_other_bits(tmp_path):
    other = dataclasses.replace(RUN, seed=2)
    seeds = finish(RUN, tmp_path / "a"), finish(other, tmp_path / "b")
    assert initial.digest(seeds[0].model) != initial.digest(seeds[1].model)
