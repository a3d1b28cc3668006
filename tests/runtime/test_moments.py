"""A stop at any moment of a training job; moments.py does the same a hundred times."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Make
from .moments import NOTEBOOKS, judged, prepared, run


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells which signals are held back")
@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("after", [0.0, 0.05, 0.2, 0.4, 0.6, 0.8])
def test_a_stop_at_any_moment_leaves_a_result_and_what_was_saved(
    bundle: Make, tmp_path: Path, notebook: str, after: float
) -> None:
    job = prepared(bundle, notebook, tmp_path / "ml", sys.executable)
    run(job, lambda: after)
    seen = judged(job)
    assert not seen.wrong
    assert seen.state in {"stopped", "succeeded"}
