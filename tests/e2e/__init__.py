"""Whole stories: the action in the real act, on repositories and a GitHub made for the test."""
