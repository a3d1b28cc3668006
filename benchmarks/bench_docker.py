"""What a container costs over a plain process: the same bundle by both backends, from submit to its end."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.contract.jobs import Site, bundle_of  # noqa: E402
from tests.rig.docker import image  # noqa: E402
from tests.rig.docker.engine import Engine, OwnEngine, missing  # noqa: E402
from tests.rig.docker.fixture import built, load  # noqa: E402
from tests.rig.docker.ground import Ground  # noqa: E402

RUNS = 15


def main() -> None:
    with engine() as found, tempfile.TemporaryDirectory() as name:
        if found is None:
            print(f"no engine: {missing()}")
            return
        environ = {"PATH": os.environ["PATH"], "HOME": name}
        plain = Site(name="process", folder=name, environ=environ)
        print("submit to end of a bundle of one empty cell, wall time, median")
        base = seconds(plain)
        print(f"{'process':<22} {base:7.3f} s")
        for network in ("bridge", "none", "host"):
            table = {"image": image.BASE, "pull": "never", "network": network}
            inside = Site(name="docker", folder=name, environ={**environ, "DOCKER_HOST": found.host}, docker=table)
            spent = seconds(inside)
            limit = ", limit 0.60" if network == "bridge" else ""
            print(f"{f'docker, {network}':<22} {spent:7.3f} s  {spent - base:.2f} s over a process{limit}")


def seconds(site: Site) -> float:
    """Return the median of what one job takes."""
    backend, spent = site.connect(), []
    for _ in range(RUNS):
        bundle, digest = bundle_of(f"x = {uuid.uuid4().hex!r}")
        start = time.perf_counter()
        job = backend.submit(bundle, name="toy", digest=digest)
        while not (state := backend.poll(job)).ended:
            time.sleep(0.005)
        spent.append(time.perf_counter() - start)
        if state.value != "succeeded":
            raise SystemExit(f"{site.name}: {state}: {backend.logs(job).lines}")
        backend.discard(job)
    return statistics.median(spent)


@contextmanager
def engine() -> Iterator[Engine | None]:
    """Yield the engine of `DOCKER_HOST`, one of our own, or None where neither can be had."""
    if host := os.environ.get("DOCKER_HOST"):
        found = Engine.running(host)
        load(found, built(Ground.of(os.getpid())), [image.BASE])
        yield found
    elif missing():
        yield None
    else:
        ground = Ground.of(os.getpid())

        def start(folder: Path) -> None:
            load(OwnEngine.start(folder), built(ground), [image.BASE])

        own = OwnEngine.at(ground.once("engine", start))
        try:
            yield own
        finally:
            own.stop()
            ground.clear()


if __name__ == "__main__":
    main()
