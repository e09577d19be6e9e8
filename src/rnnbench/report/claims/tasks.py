"""Synthetic tasks.

A study without a task has no claim on it.
"""

from collections.abc import Sequence

from pandas import DataFrame

from rnnbench.report.claims import Claim, _comparing
from rnnbench.tables import readers

TABLES = ("tasks",)

GATED, LINEAR = ("gru", "lstm"), ("mingru", "minlstm")


def claims(tables: readers.Tables) -> list[Claim]:
    table = readers.rows(tables, "tasks")
    adding = Claim(
        "Gates see farther back: GRU and LSTM add two numbers over more steps than the plain RNN.",
        "Hochreiter & Schmidhuber, 1997; d2l 9.1, 9.2",
    )
    copying = Claim(
        "Gates keep more: GRU and LSTM copy symbols over a longer pause than the plain RNN.",
        "Arjovsky et al., 2016; d2l 9.1, 9.2",
    )
    parity = Claim(
        "A state that moves linearly cannot tell parity, and one that does not can: RNN, GRU and "
        "LSTM tell it of longer sequences than minGRU and minLSTM.",
        "Grazzi et al., 2024",
    )
    found = [
        farther(table, adding, "adding", GATED, ("rnn",)),
        farther(table, copying, "copying", GATED, ("rnn",)),
        farther(table, parity, "parity", ("rnn", *GATED), LINEAR),
    ]
    return [claim for claim in found if claim is not None]


def farther(
    table: DataFrame, said: Claim, task: str, better: Sequence[str], worse: Sequence[str]
) -> Claim | None:
    """A part per better variant: the longest T it solves is beyond that of all the worse ones."""
    rows = table[(table.task == task) & table.variant.isin([*better, *worse])]
    if rows.empty:
        return None
    if not {*better, *worse} <= {*rows.variant}:
        return said
    longest = rows.length.where(rows.solved, 0).groupby([rows.variant, rows.seed]).max().unstack(0)
    gained = longest[[*better]].sub(longest[[*worse]].max(axis=1), axis=0)
    values = gained.melt(ignore_index=False, var_name="variant").reset_index().dropna()
    values = values.assign(hidden_size=rows.hidden_size.max())
    named = (f"{readers.figures3(longest[name].mean())} for {name}" for name in longest)
    return said.compared(
        _comparing.compared(values, 0, above=True, scale="difference"),
        f"The longest T solved, of {readers.english(map(str, sorted(rows.length.unique())))} steps "
        f"and as a mean over seeds, is {readers.english(named)}: {{}} steps more.",
    )
