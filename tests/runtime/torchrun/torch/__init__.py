"""A stand-in for PyTorch that has nothing but torchrun."""
