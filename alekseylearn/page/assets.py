"""The style and the scripts of the page, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What stands in the page's head: *styles* and *scripts* whole, and the content security policy that names them."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]

    @property
    def policy(self) -> str:
        """Allow these very styles and scripts, and images that are in the page; nothing is fetched, sent or framed."""
        return (
            f"default-src 'none'; style-src {_digests(self.styles)}; script-src {_digests(self.scripts)}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )


@cache
def find_assets() -> Assets:
    """Read our style and script, and those of the chart library."""
    charts = chart_library()
    ours = tuple(read(name) for name in ("page.css", "page.js"))
    return Assets(styles=(*charts[:1], ours[0]), scripts=(*charts[1:], ours[1]))


def chart_library() -> tuple[str, ...]:
    """Return uPlot's style and script; nothing where they cannot be had, for the tables say the same numbers."""
    try:
        from youplot.vendor import uplot_css, uplot_js

        found = (uplot_css(), uplot_js())
    except (ImportError, OSError, UnicodeDecodeError):
        return ()
    # What would end its element early is none of the library's releases.
    return () if any("</" in text for text in found) else found


def read(name: str) -> str:
    """Read one file of this package."""
    return files("alekseylearn.page").joinpath(name).read_text("utf-8")


def _digests(texts: Sequence[str]) -> str:
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in texts]
    return " ".join(f"'sha256-{one}'" for one in hashes)
