"""The first process of a SageMaker training job: unpack the bundle, say where things are, and become the supervisor.

It lies in the job's channel `code` beside `bundle.tar`, and needs nothing else: what else there is of the runtime comes
out of the bundle.
"""

from __future__ import annotations

import os
import signal
import sys

# `typing` itself takes longer to load than all the rest that stands before the first line of `main`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any, BinaryIO

CHANNEL = "code"
"""The channel that brought us: no data of the notebook's."""
MASTER_PORT = "7777"
LONGEST = 131_071
"""Bytes of one variable, its name and `=` included, that Linux hands to a program."""
BLOCK = 1_048_576
PATIENCE = 20.0
"""Seconds that nvidia-smi may take."""


class BootError(Exception):
    """The job cannot be started; the message says why in one line."""


def main() -> int:
    """Become the supervisor of the bundle beside this file; return 1 where that cannot be."""
    # Held back until the supervisor handles them: the mask outlives the change of programs. A first process loses
    # what it neither handles nor blocks, so this comes before anything that takes time.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    from pathlib import Path

    root = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    try:
        bundle = Path(__file__).resolve().with_name("bundle.tar")
        unpack(bundle, os.environ.get("ALEKSEYLEARN_BUNDLE", ""), root / "code")
        environ = environment(root, os.environ)
        python = sys.executable or "python3"
        os.execve(python, [python, str(root / "code" / "_al" / "supervisor.py"), *arguments(environ)], environ)
    except Exception as error:
        return _fail(root, f"{error}" if isinstance(error, BootError) else f"{type(error).__name__}: {error}")


def _fail(root: Path, why: str) -> int:
    what = " ".join(f"alekseylearn: the job could not be started: {why}".split())[:1024]
    print(what, file=sys.stderr, flush=True)
    try:
        (root / "output").mkdir(parents=True, exist_ok=True)
        (root / "output" / "failure").write_text(f"{what}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        print(f"alekseylearn: {error}", file=sys.stderr, flush=True)
    last = os.environ.get("ALEKSEYLEARN_LAST_LINE")
    if last:
        print(last, flush=True)
    return 1


def unpack(bundle: Path, sha256: str, code: Path) -> None:
    """Put the files of *bundle* into the folder *code*, and nothing else.

    Raise BootError where there is no bundle, or another one than that of *sha256*; OSError where it cannot be written.
    """
    import tarfile

    if not sha256:
        raise BootError("ALEKSEYLEARN_BUNDLE does not say which bundle to run")
    try:
        file = bundle.open("rb")
    except OSError as error:
        raise BootError(f"the channel {CHANNEL} has no bundle.tar: {error.strerror}") from error
    with file:
        found = _sha256(file)
        if found != sha256:
            raise BootError(f"bundle.tar is not the one of this job: its sha256 is {found}, and not {sha256}")
        file.seek(0)
        _empty(code)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for entry in archive:
                    _write(archive, entry, code)
        except tarfile.TarError as error:
            raise BootError(f"bundle.tar cannot be read: {error}") from error


def _sha256(file: BinaryIO) -> str:
    import hashlib

    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _empty(folder: Path) -> None:
    """Leave nothing in *folder*: after a restart, and on a machine that is kept warm, an older bundle may be there."""
    import shutil

    folder.mkdir(parents=True, exist_ok=True)
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, code: Path) -> None:
    import shutil

    parts = entry.name.split("/")
    if not entry.isreg() or not parts or {"", ".", ".."} & set(parts):
        raise BootError(f"bundle.tar has an entry that is no file of a bundle: {entry.name!r}")
    target = code.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(entry)
    if source is not None:
        with source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, BLOCK)


def environment(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of training code: *environ*, and what AWS's own toolkit tells it in `SM_*` variables.

    Raise BootError where SageMaker's own configuration cannot be read.
    """
    facts = training_facts(root, environ)
    told = {f"SM_{name.upper()}": _text(value) for name, value in facts.items()}
    fitting = {name: value for name, value in told.items() if _fits(name, value)}
    return {**cache(environ), **environ, **fitting}


def cache(environ: Mapping[str, str]) -> dict[str, str]:
    """Let pip keep what it downloads where a machine that is kept warm keeps files for the next job."""
    folder = environ.get("SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY")
    return {"PIP_CACHE_DIR": f"{folder}/pip"} if folder else {}


def training_facts(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Collect what the `SM_*` variables say, by their names in small letters without `SM_`."""
    resources = _read(root, "resourceconfig", required=True)
    inputs = {name: told for name, told in _read(root, "inputdataconfig").items() if name != CHANNEL}
    parameters = {name: _decoded(value) for name, value in _read(root, "hyperparameters").items()}
    parameters = {name: value for name, value in parameters.items() if not name.startswith("sagemaker_")}
    channels = {name: str(root / "input" / "data" / name) for name in sorted(inputs)}
    facts = {**_folders(root), **_machines(resources, environ)}
    facts |= {
        "channels": list(channels),
        "hps": parameters,
        "input_data_config": inputs,
        "resource_config": resources,
        "log_level": _decoded(environ.get("SM_LOG_LEVEL") or "20"),
        "module_name": "train",
        "user_entry_point": "train.py",
        "user_args": list(_arguments(parameters)),
        "framework_module": None,
        "framework_params": {},
    }
    inside = ("channels", "hps", "framework_params")
    facts["training_env"] = {
        **{name: value for name, value in facts.items() if name not in inside},
        "hyperparameters": parameters,
        "channel_input_dirs": channels,
        "job_name": environ.get("TRAINING_JOB_NAME"),
    }
    facts |= {f"channel_{name}": folder for name, folder in channels.items()}
    facts |= {f"hp_{name}": value for name, value in parameters.items()}
    return facts


def _folders(root: Path) -> dict[str, Any]:
    below = {
        "model_dir": "model",
        "input_dir": "input",
        "input_data_dir": "input/data",
        "input_config_dir": "input/config",
        "output_dir": "output",
        "output_data_dir": "output/data",
        "output_intermediate_dir": "output/intermediate",
        "module_dir": "code",
        "checkpoint_dir": "checkpoints",
    }
    return {name: str(root / folder) for name, folder in below.items()}


def _machines(resources: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    import multiprocessing

    try:
        host, hosts = str(resources["current_host"]), [str(name) for name in resources["hosts"]]
        groups = {str(group["instance_group_name"]): group for group in resources.get("instance_groups") or []}
        rank = sorted(hosts).index(host)
    except (KeyError, TypeError, ValueError) as error:
        raise BootError("resourceconfig.json does not name the hosts of this job") from error
    group = resources.get("current_group_name") or "homogeneousCluster"
    return {
        "current_host": host,
        "hosts": hosts,
        "host_count": len(hosts),
        "current_host_rank": rank,
        "master_addr": min(hosts) if len(hosts) > 1 else "127.0.0.1",
        "master_port": environ.get("SM_MASTER_PORT") or MASTER_PORT,
        "current_instance_type": resources.get("current_instance_type") or "local",
        "current_instance_group": group,
        "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "distribution_instance_groups": [],
        "is_hetero": len(groups) > 1,
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "num_cpus": multiprocessing.cpu_count(),
        "num_gpus": count_gpus(),
    }


def count_gpus() -> int:
    """Count the GPUs as the driver's tool lists them, or else by their device files."""
    import subprocess
    from pathlib import Path

    try:
        done = subprocess.run(
            ["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return len(list(Path("/dev").glob("nvidia[0-9]*")))
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())


def _read(root: Path, name: str, *, required: bool = False) -> dict[str, Any]:
    import json

    path = root / "input" / "config" / f"{name}.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if not required:
            return {}
        raise BootError(f"{path} is not there") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BootError(f"{path} cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise BootError(f"{path} is no table of names and values")
    return told


def _decoded(value: Any) -> Any:
    """Read a hyperparameter as the JSON that it mostly is."""
    import json

    try:
        return json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return value


def _arguments(parameters: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(parameters.items()):
        yield f"--{name}" if len(name) > 1 else f"-{name}"
        pairs = isinstance(value, dict) and [f"{key}={part}" for key, part in sorted(value.items())]
        yield ",".join(pairs) if isinstance(pairs, list) else "" if value is None else str(value)


def _text(value: Any) -> str:
    """Write a value as AWS's toolkit does."""
    import json

    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _fits(name: str, value: str) -> bool:
    """Tell whether Linux can hand a variable to a program."""
    try:
        whole = os.fsencode(f"{name}={value}")
    except UnicodeEncodeError:
        return False
    return len(whole) <= LONGEST and "=" not in name and b"\0" not in whole


def arguments(environ: Mapping[str, str]) -> list[str]:
    """Say what the supervisor is to be: one for the run, or where there are several processes, who starts them."""
    how = environ.get("ALEKSEYLEARN_LAUNCH", "")
    if how not in {"", "torchrun"}:
        raise BootError(f"ALEKSEYLEARN_LAUNCH is torchrun or empty, and not {how!r}")
    return ["launch"] if how or int(environ["SM_HOST_COUNT"]) > 1 else []


if __name__ == "__main__":
    sys.exit(main())
