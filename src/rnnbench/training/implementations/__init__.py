"""Implementations: how a training step is computed, one file each.

The contract of a file:

* ``LAYOUT``: the implementation whose layers it trains: ``"loop"``, the cell's readable loop, or
  ``"torch_nn"``. What trains torch.nn's layers trains a loop's too, as views in the same memory
  (see :mod:`rnnbench.training.engines.layouts`).
* ``LIMITS``: what it can do, where that is not everything: lists by ``cell``, ``num_layers``,
  ``directions``, ``embedding_size``, ``device``, ``dtype`` and the demands of a run
  (:attr:`rnnbench.base.parameters.RunConfig.demands`); and ``work`` where that is not ``training``
  alone.
* ``PACKAGES``, only where it needs some that are not always installed. It imports them when it is
  called, and not before. These three are literals, read without importing the file.
* ``missing()``, only where a machine may lack something else: what, in words, or None.
* ``reader(model)``, only where it reads by other means than the model: what maps tokens to logits
  as the model does, and has ``characters(first)`` where it writes by itself.
* ``build(model, input_size, hidden_size)``, only where it is a layout: the layers of a
  :class:`rnnbench.base.presets.Model`, with the attributes ``hidden_size``, ``num_layers``,
  ``bidirectional`` and, where it embeds tokens, ``embedding_size``. Those also map
  tokens ``(T, B)``, which are then not made one-hot.
* ``step(model, X, Y, state, clip_norm, learning_rate)``: what
  :func:`rnnbench.training.update.step` does, to the same weights in the same places, by the
  model's ``optimiser``. Parameters that need no gradient stay as they are, and their gradients are
  no part of the norm. Where its time goes is told by the scopes it opens (see
  :mod:`rnnbench.training.engines.scopes`).

A module whose name starts with an underscore is a part of one of them.
"""
