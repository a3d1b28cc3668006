"""Docker engines of the tests' own: no registry, no way out, nothing left behind."""
