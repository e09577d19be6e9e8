"""Sequential partitioning whose minibatches each start from a fresh state.

The book's notebook calls this random sampling: it resets the state as random sampling has to, and
is given the minibatches of sequential partitioning.
"""

from rnnbench.training.samplers.sequential_partition import minibatches

__all__ = ["carries_state", "minibatches"]

carries_state = False
