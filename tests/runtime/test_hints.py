from __future__ import annotations

import pytest

from alekseylearn.runtime.hints import hint_for

SHARED = "raise `shm_size` under docker:, or use fewer DataLoader workers"
NETWORK = "the job has no network, or the name is wrong: in a container allow it with `docker: {network: bridge}`"
READ_ONLY = "data sets are mounted read-only: write below $SM_OUTPUT_DATA_DIR"


@pytest.mark.parametrize(
    ("exception", "message", "hint"),
    [
        (
            "RuntimeError",
            "unable to allocate shared memory(shm) for file </torch_9_1_0>: No space left on device (28)",
            SHARED,
        ),
        ("RuntimeError", "unable to open shared memory object </torch_9> in read-write mode: Too many", SHARED),
        (
            "RuntimeError",
            "DataLoader worker (pid 8) is killed by signal: Bus error. It is possible that workers are out of shared memory",
            SHARED,
        ),
        ("RuntimeError", "ERROR: Unexpected bus error encountered in worker. insufficient shared memory (shm)", SHARED),
        ("urllib.error.URLError", "<urlopen error [Errno -2] Name or service not known>", NETWORK),
        ("urllib.error.URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", NETWORK),
        (
            "requests.exceptions.ConnectionError",
            "HTTPSConnectionPool(host='x', port=443): Max retries exceeded (Caused by NameResolutionError(\"x\"))",
            NETWORK,
        ),
        ("OSError", "[Errno 101] Network is unreachable", NETWORK),
        ("socket.gaierror", "[Errno 11001] getaddrinfo failed", NETWORK),
        ("OSError", "[Errno 30] Read-only file system: '/opt/ml/input/data/train/cache'", READ_ONLY),
        ("OSError", "[Errno 28] No space left on device", "the disk is full"),
        ("torch.AcceleratorError", "CUDA error: no CUDA-capable device is detected", "choose a backend with one"),
        ("MemoryError", "", "the machine's memory is full"),
        ("RuntimeError", "CUDA out of memory. Tried to allocate 2 GiB", "the GPU's memory is full"),
    ],
)
def test_what_a_container_refuses_has_its_cure(exception: str, message: str, hint: str) -> None:
    assert hint in (hint_for(exception, message) or "")


def test_other_failures_have_no_hint() -> None:
    assert hint_for("ValueError", "shapes (3,) and (4,) do not match") is None
