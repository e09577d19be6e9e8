"""Laws of the generated text, for every variant."""

import numpy as np
import pandas as pd
import pytest
import torch

from rnnbench import generate, initial, tables, variants
from rnnbench.names import names
from rnnbench.vocab import Vocab

VARIANTS = names("variants")
VOCAB = Vocab.build("the time traveller for so it will be convenient to speak of him")
PREFIX = "time traveller"


@pytest.fixture(params=VARIANTS)
def model(request):
    """Weights larger than a run starts with, so that what is read decides what is written."""
    generator = np.random.Generator(np.random.PCG64(1))
    model = variants.build(request.param, len(VOCAB), 16, generator)
    initial.draw(model, 2, initial.uniform, generator)
    return model


def greedy(model, prefix=PREFIX, num_tokens=10):
    return generate.greedy(model, VOCAB.encode(prefix).tolist(), num_tokens)


@pytest.mark.parametrize("num_tokens", [0, 1, 10])
def test_a_text_begins_with_its_prefix_and_has_the_length_asked_for(model, num_tokens):
    tokens = greedy(model, num_tokens=num_tokens)
    assert "".join(VOCAB.decode(tokens))[: len(PREFIX)] == PREFIX
    assert len(tokens) == len(PREFIX) + num_tokens
    assert set(tokens) <= set(range(len(VOCAB)))


def test_a_text_is_written_the_same_again(model):
    assert greedy(model) == greedy(model)


@torch.no_grad()
def test_the_state_after_a_prefix_holds_its_first_letter(model):
    ids = [VOCAB.encode(text).tolist() for text in ("time", "lime")]
    _, state = model(torch.tensor(ids).T)
    for part in state if isinstance(state, tuple) else (state,):
        assert not torch.equal(part[..., 0, :], part[..., 1, :])


@torch.no_grad()
def test_warming_up_letter_by_letter_is_feeding_the_whole_prefix(model):
    if model.leaky:
        pytest.skip("a leaky model has no state that a later letter could start from")
    tokens, state = VOCAB.encode(PREFIX).tolist(), None
    logits, state = model(torch.tensor(tokens)[:, None])
    for _ in range(10):
        tokens.append(int(logits[-1, 0].argmax()))
        logits, state = model(torch.tensor([[tokens[-1]]]), state)
    assert greedy(model) == tokens


def test_not_a_number_is_a_text_and_not_a_crash(model):
    with torch.no_grad():
        model.output.weight.fill_(torch.nan)
    assert greedy(model, num_tokens=3)[-3:] == [0, 0, 0]


@pytest.mark.parametrize(
    ("logits", "wanted"),
    [
        ([1.0, 3.0, 2.0], 1),
        ([3.0, 3.0, 2.0], 0),
        ([torch.nan, -5.0, -7.0], 1),
        ([torch.nan, torch.inf, 5.0], 1),
        ([-torch.inf, -1e30, -torch.inf], 1),
        ([torch.nan, torch.nan], 0),
    ],
)
def test_the_most_probable_token_has_the_largest_number(logits, wanted):
    assert generate.most_probable(torch.tensor(logits)) == wanted


def test_characters_that_the_vocabulary_lacks_are_shown_as_unknown(model):
    text = generate.Writing(VOCAB, ["t!me"], 2).text(model, "t!me")
    assert text.startswith("t<unk>me")


def test_rows_name_the_stage_and_the_prefix(model):
    writing = generate.Writing(VOCAB, ["time", "traveller"], 3)
    rows = writing.rows("untrained", model)
    assert [row[:2] for row in rows] == [("untrained", "time"), ("untrained", "traveller")]
    assert [row[2] for row in rows] == [writing.text(model, prefix) for prefix in writing.prefixes]


def test_texts_come_back_from_disk_letter_by_letter(tmp_path):
    rows = [("untrained", 'say "', ' say "  <unk>'), ("trained", "null", "null nan ")]
    generate.write(tmp_path / "text.txt", rows)
    found = pd.read_csv(tmp_path / "text.txt", sep="\t", quoting=3, keep_default_na=False)
    assert found.columns.tolist() == ["stage", "prefix", "text"]
    assert list(found.itertuples(index=False, name=None)) == rows


def test_a_table_of_no_texts_is_empty():
    assert tables.gather("texts", [], []).empty
