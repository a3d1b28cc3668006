"""How well cells are extracted: training cells found, slices executed, digests compared."""
