"""Draws the pictures of the comment: the demo's for the README, and one of every state from a real run, in `comments/`.

Needs the test tools, Debian's `chromium`, and npm: `make pictures`, or `python docs/images/make.py running better` for
some of the states. `python docs/images/make.py --to FOLDER FILE...` draws files with Markdown instead, to compare them.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.rig.browser import Chromium
from tests.rig.npm import fetched
from tests.rig.review.page import Look, page
from tests.rig.review.stories import tell

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "tests" / "rig" / "review" / "packages.json"
WINDOWS: tuple[tuple[str, Look, int], ...] = (("light", "light", 860), ("dark", "dark", 860), ("phone", "light", 400))
COLOURS = 192


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=Path, help="draw files with Markdown into this folder")
    parser.add_argument("names", nargs="*", metavar="STATE|FILE")
    asked = parser.parse_args()
    with Chromium() as browser, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.to is not None:
            asked.to.mkdir(parents=True, exist_ok=True)
            for file in map(Path, asked.names):
                draw(browser, file.read_text("utf-8"), asked.to / file.stem, folder)
            return
        if not asked.names:
            draw(browser, demonstrate(folder), HERE / "comment", folder, windows=WINDOWS[:2], scale=2)
        (HERE / "comments").mkdir(exist_ok=True)
        for state, comment in tell(folder / "tales", *asked.names):
            draw(browser, comment, HERE / "comments" / state, folder)
            sys.stdout.write(f"{state}: {comment.splitlines()[1].lstrip('# ')}\n")
            sys.stdout.flush()


def demonstrate(folder: Path) -> str:
    """Run the demo and return its comment."""
    subprocess.run([sys.executable, "-m", "alekseylearn", "demo", "--to", str(folder / "demo")], check=True)
    return (folder / "demo" / "comment.md").read_text("utf-8")


def draw(
    browser: Chromium,
    comment: str,
    picture: Path,
    folder: Path,
    *,
    windows: Sequence[tuple[str, Look, int]] = WINDOWS,
    scale: float = 1,
) -> None:
    """Draw *comment* once for each of *windows*, into files that begin as *picture* does; *folder* is for scratch."""
    for name, look, width in windows:
        shown = folder / "comment.html"
        shown.write_text(page(comment, fetched(PACKAGES), look), "utf-8")
        with browser.open(shown, width=width, height=200, look=look, scale=scale) as opened:
            wrong = opened.evaluate("window.drawn")
            if wrong:
                raise RuntimeError(f"{picture.name}: {wrong}")
            opened.settle()
            image = Image.open(io.BytesIO(opened.screenshot())).convert("RGB")
        # A picture of few colours is a third as large; signs keep theirs, however small they are.
        reduced = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        reduced.save(f"{picture}-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
