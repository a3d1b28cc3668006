"""The environments in which notebooks run: what each holds, where it lies, and how it is made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "extraction"
"""Never committed: environments, remembered runs, work folders."""

_DRAWING = ("numpy", "pandas", "matplotlib.pyplot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python with libraries; `preload` are modules that the fork server imports once for all runs.

    Only libraries that nearly every notebook imports, and whose import does nothing that a notebook could miss.
    """

    name: str
    python: Path
    preload: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether it has been made."""
        return self.python.exists()


GALLERY_NEEDS = (
    "scikit-learn==1.2.1", "numpy==1.23.5", "scipy==1.10.1", "pandas==1.5.3", "matplotlib==3.7.5",
    "scikit-image==0.21.0", "seaborn", "jinja2",
)  # fmt: skip
"""Debian's package python-sklearn-doc 1.2.1 was written for these."""
CORPUS_NEEDS = (
    "torch==2.13.0", "scikit-learn", "pandas", "matplotlib", "seaborn", "statsmodels", "xgboost", "lightgbm",
    "catboost", "keras", "jax", "flax", "optax", "lightning", "transformers", "accelerate", "datasets", "skorch",
    "ipython", "imbalanced-learn", "polars", "torchmetrics", "fastai",
)  # fmt: skip
_TORCH = frozenset({"torch", "lightning", "transformers", "accelerate", "skorch", "torchmetrics", "fastai"})


def _python(name: str) -> Path:
    return BUILD / "environments" / name / "bin" / "python"


GALLERY = Environment(name="gallery", python=_python("gallery"), preload=_DRAWING)
CORPUS = Environment(name="corpus", python=_python("corpus"), preload=_DRAWING)
TORCH = Environment(name="torch", python=_python("corpus"), preload=(*_DRAWING, "torch"))
OWN = Environment(name="own", python=Path(sys.executable), preload=("numpy",))
"""The Python that runs this: for tests."""


def environment_for(needs: Iterable[str]) -> Environment:
    """Return the environment for a notebook of the corpus that imports the distributions *needs*."""
    return TORCH if _TORCH & set(needs) else CORPUS


def main(arguments: list[str]) -> int:
    """Make the environments that are not there: `environments [gallery|corpus ...]`. Needs the network, and 6 GB."""
    for name, needs in (("gallery", GALLERY_NEEDS), ("corpus", CORPUS_NEEDS)):
        folder = BUILD / "environments" / name
        if folder.exists() or (arguments and name not in arguments):
            continue
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *needs], check=True)
    return 0
