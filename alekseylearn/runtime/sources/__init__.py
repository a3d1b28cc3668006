"""Where metrics come from without a change of code: one file a source, all of them with the contract in base.py."""
