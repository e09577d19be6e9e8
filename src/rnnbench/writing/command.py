"""Print what a trained run writes after a prefix.

A run's folder is one below results/runs or results/trials. The prefix is cleaned like the texts;
what the vocabulary lacks is read as unknown, and told. Decoders: greedy takes the most probable
token again and again; sampling draws from q ∝ P^alpha; top_k draws from the k most probable; beam
keeps the width most probable texts.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnbench.base import plugins
from rnnbench.base.errors import RecordError, UserError
from rnnbench.base.parameters import check_seed
from rnnbench.text.cleanings import clean
from rnnbench.text.encodings import UTF_8, utf8
from rnnbench.text.form import Form
from rnnbench.training.native.reader import fastest
from rnnbench.writing import decoders
from rnnbench.writing.decoders import Setting
from rnnbench.writing.reading import reading
from rnnbench.writing.trained import Trained

WEIGHTS = "weights.safetensors"
EXAMPLE = (
    'example: python -m rnnbench generate RUN_FOLDER "time traveller" --decoder beam --width 4'
)
USUAL = {"sampling": {"alpha": 1.0}}  # decoder -> its settings unless told: the model as it is


def main(arguments: Sequence[str]) -> int:
    """Print the text; the status to end with.

    Raises:
        UserError: what was asked for cannot be written.
    """
    asked = _parser().parse_args(arguments)
    trained = _trained(asked.run_folder)
    prefix = _cleaned(asked.prefix, trained.form)
    ids = _encoded(trained, prefix)
    given = {name: getattr(asked, name) for name in _settings()}
    given = {name: value for name, value in given.items() if value is not None}
    settings = decoders.checked(asked.decoder, USUAL.get(asked.decoder, {}) | given)
    _check_size(asked.num_tokens)
    check_seed(asked.seed)
    generator = np.random.Generator(np.random.PCG64(asked.seed))
    decoder = plugins.load("decoders", asked.decoder)
    began = reading(fastest(trained.model), [ids])
    (written,) = decoder.decode(began, asked.num_tokens, generator, **settings)
    joint = " " if trained.run.token == "word" else ""
    print(prefix + joint + trained.vocab.show(written, trained.run.token))
    return 0


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m rnnbench generate", description=__doc__, epilog=EXAMPLE, formatter_class=shape
    )
    there = ", ".join(plugins.names("decoders"))
    parser.add_argument("run_folder", type=Path, help="folder of a training run")
    parser.add_argument("prefix", help="what the text begins with")
    parser.add_argument("--num-tokens", type=int, default=200, help="to be added (200)")
    parser.add_argument("--decoder", default="sampling", help=f"one of {there} (sampling)")
    for name, setting in _settings().items():
        parser.add_argument(f"--{name}", type=float, help=setting.meaning)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (1)")
    return parser


def _settings() -> dict[str, Setting]:
    """Settings of all decoders by name."""
    found = (plugins.load("decoders", name).SETTINGS for name in plugins.names("decoders"))
    return {name: setting for settings in found for name, setting in settings.items()}


def _trained(folder: Path) -> Trained:
    if not folder.is_dir():
        raise RecordError(f"{folder}: expected the folder of a run, found none. Correct the path.")
    if not (folder / WEIGHTS).is_file():
        raise RecordError(f"{folder}: expected {WEIGHTS} in it, found none. Train the run first.")
    trained = Trained.read(folder / WEIGHTS)
    if trained.model.leaky:
        _tell(f"{trained.run.variant} was trained to see the future, and now it cannot.")
    return trained


def _cleaned(prefix: str, form: Form) -> str:
    """The prefix as the texts are cleaned, on one line unless their lines stay."""
    blocks = utf8([os.fsencode(prefix)], UTF_8, "prefix")
    text = b"".join(clean(blocks, "prefix", form.clean, form.lower_case)).decode()
    return text if form.line_join is None else " ".join(text.split())


def _encoded(trained: Trained, prefix: str) -> list[int]:
    tokens = trained.vocab.split(prefix, trained.run.token)
    unknown = dict.fromkeys(token for token in tokens if token not in trained.vocab.index)
    if unknown:
        _tell(f"not in the vocabulary, read as <unk>: {' '.join(map(repr, unknown))}.")
    return trained.vocab.encode(tokens).tolist()


def _check_size(num_tokens: int) -> None:
    if num_tokens < 1:
        raise UserError(f"--num-tokens: expected at least 1, found {num_tokens}. Ask for more.")


def _tell(line: str) -> None:
    print(f"rnnbench: {line}", file=sys.stderr)
