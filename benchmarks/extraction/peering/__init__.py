"""The other tools' side: it runs in an environment of its own, which the project does not depend on."""
