"""A comment as its reader sees it: GitHub's Markdown, its style sheet and mermaid, in Debian's Chromium."""
