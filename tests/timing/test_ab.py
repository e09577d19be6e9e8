"""Laws of two commits in turn: the same work, or no verdict; a slower tree is called so."""

import dataclasses
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from timings import TIMING, VOCAB_SIZE

from rnnbench.base.digests import FOLDER
from rnnbench.base.errors import StudyError
from rnnbench.timing.ab import answer, commits, rounds
from rnnbench.timing.ab.commits import Side
from rnnbench.timing.ab.rounds import OtherResults, Rounds
from rnnbench.timing.processes import Text
from rnnbench.timing.statistics.ratios import ALIKE, EQUAL, FASTER, SLOWER

POINTS = [dataclasses.replace(TIMING, variant=name) for name in ("rnn", "gru")]
LOOP, STEP = "training/loop.py", "loss, grad_norm, state = engine.step("


def git(project, *arguments):
    as_me = ["-c", "user.name=me", "-c", "user.email=me@here", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", project, *as_me, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A clone of the project: its source, committed."""
    project = tmp_path_factory.mktemp("a clone")
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.cpp")  # nothing is to be built
    shutil.copytree(FOLDER, project / "src/rnnbench", ignore=ignored)
    git(project, "init", "--quiet")
    git(project, "add", "src")
    git(project, "commit", "--quiet", "--message", "as it is")
    return project


@pytest.fixture
def project(committed, tmp_path):
    """A copy of it, which a test may edit."""
    return shutil.copytree(committed, tmp_path / "a clone")


def edit(project, file, old, new):
    path = project / "src/rnnbench" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """Times a project's working tree against its last commit, in short turns."""
    monkeypatch.setattr(rounds, "TURN", 1e-4)
    np.save(tmp_path / "ids.npy", (np.arange(300) ** 2 % 7 % 6).astype(np.uint8))

    def run(project, number, points=POINTS):
        with (
            (tmp_path / "log").open("a") as printed,
            commits.checked_out(project, "HEAD", printed) as sides,
        ):
            done = Rounds(points, sides, Text(tmp_path / "ids.npy", VOCAB_SIZE), 1, printed)
            done.run(number)
        return done

    return run


def of_times(*pieces):
    """Rounds of pieces of work whose times are given, base and head of each round."""
    sides = [Side("main 1234567", FOLDER), Side("HEAD 89abcde", FOLDER)]
    done = Rounds(POINTS[: len(pieces)], sides, Text(FOLDER, VOCAB_SIZE), 1, sys.stderr)
    done.times = [dict(zip(POINTS, times, strict=False)) for times in zip(*pieces, strict=True)]
    return done


def test_a_slower_tree_is_found(project, timed, monkeypatch):
    monkeypatch.setattr(answer, "FEWEST", 3)
    edit(project, LOOP, STEP, f"sum(range(200_000)); {STEP}")
    found = answer.table(timed(project, 3))
    assert (found.verdict == SLOWER).all() and (found.ratio < 0.7).all()
    assert found["head"].str.endswith(" with edits").all()
    assert (found.base_tokens_per_second > found.head_tokens_per_second)[1:].all()


def test_a_tree_that_trains_otherwise_or_not_at_all_is_not_judged(project, timed):
    edit(
        project,
        LOOP,
        "rate = run.learning_rate",
        "rate = 1.001 * run.learning_rate",
    )
    edit(project, "training/cells/presets.csv", "\nrnn,", "\nrnn_of_old,")
    done = timed(project, 20)
    found = answer.table(done)
    assert len(done.times) == 1 and found.ratio.isna().all()
    why = found.set_index("variant").reason
    assert "HEAD" in why.rnn and "unknown name 'rnn'" in why.rnn
    assert "off by" in why.gru and "allowed 1e-05" in why.gru
    assert answer.lines(found)[0].endswith(f"could not be compared with {found.base[0]}")


def test_losses_and_weights_may_differ_by_rounding_and_no_more():
    base = np.array([3.0, -0.5, 0.25])
    rounds.require_same(base, base + 2e-5, allowed=1e-5)
    for other in (base + 4e-5, base * np.nan, base[:2]):
        with pytest.raises(OtherResults):
            rounds.require_same(base, other, allowed=1e-5)


def test_the_interval_is_student_s_over_rounds_and_overall_that_of_their_means():
    logs = np.random.default_rng(1).normal(0.01, 0.02, (2, 9))
    found = answer.table(of_times(*([(math.exp(x), 1.0) for x in own] for own in logs)))
    for row, own in zip(found.itertuples(), [logs.mean(axis=0), *logs], strict=True):
        low, high = np.exp(stats.t.interval(0.95, 8, own.mean(), stats.sem(own)))
        assert (row.ratio, row.low, row.high) == pytest.approx((np.exp(own.mean()), low, high))
        assert row.rounds == 9
    assert found.p_adjusted[0] == pytest.approx(stats.ttest_1samp(logs.mean(axis=0), 0).pvalue)


@pytest.mark.parametrize(
    ("head", "verdict", "said"),
    [
        (0.98, FASTER, "HEAD 89abcde is 1.020 times as fast as main 1234567 (95 % interval 1.0"),
        (1.02, SLOWER, "HEAD 89abcde is 0.980 times as fast as main 1234567 (95 % interval 0.9"),
        (1.0, EQUAL, "HEAD 89abcde is as fast as main 1234567 within ±1 %: 1.000 times as fast ("),
    ],
)
def test_the_answer_is_the_first_line(head, verdict, said):
    found = answer.table(of_times([(1.0, head + 1e-4 * (-1) ** k) for k in range(8)]))
    assert found.verdict[0].startswith(verdict)
    assert answer.lines(found)[0].startswith(said)
    assert "over 1 piece of work, 8 rounds)" in answer.lines(found)[0]


def test_where_nothing_is_found_the_answer_says_what_would_have_been():
    found = answer.table(of_times([(1.0, 1 + 0.2 * (-1) ** k) for k in range(8)]))
    assert found.verdict[0] == ALIKE
    assert " cannot be told apart from " in answer.lines(found)[0]
    assert all("% would have been found in 9 of 10 tries" in line for line in answer.lines(found))


def test_ctrl_c_leaves_whole_rounds_and_too_few_of_them_say_nothing():
    class Interrupted(Rounds):
        def round(self, number):
            if number > self.last:
                raise KeyboardInterrupt
            return {POINTS[0]: (1.0, 1.0 + 0.001 * number)}

    done = of_times([])
    done.__class__ = Interrupted
    done.last = answer.FEWEST
    done.run(20)
    assert answer.table(done).rounds.tolist() == [answer.FEWEST] * 2
    done.times, done.last = [], answer.FEWEST - 1
    done.run(20)
    with pytest.raises(StudyError, match=r"at least 8 rounds, found 7.*nothing was written"):
        answer.table(done)


@pytest.mark.parametrize("name", ["nonsense", "HEAD~1", "HEAD:src", "--all", "1234567-dirty"])
def test_what_is_no_commit_is_refused_before_anything_is_timed(committed, timed, name):
    with pytest.raises(StudyError, match=r"base: expected a commit of the project in .*git log"):
        commits.commit(committed, name)


def test_a_comparison_asks_for_a_commit_and_for_a_clone(committed, tmp_path):
    with pytest.raises(StudyError, match=r"found none\. Name one: snakemake .*base=COMMIT"):
        commits.commit(committed, "none")
    with pytest.raises(StudyError, match="not a git repository"):
        commits.commit(tmp_path, "HEAD")


def test_a_commit_of_another_protocol_is_refused(project, timed):
    edit(project, "timing/processes.py", "\nPROTOCOL = ", "\nPROTOCOL = 1")
    with pytest.raises(
        StudyError, match=r"base: expected a commit whose .* protocol \d .*found 1\d in HEAD"
    ):
        timed(project, 1)
