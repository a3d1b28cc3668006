"""One page with one comment, as GitHub shows it in an issue: hard breaks, alerts, coloured diffs, mermaid charts."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Literal

import cmarkgfm
from cmarkgfm.cmark import Options

Look = Literal["light", "dark"]
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A comment</title>
<link rel="stylesheet" href="{files}/github-markdown-{look}.css">
<style>
body {{ margin: 0; padding: 12px; background: {paper}; }}
.post {{ border: 1px solid {line}; border-radius: 6px; max-width: 860px; margin: 0 auto; }}
.post > header {{ background: {shade}; color: {soft}; border-bottom: 1px solid {line}; border-radius: 6px 6px 0 0;
  padding: 8px 16px; font: 14px "Noto Sans", "DejaVu Sans", sans-serif; }}
.post > header b {{ color: {ink}; }}
.markdown-body {{ padding: 16px; font-family: "Noto Sans", "DejaVu Sans", sans-serif; font-size: 14px;
  border-radius: 0 0 6px 6px; }}
.markdown-body code, .markdown-body pre {{ font-family: "DejaVu Sans Mono", monospace; }}
.markdown-body .chart {{ overflow: hidden; margin-bottom: 16px; }}
.markdown-body .chart svg {{ display: block; margin: 0 auto; height: auto; max-width: 100%; }}
.plus {{ background: {plus}; display: block; }} .minus {{ background: {minus}; display: block; }}
</style></head><body><div class="post"><header><b>github-actions</b> bot commented</header>
<article class="markdown-body">
{comment}
</article></div>
<script src="{files}/mermaid.min.js"></script>
<script>
mermaid.initialize({{startOnLoad: false, securityLevel: "strict", theme: "{theme}"}});
window.drawn = (async () => {{
  const wrong = [];
  let place = 0;
  for (const block of document.querySelectorAll(".chart")) {{
    const source = block.textContent;
    try {{
      await mermaid.parse(source);
      // A chart in a fold that is shut has no size to be drawn in.
      const shut = [...document.querySelectorAll("details:not([open])")].filter(fold => fold.contains(block));
      shut.forEach(fold => fold.open = true);
      const {{svg}} = await mermaid.render(`chart${{place++}}`, source, block);
      block.innerHTML = svg;
      shut.forEach(fold => fold.open = false);
    }} catch (error) {{ wrong.push(String(error)); }}
  }}
  return wrong;
}})();
</script></body></html>
"""
_COLOURS = {
    "light": {
        "paper": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "shade": "#f6f8fa", "line": "#d1d9e0",
        "plus": "#dafbe1", "minus": "#ffebe9", "theme": "default",
    },
    "dark": {
        "paper": "#0d1117", "ink": "#f0f6fc", "soft": "#9198a1", "shade": "#151b23", "line": "#3d444d",
        "plus": "#12261e", "minus": "#25171c", "theme": "dark",
    },
}  # fmt: skip
_ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]<br />\s*")
_CODE = re.compile(r'<pre lang="(\w+)"><code>(.*?)</code></pre>', re.DOTALL)


def page(comment: str, files: Path, look: Look = "light") -> str:
    """Return the page with *comment*, which is Markdown; *files* is the folder of `packages.fetched`."""
    return _FRAME.format(comment=shown(comment), files=files.as_uri(), look=look, **_COLOURS[look])


def shown(comment: str) -> str:
    """Return the HTML that GitHub makes of *comment*."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS
    text = cmarkgfm.github_flavored_markdown_to_html(comment, options=options)
    text = _CODE.sub(lambda match: _block(match[1], match[2]), text)
    return _ALERT.sub(_alert, text)


def _alert(match: re.Match[str]) -> str:
    kind = match[1].lower()
    title = f'<p class="markdown-alert-title">{kind.title()}</p>'
    return f'<blockquote class="markdown-alert markdown-alert-{kind}">{title}<p>'


def _block(language: str, text: str) -> str:
    match language:
        case "mermaid":
            return f'<div class="chart">{text}</div>'
        case "diff":
            lines = "".join(_line(line) for line in html.unescape(text).splitlines())
            return f"<pre><code>{lines}</code></pre>"
        case _:
            return f"<pre><code>{text}</code></pre>"


def _line(line: str) -> str:
    kind = {"+": "plus", "-": "minus"}.get(line[:1], "")
    told = html.escape(line)
    return f'<span class="{kind}">{told}</span>' if kind else f"{told}\n"
