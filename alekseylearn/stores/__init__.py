"""The places where results are kept; `cli.stores` says which of them a command sees."""
