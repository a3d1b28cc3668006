"""Draws the README's pictures: the demo's comment, in a real browser, light and dark.

Needs the test tools and Debian's `chromium`: `python docs/images/make.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

HERE = Path(__file__).parent
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>
:root {{ --ink: #1f2328; --soft: #59636e; --paper: #ffffff; --shade: #f6f8fa; --line: #d1d9e0; }}
[data-look=dark] {{ --ink: #f0f6fc; --soft: #9198a1; --paper: #0d1117; --shade: #151b23; --line: #3d444d; }}
body {{ margin: 0; padding: 20px; background: var(--paper); color: var(--ink); width: 760px;
  font: 14px/1.5 "Noto Sans", "DejaVu Sans", sans-serif; }}
main {{ border: 1px solid var(--line); border-radius: 6px; }}
header {{ background: var(--shade); border-bottom: 1px solid var(--line); padding: 8px 16px; color: var(--soft); }}
header b {{ color: var(--ink); }}
article {{ padding: 4px 16px 8px; }}
h3 {{ font-size: 17px; margin: 14px 0 8px; }}
table {{ border-collapse: collapse; margin: 12px 0; }}
th, td {{ border: 1px solid var(--line); padding: 5px 12px; }}
tr:nth-child(even) td {{ background: var(--shade); }}
code {{ font: 12px "DejaVu Sans Mono", monospace; background: var(--shade); border-radius: 4px; padding: 2px 4px; }}
pre {{ background: var(--shade); border-radius: 6px; padding: 10px 14px; overflow: hidden; }}
pre code {{ background: none; padding: 0; }}
details {{ margin: 8px 0; }}
sub {{ color: var(--soft); font-size: 12px; vertical-align: baseline; }}
a {{ color: #0969da; text-decoration: none; }}
[data-look=dark] a {{ color: #4493f8; }}
</style><body data-look="{look}"><main><header><b>github-actions</b> bot commented</header>
<article>{comment}</article></main>"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        subprocess.run([sys.executable, "-m", "alekseylearn", "demo", "--to", str(folder)], check=True)
        text = (folder / "comment.md").read_text("utf-8")
        options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS
        comment = cmarkgfm.github_flavored_markdown_to_html(text, options=options)
        for look in ("light", "dark"):
            page = Path(name) / f"{look}.html"
            page.write_text(PAGE.format(look=look, comment=comment), "utf-8")
            draw(page, HERE / f"comment-{look}.png")


def draw(page: Path, picture: Path) -> None:
    """Take a screenshot of *page*, as high as it is."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={page}.profile"]
    sized = page.with_suffix(".sized.html")
    sized.write_text(page.read_text("utf-8") + "<script>document.title = document.body.scrollHeight</script>", "utf-8")
    dom = subprocess.run(
        ["chromium", *flags, "--window-size=800,400", "--dump-dom", sized.as_uri()],
        check=True,
        capture_output=True,
        text=True,
    )
    (height,) = re.findall(r"<title>(\d+)</title>", dom.stdout)
    command = ["chromium", *flags, "--force-device-scale-factor=2", f"--window-size=800,{height}"]
    subprocess.run([*command, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
