"""A training run stopped at any epoch ends with the weights of an undisturbed one, to the bit."""

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny
from test_train import RUN, VOCAB_SIZE, Fuse, every_variant, finish, lasting

from rnnbench.training import checkpoint, initial
from rnnbench.training.progress import start

STOPS = 20
SEVERAL = dataclasses.replace(RUN, num_epochs=STOPS + 1)
INTERVAL = 0.05  # seconds between checkpoints of the run that is killed
KILLED = f"""
import dataclasses, sys, time
import test_train as t
from rnnbench.training import loop
from rnnbench.training.progress import split, start
run = dataclasses.replace(t.RUN, num_epochs=100_000, variant="gru", train_tokens=2000)
texts = split(t.TOKENS.repeat(8), run)
progress = start(run, t.VOCAB_SIZE)
class Told(list):
    def append(self, row):
        super().append(row)
        print(len(self), time.monotonic(), flush=True)
progress.curve = Told()
loop.train(run, texts, progress, t.Path(sys.argv[1]), "d", {INTERVAL})
"""


@every_variant
def test_a_run_stopped_at_any_checkpoint_ends_with_the_same_weights(
    variant: str, tmp_path: Path, request: pytest.FixtureRequest, record_property
) -> None:
    campaign = request.config.getoption("--campaign")
    few = [7] if variant in {"rnn", "gru_scratch"} else []
    stops = range(STOPS) if campaign else few
    if not stops:
        pytest.skip("one of the whole campaign: --campaign")
    run = dataclasses.replace(SEVERAL, variant=variant)
    undisturbed = finish(run, tmp_path / "undisturbed")
    for stop in stops:
        saved = tmp_path / str(stop)
        interrupted = start(run, VOCAB_SIZE)
        interrupted.curve = Fuse(stop)
        with pytest.raises(KeyboardInterrupt):
            finish(run, saved, progress=interrupted)
        resumed = finish(run, saved)
        assert lasting(run, resumed) == lasting(run, undisturbed)
        assert initial.digest(resumed.model) == initial.digest(undisturbed.model)
    record_property("tried", len(stops))


@pytest.mark.cases(few=1, whole=20)
def test_a_killed_run_loses_at_most_the_work_since_its_last_checkpoint(
    tmp_path: Path, case: int
) -> None:
    """One interval, the epoch that was on its way, and the writing of the checkpoint."""
    saved = tmp_path / "checkpoint"
    env = tiny.environment(
        PYTHONPATH=":".join(str(tiny.PROJECT / at) for at in ("src", "tests", "tests/training"))
    )
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(saved)], stdout=subprocess.PIPE, text=True, env=env
    )
    first = [process.stdout.readline() for _ in range(2)]
    time.sleep(tiny.chance("F1 interval", case).uniform(0.5, 2))
    os.kill(process.pid, signal.SIGKILL)
    lines = [*first, *process.communicate()[0].splitlines()]
    told = [line.split() for line in lines if len(line.split()) == 2]
    ends = [float(moment) for _, moment in told]
    kept = len(checkpoint.read_facts(saved)["curve"])
    longest = max(later - earlier for earlier, later in itertools.pairwise(ends))
    lost = ends[-1] - ends[kept - 1]
    print(json.dumps({"epochs": len(ends), "kept": kept, "seconds lost": lost}))
    assert lost <= INTERVAL + 2 * longest


@pytest.mark.cases(few=3, whole=100)
def test_a_checkpoint_with_a_flipped_bit_is_never_taken_up(tmp_path: Path, case: int) -> None:
    random, saved = tiny.chance("F6 checkpoint", case), tmp_path / "checkpoint"
    short = dataclasses.replace(RUN, num_epochs=2)
    finish(short, saved)
    content = bytearray(saved.read_bytes())
    place = random.randrange(len(content))
    content[place] ^= 1 << random.randrange(8)
    saved.write_bytes(content)
    print(f"a bit of byte {place} of {len(content)}")
    fresh = start(short, VOCAB_SIZE)
    before = initial.digest(fresh.model)
    assert not checkpoint.restore(saved, "d", fresh)
    assert (initial.digest(fresh.model), fresh.curve) == (before, [])
