"""The other tools' side of the comparison: it runs in an environment of its own, which the project does not depend on."""
