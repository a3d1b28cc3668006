"""The entry of the runtime: `python supervisor.py` watches over a second process that runs the cells.

`python supervisor.py launch` has torchrun start several of them.
"""

import importlib
import importlib.util
import signal
import sys
from pathlib import Path

PACKAGE = "_al"


def load_package(folder: Path) -> None:
    """Make *folder* importable as the package `_al` only, so that a notebook's imports never meet our modules."""
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        sys.exit("alekseylearn: the runtime in the bundle is not complete")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)


def main(arguments: "list[str]") -> int:
    """Run one of the processes: the supervisor, who launches several, or (with the numbers of its pipes) the child."""
    # Held back until somebody handles them: else they end a process that has written nothing down yet, and are lost
    # to the first process of a container.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    folder = Path(__file__).resolve().parent
    load_package(folder)
    name = {"": "supervise", "launch": "launching"}.get("".join(arguments[:1]), "child")
    part = importlib.import_module(f"{PACKAGE}.{name}")
    return int(part.main(folder.parent, arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
