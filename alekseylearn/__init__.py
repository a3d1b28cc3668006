"""Push a notebook; the training cells that changed are trained, and the result is reviewed on the pull request."""

__version__ = "1.0.0.dev0"
