"""Workflows as a repository has them, and what a story needs beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.rig.act.consumer import Consumer
from tests.rig.act.result import ActRun

NOTEBOOK = "notebooks/growth.ipynb"
_CHECKOUT = """\
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
          ref: ${{ github.event.pull_request.head.sha }}
          persist-credentials: false
"""
PULL_REQUEST = f"""\
name: train
on: pull_request
permissions: {{contents: read, pull-requests: write}}
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
{_CHECKOUT}
      - id: al
        uses: alekseylearn/action@v1
"""
# Look on a small machine, train each notebook on a large one, report once.
PLANNED = f"""\
name: train
on: pull_request
permissions: {{contents: read, pull-requests: write}}
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs:
      any: ${{{{ steps.al.outputs.any-trained }}}}
      matrix: ${{{{ steps.al.outputs.matrix }}}}
    steps:
{_CHECKOUT}
      - id: al
        uses: alekseylearn/action@v1
        with: {{mode: plan}}
  train:
    needs: plan
    if: needs.plan.outputs.any == 'true'
    runs-on: self-hosted
    strategy: {{matrix: "${{{{ fromJSON(needs.plan.outputs.matrix) }}}}"}}
    steps:
{_CHECKOUT}
      - id: al
        uses: alekseylearn/action@v1
        with: {{comment: "false", notebooks: "${{{{ matrix.notebook }}}}", upload-artifacts: "false"}}
  report:
    needs: [plan, train]
    if: ${{{{ !cancelled() && needs.plan.outputs.any == 'true' }}}}
    runs-on: ubuntu-latest
    steps:
{_CHECKOUT}
      - id: al
        uses: alekseylearn/action@v1
        with: {{mode: collect}}
"""


def only_comment(consumer: Consumer, number: int = 7) -> str:
    """Return the one comment on the pull request, which the workflow's own account must have written."""
    (comment,) = consumer.repository.comments(number)
    assert comment.author.login == "github-actions[bot]"
    return comment.body


def decisions(run: ActRun) -> Mapping[str, str]:
    """Return what was decided about each notebook."""
    found: Mapping[str, str] = json.loads(run.outputs("al")["decision"])
    return found


def spy_on_git(folder: Path) -> Path:
    """Put a program in front of git that writes the environment of each call down; return the file it writes to."""
    folder.mkdir()
    seen = folder / "seen"
    real = shutil.which("git")
    spy = folder / "git"
    spy.write_text(f'#!/bin/sh\n(tr "\\0" "\\n" < /proc/$$/environ; echo) >> {seen}\nexec {real} "$@"\n')
    spy.chmod(0o755)
    return seen


def path_with(folder: Path) -> str:
    """Return a PATH on which *folder* comes first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
