"""Hostile bytes for all that reads from outside: `make fuzz`, or `python -m fuzz loader config` for some of it."""
