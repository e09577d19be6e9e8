"""Samplers: how a long text becomes minibatches (d2l chapter 8.3). One file each.

The contract of a file:

* ``carries_state``: whether the hidden state at the end of one minibatch is the start of the next;
  it is detached between the two, and reset at each epoch. Otherwise it is reset every minibatch.
* ``minibatches(tokens, batch_size, num_steps, generator)``: yield one epoch of pairs ``(X, Y)``,
  each ``(num_steps, batch_size)``; ``Y`` is the text one token after ``X``. ``tokens`` is a
  one-dimensional integer tensor on the device of the model, ``generator`` the source of all
  randomness. No token is in an ``X`` twice. A random offset in ``[0, num_steps - 1]`` lets other
  tokens start a subsequence in each epoch, but for ``sequential_fixed``.
"""

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig, TimingConfig


def check_size(num_tokens: float, batch_size: int, num_steps: int) -> None:
    """Raise StudyError unless every offset leaves at least one full minibatch."""
    expected = tokens_needed(batch_size, num_steps)
    if num_tokens < expected:
        raise StudyError(
            f"expected at least {expected} tokens to train on (batch_size {batch_size} x num_steps "
            f"{num_steps}, a random offset of up to {num_steps - 1}, and one last label), found "
            f"{num_tokens}. Use a longer text or a smaller batch_size or num_steps."
        )


def check_job(where: str, job: RunConfig | TimingConfig, num_tokens: float) -> None:
    """Do the same for a job; the error names ``where`` it was asked for, and its text."""
    try:
        check_size(num_tokens, job.batch_size, job.num_steps)
    except StudyError as error:
        raise StudyError(f"{where}: {job.corpus}: {error}") from None


def tokens_needed(batch_size: int, num_steps: int) -> int:
    """Fewest tokens that give one minibatch whatever the offset."""
    return batch_size * num_steps + num_steps
