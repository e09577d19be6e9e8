"""Audits: are these the files that were made, from what, and can they be made again?

:mod:`~rnnbench.audit.tree` opens what is audited, :mod:`~rnnbench.audit.checks` hold its files
against each other, :mod:`~rnnbench.provenance.signature` says who vouches for them,
:mod:`~rnnbench.audit.again.remake` makes a sample of them again and
:mod:`~rnnbench.audit.again.classes` judges what came out. What can be derived is, instead of
believed (:mod:`~rnnbench.audit.derived`). Checking honest results of the suite's own variants loads
no torch.
"""
