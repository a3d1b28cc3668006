"""The first process of a SageMaker training job, on a folder that stands for /opt/ml."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import signal
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from alekseylearn.runtime import boot

from .conftest import RUNTIME, Make
from .opt_ml import LAST, Machine, machine
from .test_first_process import OWN_NAMESPACE, behind, has_namespaces

TOLD = "import json, os\nprint(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('SM_', 'TRAINING_', 'PIP_CACHE'))}))"
PARAMETERS = {
    "epochs": "3",
    "name": '"forest"',
    "deep": "true",
    "free": "text",
    "nothing": "null",
    "sub": '{"b":1,"a":[]}',
}


def seen(job: Machine) -> dict[str, str]:
    told: dict[str, str] = json.loads(job.log)
    return told


def test_a_bundle_is_trained_where_sagemaker_collects(bundle: Make, tmp_path: Path) -> None:
    made = bundle("import os\nprint('ran', flush=True)\nopen(os.environ['SM_MODEL_DIR'] + '/weights', 'w').write('1')")
    job = machine(made, tmp_path / "ml")
    job.run()
    assert job.code == 0, job.out
    assert job.out == f"ran\n{LAST}\n"
    assert [file["path"] for file in job.result["model"]] == ["weights"]
    assert sorted(path.name for path in job.folder.iterdir()) == ["checkpoints", "code", "input", "model", "output"]
    assert json.loads((job.mirror / "result.json").read_text()) == job.result


def test_code_is_told_what_the_toolkit_of_aws_tells_it(bundle: Make, tmp_path: Path) -> None:
    job = machine(bundle(TOLD), tmp_path / "ml", parameters=PARAMETERS, channels=["val-2", "train"])
    job.run()
    told, ml = seen(job), str(job.folder)
    group = '{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.xlarge"}'
    resources = (
        '{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":"ml.m5.xlarge",'
        f'"hosts":["algo-1"],"instance_groups":[{group}],"network_interface_name":"eth0"}}'
    )
    file = '{"RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":"File"}'
    arguments = [
        "--deep",
        "True",
        "--epochs",
        "3",
        "--free",
        "text",
        "--name",
        "forest",
        "--nothing",
        "",
        "--sub",
        "a=[],b=1",
    ]
    everything = json.loads(told.pop("SM_TRAINING_ENV"))
    assert everything["hyperparameters"]["epochs"] == 3
    assert everything["channel_input_dirs"]["val-2"] == f"{ml}/input/data/val-2"
    assert (everything["job_name"], everything["log_level"]) == ("alekseylearn-9c1d77a05b20-1", 20)
    assert told == {
        "SM_CHANNELS": '["train","val-2"]', "SM_CHANNEL_TRAIN": f"{ml}/input/data/train",
        "SM_CHANNEL_VAL-2": f"{ml}/input/data/val-2", "SM_CHECKPOINT_DIR": f"{ml}/checkpoints",
        "SM_CURRENT_HOST": "algo-1", "SM_CURRENT_HOST_RANK": "0", "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]', "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]", "SM_FRAMEWORK_MODULE": "", "SM_FRAMEWORK_PARAMS": "{}",
        "SM_HOSTS": '["algo-1"]', "SM_HOST_COUNT": "1",
        "SM_HPS": '{"deep":true,"epochs":3,"free":"text","name":"forest","nothing":null,"sub":{"a":[],"b":1}}',
        "SM_HP_DEEP": "true", "SM_HP_EPOCHS": "3", "SM_HP_FREE": "text", "SM_HP_NAME": "forest", "SM_HP_NOTHING": "",
        "SM_HP_SUB": '{"a":[],"b":1}', "SM_INPUT_CONFIG_DIR": f"{ml}/input/config",
        "SM_INPUT_DATA_CONFIG": f'{{"train":{file},"val-2":{file}}}', "SM_INPUT_DATA_DIR": f"{ml}/input/data",
        "SM_INPUT_DIR": f"{ml}/input", "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_INSTANCE_GROUPS_DICT": f'{{"homogeneousCluster":{group}}}', "SM_IS_HETERO": "false", "SM_LOG_LEVEL": "20",
        "SM_MASTER_ADDR": "127.0.0.1", "SM_MASTER_PORT": "7777", "SM_MODEL_DIR": f"{ml}/model",
        "SM_MODULE_DIR": f"{ml}/code", "SM_MODULE_NAME": "train", "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": str(os.cpu_count()), "SM_NUM_GPUS": str(boot.count_gpus()),
        "SM_OUTPUT_DATA_DIR": f"{ml}/output/data", "SM_OUTPUT_DIR": f"{ml}/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{ml}/output/intermediate", "SM_RESOURCE_CONFIG": resources,
        "SM_USER_ARGS": json.dumps(arguments, separators=(",", ":")), "SM_USER_ENTRY_POINT": "train.py",
        "TRAINING_JOB_NAME": "alekseylearn-9c1d77a05b20-1",
    }  # fmt: skip


def test_what_a_variable_cannot_hold_is_left_out(bundle: Make, tmp_path: Path) -> None:
    long = {f"text{number}": json.dumps("x" * 2000) for number in range(99)}
    job = machine(
        bundle(TOLD), tmp_path / "ml", parameters={**long, "half": '"\\ud800"', "nul": '"\\u0000"', "a=b": "1"}
    )
    job.run()
    assert job.code == 0, job.out
    told = seen(job)
    assert told["SM_HP_TEXT98"] == "x" * 2000
    assert not {"SM_HPS", "SM_TRAINING_ENV", "SM_HP_HALF", "SM_HP_NUL", "SM_HP_A"} & told.keys()


@pytest.mark.parametrize(("given", "kept"), [({}, "/warm/pip"), ({"PIP_CACHE_DIR": "/mine"}, "/mine")])
def test_pip_keeps_its_downloads_on_a_machine_that_is_kept_warm(
    bundle: Make, tmp_path: Path, given: dict[str, str], kept: str
) -> None:
    warm = {"SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY": "/warm", **given}
    job = machine(bundle(TOLD), tmp_path / "ml", env=warm)
    job.run()
    assert seen(job)["PIP_CACHE_DIR"] == kept


def test_an_older_bundle_leaves_nothing_behind(bundle: Make, tmp_path: Path) -> None:
    job = machine(bundle("import os\nprint(os.path.exists('stale.csv'))"), tmp_path / "ml")
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    old = job.folder / "code" / "files" / "notebooks"
    old.mkdir(parents=True)
    (old / "stale.csv").write_text("1")
    (job.folder / "code" / "train.py").write_text("1 / 0")
    (job.folder / "code" / "link").symlink_to(outside)
    job.run()
    assert (job.code, job.log) == (0, "False\n"), job.out
    assert (outside / "kept").exists()
    assert not (job.folder / "code" / "link").is_symlink()


def test_gpus_are_counted_as_the_driver_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: A10G (UUID: GPU-1)'\necho 'GPU 1: A10G (UUID: GPU-2)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert boot.count_gpus() == 2
    program.write_text("#!/bin/sh\nexit 9\n")
    assert boot.count_gpus() == len(list(Path("/dev").glob("nvidia[0-9]*")))


Break = Callable[[Machine], None]


def without_bundle(job: Machine) -> None:
    (job.boot.parent / "bundle.tar").unlink()


def with_another_bundle(job: Machine) -> None:
    (job.boot.parent / "bundle.tar").write_bytes(b"another")


def without_a_digest(job: Machine) -> None:
    del job.environ["ALEKSEYLEARN_BUNDLE"]


def with_broken(name: str, text: str) -> Break:
    return lambda job: (job.folder / "input" / "config" / f"{name}.json").write_text(text) and None


def without_resources(job: Machine) -> None:
    (job.folder / "input" / "config" / "resourceconfig.json").unlink()


def with_tar(*entries: tarfile.TarInfo | str) -> Break:
    def swap(job: Machine) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for entry in entries:
                archive.addfile(tarfile.TarInfo(entry) if isinstance(entry, str) else entry, io.BytesIO())
        put_tar(job, buffer.getvalue())

    return swap


def put_tar(job: Machine, data: bytes) -> None:
    (job.boot.parent / "bundle.tar").write_bytes(data)
    job.environ["ALEKSEYLEARN_BUNDLE"] = hashlib.sha256(data).hexdigest()


def with_no_tar(job: Machine) -> None:
    put_tar(job, b"no archive" * 100)


def with_launch(job: Machine) -> None:
    job.environ["ALEKSEYLEARN_LAUNCH"] = "mpi"


def with_a_file_for_code(job: Machine) -> None:
    (job.folder / "code").write_text("")


def entry_of(kind: bytes, name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_bundle, "the channel code has no bundle.tar: No such file"),
        (with_another_bundle, "bundle.tar is not the one of this job: its sha256 is ae448ac8"),
        (without_a_digest, "ALEKSEYLEARN_BUNDLE does not say"),
        (with_broken("hyperparameters", "{"), "hyperparameters.json cannot be read: Expecting"),
        (with_broken("inputdataconfig", "[]"), "inputdataconfig.json is no table"),
        (with_broken("resourceconfig", '{"hosts": 3}'), "resourceconfig.json does not name the hosts"),
        (with_broken("resourceconfig", '{"current_host": "c", "hosts": ["a", "b"]}'), "does not name the hosts"),
        (without_resources, "resourceconfig.json is not there"),
        (with_tar("../../evil"), "no file of a bundle: '../../evil'"),
        (with_tar("/tmp/evil"), "no file of a bundle: '/tmp/evil'"),
        (with_tar("files//evil"), "no file of a bundle"),
        (with_tar(entry_of(tarfile.SYMTYPE, "link")), "no file of a bundle: 'link'"),
        (with_tar(entry_of(tarfile.LNKTYPE, "hard")), "no file of a bundle: 'hard'"),
        (with_tar(entry_of(tarfile.DIRTYPE, "folder")), "no file of a bundle: 'folder'"),
        (with_tar("train.py", "train.py"), "FileExistsError"),
        (with_no_tar, "bundle.tar cannot be read"),
        (with_launch, "ALEKSEYLEARN_LAUNCH is torchrun or empty, and not 'mpi'"),
        (with_a_file_for_code, "FileExistsError"),
    ],
)
def test_a_job_that_cannot_be_started_says_why_in_one_line(
    bundle: Make, tmp_path: Path, spoil: Break, said: str
) -> None:
    job = machine(bundle("print('ran')"), tmp_path / "ml")
    spoil(job)
    job.run()
    assert job.code == 1
    assert job.failure is not None
    assert job.failure.startswith("alekseylearn: the job could not be started: ")
    assert said in job.failure
    assert job.failure.count("\n") == 1
    assert job.out.endswith(f"{job.failure}{LAST}\n")
    assert not list(tmp_path.rglob("evil"))


def test_a_failure_that_cannot_be_written_down_is_told_all_the_same(bundle: Make, tmp_path: Path) -> None:
    job = machine(bundle("print('ran')"), tmp_path / "ml", env={"ALEKSEYLEARN_LAST_LINE": ""})
    without_bundle(job)
    (job.folder / "output" / "data").rmdir()
    (job.folder / "output").rmdir()
    (job.folder / "output").write_text("")
    job.run()
    assert job.code == 1
    assert "has no bundle.tar" in job.out
    assert LAST not in job.out


BEGUN = "    from pathlib import Path\n\n    root"


def stopped_while_it_boots(job: Machine) -> Machine:
    text = job.boot.read_text()
    assert BEGUN in text
    job.boot.write_text(text.replace(BEGUN, f"    os.kill(os.getpid(), signal.SIGTERM)\n{BEGUN}"))
    job.run()
    return job


def test_a_stop_while_the_job_boots_is_a_stop(bundle: Make, tmp_path: Path) -> None:
    job = stopped_while_it_boots(machine(bundle("print('ran')"), tmp_path / "ml"))
    assert (job.code, job.result["state"], job.states) == (7, "stopped", ["not-reached"]), job.out
    assert job.out == f"{LAST}\n"


@pytest.mark.skipif(not has_namespaces(), reason="no namespace of its own can be made here")
def test_the_first_process_of_a_job_loses_no_signal(bundle: Make, tmp_path: Path) -> None:
    made = bundle("print('ran')", python=behind(tmp_path, *OWN_NAMESPACE))
    job = stopped_while_it_boots(machine(made, tmp_path / "ml"))
    assert (job.code, job.result["state"], job.out) == (7, "stopped", f"{LAST}\n")


def test_the_supervisor_is_the_process_that_booted(bundle: Make, tmp_path: Path) -> None:
    job = machine(
        bundle("import os, time\nprint('training', os.getppid(), flush=True)\ntime.sleep(60)"), tmp_path / "ml"
    )
    job.start()
    job.wait_for("training")
    assert job.process is not None
    assert job.out == f"training {job.process.pid}\n"
    job.process.send_signal(signal.SIGTERM)
    job.end()
    assert (job.code, job.result["state"], job.out.splitlines()[-1]) == (7, "stopped", LAST)


def test_booting_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse((RUNTIME / "boot.py").read_text(), feature_version=(3, 9))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 0 for node in froms)
    assert names | {node.module for node in froms} <= sys.stdlib_module_names | {"collections.abc"}
