"""Laws that hold on every device, and what keeps CUDA out of processes that must not start it."""

import dataclasses
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timings
import torch
import yaml
from snakemake.utils import update_config
from test_train import RUN
from timings import TIMING, TOKENS, VOCAB_SIZE
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rnnbench.base import presets
from rnnbench.base.plugins import load, names
from rnnbench.machine import gpus, identity
from rnnbench.study.study import Study
from rnnbench.text.vocab import Vocab
from rnnbench.timing import windows
from rnnbench.timing.work import breakdown, inference, limit, scaling, speed
from rnnbench.training import checkpoint, loop
from rnnbench.training.arithmetic import precision
from rnnbench.training.engines import agreement, choice
from rnnbench.training.model import detach
from rnnbench.training.progress import split, start
from rnnbench.training.update import by, step
from rnnbench.writing import memory
from rnnbench.writing import texts as generation
from rnnbench.writing import trained as generate
from rnnbench.writing.judge import Judge
from rnnbench.writing.trained import Trained

PROJECT = Path(__file__).parents[2]
GPU_MACHINE = "intel-xeon-8c-64g-nvidia-h100-80gb-hbm3-abcdef"
CUDA = pytest.param("cuda", marks=pytest.mark.cuda)
every_device = pytest.mark.parametrize("device", ["cpu", CUDA])
cuda_alone = pytest.mark.parametrize("device", [CUDA])
EVERY_MODULE = """
import importlib, pkgutil, torch
def started(*_, **__):
    raise SystemExit("CUDA was asked for")
torch.cuda._lazy_init = torch.cuda.is_available = torch.cuda.device_count = started
torch.cuda.current_device = torch.cuda.get_device_properties = started
torch._C._cuda_init = torch._C._cuda_getDeviceCount = started
import rnnbench
names = [m.name for m in pkgutil.walk_packages(rnnbench.__path__, "rnnbench.")]
others = "__main__", "native.step", "_jax_step"  # the last needs the extra peers
names = [name for name in names if not any(other in name for other in others)]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def on(device: str, variant: str = "rnn", **changes) -> speed.TimingConfig:
    return timings.by(variant, device=device, **changes)


def test_importing_every_module_asks_nothing_of_cuda():
    """A process that has started CUDA cannot be forked, and a study is read where no GPU is."""
    done = subprocess.run([sys.executable, "-c", EVERY_MODULE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 100


def test_work_in_a_forked_process_starts_nothing_in_the_one_it_was_forked_from(tmp_path):
    """The timed work itself, then the memory of its parent."""
    np.save(tmp_path / "ids.npy", TOKENS)
    task = {"work": "speed", "timing": TIMING.as_row(), "ids": str(tmp_path / "ids.npy")}
    task |= {"source": None}
    code = (
        "import sys, json, torch\nfrom rnnbench.timing import processes\n"
        "processes.die_with_parent = lambda: None\n"
        "before = torch.get_num_threads()\n"
        "processes.serve(iter([sys.argv[1]]), sys.stdout)\n"
        "print(torch.cuda.is_initialized(), torch.get_num_threads() == before)"
    )
    text = json.dumps(task | {"vocab_size": VOCAB_SIZE})
    done = subprocess.run(
        [sys.executable, "-c", code, text],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
    )
    answer, said = done.stdout.splitlines()[-2:]
    assert len(json.loads(answer)["rows"]) == 1
    assert said == "False True"  # one thread was for the child alone


class Elsewhere(TorchDispatchMode):
    """Every tensor of every operation is on a device; ``meta`` stands for one that is not here."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        held = [x for x in tree_leaves((args, kwargs, made)) if isinstance(x, torch.Tensor)]
        assert all(tensor.is_meta for tensor in held), f"{operation} asks the host"
        return made


@pytest.mark.parametrize("variant", [*presets.table()])
def test_a_training_step_on_a_device_neither_waits_for_it_nor_copies_from_the_host(variant):
    """A step that did could not be recorded as a graph, and its time would be the host's."""
    model = speed.model(on("meta", variant=variant), VOCAB_SIZE)
    X, state = torch.zeros(5, 4, dtype=torch.int64, device="meta"), None
    with Elsewhere():
        for _ in range(2):
            loss, norm, state = step(model, X, X, detach(state), 1.0, 1.0)
    assert loss.is_meta and norm.is_meta


@every_device
@pytest.mark.parametrize(
    ("variant", "way"),
    [("rnn", "torch_nn"), ("gru_scratch", "loop"), ("lstm", "torch_nn"), ("lstm", "manual")],
)
def test_a_training_step_moves_the_weights_as_on_the_cpu(device, variant, way):
    precision.use("float32")
    rates, found = (0.5, 1.0), []
    for place in ("cpu", device):
        model = speed.model(on(place, variant=variant), VOCAB_SIZE)
        X = torch.arange(20).reshape(5, 4).remainder(VOCAB_SIZE).to(place)
        engine, state = by(way, variant, model), None
        for _ in range(3):
            start = detach(state)
            _, _, state = engine.step(engine.model, X, X.roll(1, 0), start, *rates)
        found.append([p.detach().cpu() for p in model.parameters()])
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)


@every_device
@pytest.mark.parametrize("variant", ["rnn", "gru", "lstm", "lstm_deep", "gru_scratch"])
def test_variants_agree_with_the_scratch_cells(device, variant):
    found = agreement.check(on(device, variant=variant), TOKENS, VOCAB_SIZE)
    assert found.status == agreement.AGREES, found.reason


@every_device
@pytest.mark.parametrize("name", names("samplers"))
def test_minibatches_are_the_same_on_every_device_and_lie_there(device, name):
    text = torch.from_numpy(TOKENS.astype(np.int64))
    found = [
        [*load("samplers", name).minibatches(tokens, 4, 5, np.random.default_rng(1))]
        for tokens in (text, text.to(device))
    ]
    for (X, Y), (other_X, other_Y) in zip(*found, strict=True):
        assert other_X.device.type == other_Y.device.type == device
        assert torch.equal(X, other_X.cpu()) and torch.equal(Y, other_Y.cpu())


@cuda_alone
def test_the_clock_waits_for_the_gpu(device):
    a = torch.rand(4096, 4096, device=device)
    events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]

    def steps():
        while True:
            events[0].record()
            for _ in range(20):
                a @ a
            events[1].record()
            yield 1

    stepping = steps()
    next(stepping)
    seconds = windows.window(device, stepping, 1)["seconds"]
    assert seconds >= events[0].elapsed_time(events[1]) / 1e3


@every_device
def test_the_peak_of_the_memory_holds_the_model(device):
    model = speed.model(on(device, hidden_size=256), VOCAB_SIZE)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    assert windows.peak_memory_bytes(device) >= weights > 2**18


@every_device
def test_what_a_model_needs_is_told_on_its_own_device(device):
    row = scaling.rows(on(device), TOKENS, VOCAB_SIZE)[-1]
    assert row["peak_memory_bytes"] >= row["base_memory_bytes"]


@every_device
def test_the_limit_is_timed(device, monkeypatch):
    monkeypatch.setattr(limit, "SQUARES", {device: (64,)})
    monkeypatch.setattr(limit, "STREAM_NUMBERS", 2**16)
    rows = limit.rows(on(device), TOKENS, VOCAB_SIZE)
    assert {"square", "triad", "copy"} <= {row["probe"] for row in rows}
    assert all(row["seconds"] > 0 for row in rows)


@every_device
@pytest.mark.parametrize("variant", ["gru", "gru_scratch"])
def test_a_step_hands_work_to_its_device_which_is_busy_for_no_longer_than_the_step(device, variant):
    rows = breakdown.rows(on(device, variant=variant), TOKENS, VOCAB_SIZE)
    for row in rows:
        assert row["launches"] > row["num_minibatches"]
        assert 0 < row["device_seconds"] <= row["profiled_seconds"]
        assert 0 <= row["launch_seconds"] <= row["profiled_seconds"]


@cuda_alone
def test_a_recorded_step_is_one_launch_and_some_copies(device):
    recorded, plain = (
        breakdown.rows(on(device, "gru_scratch", implementation=way), TOKENS, VOCAB_SIZE)[-1]
        for way in ("graphed", "loop")
    )
    launches = [row["launches"] / row["num_minibatches"] for row in (recorded, plain)]
    assert launches[0] < launches[1] / 5


@cuda_alone
def test_a_timing_on_the_gpu_tells_who_is_on_it_and_its_clock_under_load(device):
    (row,) = speed.rows(on(device), TOKENS, VOCAB_SIZE)
    assert set(gpus.CONDITIONS) <= set(row)
    assert row["gpu_clock_mhz"] == "unknown" or row["gpu_clock_mhz"] > 0
    for window in inference.rows(on(device), TOKENS, VOCAB_SIZE):
        assert not window["counted"] or set(gpus.CONDITIONS) <= set(window)


@every_device
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_is_used_in_every_type_of_number(device, dtype):
    rows = inference.rows(on(device, dtype=dtype), TOKENS, VOCAB_SIZE)
    assert {row["mode"] for row in rows if row["counted"]} == {"generation", "throughput"}


@every_device
@pytest.mark.parametrize("variant", ["gru", "gru_scratch"])
def test_a_run_is_trained_by_an_engine_saved_and_taken_up_on_its_device(device, variant, tmp_path):
    changes = {"device": device, "variant": variant, "engine": "fastest", "num_epochs": 2}
    run = dataclasses.replace(RUN, **changes)
    texts = split(TOKENS, run)
    progress = start(run, VOCAB_SIZE)
    choice.choose(run, texts, progress)
    loop.train(run, texts, progress, tmp_path / "saved", "a", checkpoint_seconds=0.0)
    again = start(run, VOCAB_SIZE)
    assert checkpoint.restore(tmp_path / "saved", "a", again)
    for mine, expected in zip(again.model.parameters(), progress.model.parameters(), strict=True):
        assert torch.equal(mine, expected) and mine.device.type == device


@every_device
def test_later_stages_read_a_run_wherever_it_was_trained(device, tmp_path):
    """Weights trained on a GPU are read on the CPU, and so are the tokens beside them."""
    run = dataclasses.replace(RUN, device=device, num_epochs=1)
    progress = start(run, VOCAB_SIZE)
    loop.train(run, split(TOKENS, run), progress, tmp_path / "saved", "a")
    vocab = Vocab(tuple("abcdef"), (1,) * VOCAB_SIZE)
    checkpoint.write_weights(
        tmp_path / "weights", progress.model, run.as_row() | {"vocab": vocab.tokens}
    )
    measured = memory.table([tmp_path / "weights"], TOKENS, vocab, [1, 4], 30, 3)
    assert set(measured.device) == {device} and np.isfinite(measured.total_nats).all()
    trained = Trained.read(tmp_path / "weights")
    judge = Judge.of(TOKENS, vocab, Vocab.build(["ab"]), run, 2)
    texts = generation.rows(trained, judge, generation.Task(["ab"], 9, 1, {"greedy": {}}))
    assert {row["num_chars"] for row in texts} == {9}
    written = generate.Writing(vocab, "char", ["ab"], 9).rows("trained", progress.model)
    assert len(written[0]["text"]) == 11


@cuda_alone
def test_the_gpu_that_the_driver_tells_of_is_the_one_that_torch_takes(device):
    told = gpus.facts()
    name, memory = told["gpu"].split(", ")
    assert name == torch.cuda.get_device_name(0) and memory.endswith(" GiB")
    assert set(told.values()).isdisjoint({"none", ""}) and identity.unavailable() == {}
    assert name.lower().split()[-1] in identity.name()


@pytest.mark.parametrize("file", ["config.yaml", "map.yaml", "cuda.yaml", "full.yaml"])
def test_each_study_can_be_made_for_a_machine_with_a_gpu(file):
    study = of_gpu_machine(file)
    devices = {point["device"] for point in study.timings}
    asked = study.devices("speed")
    assert devices == set(asked) and study.shown_gpus == 1  # in the name, whatever is timed


def test_the_study_of_cpu_against_cuda_times_and_explains_every_point_of_the_map():
    study = of_gpu_machine("cuda.yaml")
    axes = ("device", "threads", "dtype", "hidden_size", "batch_size", "num_steps")
    timed = {tuple(str(point[name]) for name in axes) for point in study.timings}
    sizes = study["speed"]["sizes"].values()
    expected = itertools.product(["cpu", "cuda"], [1, 8], study["speed"]["dtypes"], *sizes)
    assert timed == {tuple(map(str, point)) for point in expected}
    probed = {(p["device"], p["hidden_size"], p["num_steps"]) for p in study.probes["breakdown"]}
    assert len(probed) == 2 * 3 * 3
    refused = [p for p in study.probes["limit"] if p["dtype"] == "tf32" and p["device"] == "cpu"]
    assert refused == [] and len(study.probes["limit"]) == 27 * 2 * (2 + 3)


def of_gpu_machine(file: str) -> Study:
    """A study of the configurations, read for a machine that is not this one."""
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((PROJECT / "config" / file).read_text()))
    return Study(config, *identity.asked(GPU_MACHINE))


def test_a_run_on_a_gpu_asks_for_one_and_others_do_not():
    study = of_gpu_machine("config.yaml")
    assert {study.gpus(run) for run in study.runs if run["device"] == "cuda"} == {1}
    assert {study.gpus(run) for run in study.runs if run["device"] == "cpu"} == {0}


SNAKEFILE = """
rule all:
    input:
        expand("{number}.gpu", number=range(3)),

rule gpu:
    output:
        "{number}.gpu",
    resources:
        gpu=1,
    shell:
        "python3 -c 'from time import *; print(time()); sleep(0.3); print(time())' > {output}"
"""


def test_with_the_profile_of_the_project_jobs_on_the_gpu_run_one_at_a_time(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "3", "--directory", str(tmp_path)]
    command += ["--snakefile", str(tmp_path / "Snakefile")]
    command += ["--workflow-profile", str(PROJECT / "profiles/default")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    spans = [(tmp_path / f"{i}.gpu").read_text().split() for i in range(3)]
    ordered = sorted((float(start), float(end)) for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ordered))
