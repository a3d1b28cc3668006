"""What runs inside the training job: standard library only, Python 3.9 and later, copied into every bundle."""

CONTRACT = 1
"""Version of the contract in docs/runtime.md; it enters the identity of a run, so raise it when results may change."""
