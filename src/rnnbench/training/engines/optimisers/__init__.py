"""Optimisers: how gradients move the weights, one file each.

The contract of a file is a function ``start()``. What it returns has

* ``plain``: whether an update is no more than ``weight -= rate * gradient``, which an
  implementation may then do by itself,
* ``step(parameters, rate)``: move parameters by their gradients, at a learning rate,
* ``tensors(parameters)``: name -> tensor of all that it remembers from step to step, and
  ``load(parameters, tensors)``, which takes that up again.
"""
