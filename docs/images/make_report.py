"""Draws the pictures of report.html: a real run of 50 epochs on both sides, in a real browser.

Needs the test and benchmark tools and Debian's `chromium`: `python -m docs.images.make_report`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image

from tests.rig.browser import Chromium

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLOURS = 128
"""A page has few colours: so many are enough, and make the files a third as large."""
PICTURES: tuple[tuple[str, int, int, Literal["light", "dark"]], ...] = (
    ("light", 1000, 2100, "light"),
    ("dark", 1000, 2100, "dark"),
    ("phone", 400, 1500, "light"),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Chromium() as browser:
        page = Path(name) / "report.html"
        subprocess.run([sys.executable, ROOT / "benchmarks" / "bench_report.py", page], check=True)
        for what, width, height, look in PICTURES:
            with browser.open(page, width=width, height=height, look=look) as shown:
                picture = Image.open(io.BytesIO(shown.screenshot(whole=False))).convert("RGB")
            picture.quantize(COLOURS).save(HERE / f"report-{what}.png", optimize=True)


if __name__ == "__main__":
    main()
