"""Variants: the recurrent layers under test. One file each.

The contract of a file:

* ``initial``: how weights are drawn, one of :mod:`rnnbench.training.initial`.
* ``build(input_size, hidden_size)``: a module with the attributes ``hidden_size``, ``num_layers``
  and ``bidirectional`` that maps inputs ``(T, B, input_size)`` and a state to outputs
  ``(T, B, hidden_size)`` (twice that if bidirectional) and the state after the last step. A state
  is a tensor or a tuple of tensors, opaque to its users; ``None`` stands for zeros. A layer with
  the attribute ``embedding_size`` also maps tokens ``(T, B)``, which are then not made one-hot.
* ``step(model, X, Y, state, clip_norm, learning_rate)``, only where a file trains in a way of its
  own: what :func:`rnnbench.training.update.step` does, to the same weights in the same places. A
      module
  whose name starts with an underscore is what several such files share. Parameters that need no
  gradient stay as they are, and their gradients are no part of the norm. Where its time goes is
  told by the scopes it opens (see :mod:`rnnbench.training.engines.scopes`).
* ``unavailable(device, dtype)``, only where a file needs what a machine may lack: in words, why it
  cannot train here, or None.

The first word of a name is its cell: ``gru_fused`` may train the runs of ``gru``, ``gru_deep`` and
``gru_scratch`` (see :mod:`rnnbench.training.engines.choice`). A layer that keeps its weights in
another layout than torch.nn has a ``library``, the class of the same layer there (see
:mod:`rnnbench.training.engines.layouts`).
"""
