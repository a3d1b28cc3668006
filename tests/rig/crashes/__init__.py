"""Processes that are killed at a named place or at any call of the system, and what must be true of what they leave."""
