"""Cells: what is learned, one file each, with its equations as a readable loop over time.

The loop is the truth that all other ways of computing a cell are held against. The contract of a
file is one class ``Layer(input_size, hidden_size)``, a module with the attributes

* ``hidden_size``, ``num_layers`` (1) and ``bidirectional`` (False),
* ``parts``: tensors in a state, each ``(B, hidden_size)``,
* ``library``, only where torch.nn has the same layer: its class, called with the two sizes,
* ``mode``, only where the native step has the same layer: what torch.nn calls it, or would. Such a
  layer names its parameters ``W_x``, ``W_h`` and ``b_``, each followed by the gate (see
  :mod:`rnnbench.training.engines.layouts`),

that maps inputs ``(T, B, input_size)`` and a state to outputs ``(T, B, hidden_size)`` and the state
after the last step. A state is a tensor, or a tuple of ``parts`` tensors where there are several;
``None`` stands for zeros.

A cell without a state has ``parts`` 0, takes None for one and returns it; that of a language model
over it are the tokens last read (see :mod:`rnnbench.training.model`). It takes a third argument,
``num_layers``, for it makes its layers itself.

A line of ``presets.csv`` makes models of a cell.
"""
