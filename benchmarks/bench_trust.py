"""What untrusted events reach, seen from outside the process: `python benchmarks/bench_trust.py`.

Every example of GitHub's of `pull_request`, `issue_comment` and `workflow_run`, as a fork's, is handed to each step of
the action in a process of its own, under strace: no program that it starts may be given a secret, and it may connect to
nobody but the stand-in for GitHub. Ends with 1 when one does. Needs strace.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fakes.github.server import FakeGitHub
from tests.matrix import Case, bots, forks
from tests.rig.act.consumer import Consumer, git
from tests.small import EPOCHS, count, counting, growth

MODES = ("run", "plan", "submit", "collect", "finish")
NOTEBOOK = "growth.ipynb"
TOKEN = "ghs_canary-input"
SECRETS = {
    "INPUT_GITHUB_TOKEN": TOKEN,
    "GITHUB_TOKEN": "ghs_canary-own",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-identity",
    "ACTIONS_RUNTIME_TOKEN": "canary-runtime",
    "AWS_ACCESS_KEY_ID": "canary-key",
    "AWS_SECRET_ACCESS_KEY": "canary-secret",
    "AWS_SESSION_TOKEN": "canary-session",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/canary",
    "ALEKSEYLEARN_NOTIFY": "json://canary.example/token",
    "DB_PASSWORD": "canary-password",
}
ADDRESS = re.compile(r"connect\(\d+, \{sa_family=(AF_INET6?), sin6?_port=htons\((\d+)\)")


def environment(folder: Path, case: Case, consumer: Consumer, github: FakeGitHub) -> dict[str, str]:
    """Write the event of *case* down, about the commits of *consumer*, and return a step's environment."""
    pull = consumer.pulls[7]
    payload: Any = json.loads(json.dumps(case.payload).replace(case.repository, consumer.full_name))
    if case.name == "pull_request":
        payload["pull_request"]["head"]["sha"], payload["pull_request"]["base"]["sha"] = pull.head, pull.base
        payload["number"] = payload["pull_request"]["number"] = pull.number
    (folder / "event.json").write_text(json.dumps(payload))
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_EVENT_NAME": case.name,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REPOSITORY": consumer.full_name,
        **dict.fromkeys(("GITHUB_RUN_ATTEMPT", "GITHUB_RUN_ID", "GITHUB_RUN_NUMBER"), "1"),
        "GITHUB_SHA": git(consumer.work, "rev-parse", "HEAD"),
        "GITHUB_WORKSPACE": str(consumer.work),
        "RUNNER_TEMP": str(folder),
        "ALEKSEYLEARN_OUTCOME": "cancelled",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        **SECRETS,
    }


def traced(folder: Path, environ: dict[str, str], mode: str) -> tuple[int, int, list[str], list[str]]:
    """Run a step; return its exit code, how many programs it began, those with a secret, and whom it called."""
    trace = folder / "trace"
    words = ["strace", "-f", "-v", "-qq", "-s", "100000", "-e", "trace=execve,connect", "-o", str(trace)]
    step = [sys.executable, "-I", "-m", "alekseylearn", "ci", mode]
    done = subprocess.run([*words, *step], env=environ, cwd=folder, capture_output=True, check=False, timeout=300)
    # The first execve is the step itself: what it was given it has.
    _, *begun = [line for line in trace.read_text("utf-8", "replace").splitlines() if "execve(" in line]
    known = int(environ["GITHUB_API_URL"].rpartition(":")[2])
    calls = [f"{family}:{port}" for family, port in ADDRESS.findall(trace.read_text("utf-8", "replace"))]
    return (
        done.returncode,
        len(begun),
        [line for line in begun if "canary" in line],
        [call for call in calls if int(call.rpartition(":")[2]) != known],
    )


def main() -> int:
    cases = [case for name in ("pull_request", "issue_comment", "workflow_run") for case in forks(name)]
    # A fork that was deleted, and Dependabot, are one way each.
    cases = [case for case in cases if case.variant == "fork" or case.number == 0] + bots("pull_request")[:1]
    ends: Counter[tuple[str, int]] = Counter()
    programs = secrets = calls = 0
    with tempfile.TemporaryDirectory() as place, FakeGitHub() as github:
        folder = Path(place)
        settings = "defaults: {backend: sagemaker, sagemaker: {role: r, bucket: bucket, region: eu-central-1}}\n"
        consumer = Consumer.create(folder, github, {NOTEBOOK: growth()}, workflow="on: pull_request\n")
        change = growth({EPOCHS: "epochs = 200\nrate = 0.05"}, before=counting(folder / "count"))
        consumer.open_pull({NOTEBOOK: change, "alekseylearn.yml": settings})
        github.grant(TOKEN, actions="read", contents="read", pull_requests="read")
        for case in cases:
            for mode in MODES:
                environ = environment(folder, case, consumer, github)
                code, begun, leaks, others = traced(folder, environ, mode)
                ends[case.name, code] += 1
                programs, secrets, calls = programs + begun, secrets + len(leaks), calls + len(others)
                for line in [*leaks, *others]:
                    sys.stdout.write(f"{case.id} {mode}: {line[:300]}\n")
        launches = count(folder / "count") + sum(request.status < 300 for request in github.writes())
    for (name, code), number in sorted(ends.items()):
        sys.stdout.write(f"{name:14} exit {code}: {number}\n")
    told = f"{sum(ends.values())} steps, {programs} programs begun, {launches} launches and writes"
    sys.stdout.write(f"{told}, {secrets} with a secret, {calls} calls to others\n")
    return int(bool(launches or secrets or calls))


if __name__ == "__main__":
    sys.exit(main())
