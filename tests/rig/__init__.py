"""Rigs: a real program from outside, run in a private corner of the machine."""
