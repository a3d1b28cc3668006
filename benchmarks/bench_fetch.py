"""How much memory and time `alekseylearn fetch FILE` takes for archives of 10 GB, and how soon a bomb is refused.

`bench_fetch.py [GB]`: the archives are files with holes, which need no disk; what comes home has them, too. Limits: 150
MB of memory at the peak, and for a bomb 64 MB of disk.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

GIB = 1024**3
BLOCK = 1024 * 1024
MEMORY = 150
"""MB that a fetch may take at its peak."""
FORCE = 64
"""MB of a file of random bytes, which gzip makes no smaller; they are written again and again."""


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 10) * GIB
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetch(f"a tar of {size // GIB} GiB", plain(folder / "model.tar", size), 0)
        fetch(f"a zip of {size // GIB} GiB", zipped(folder / "artifact.zip", size), 0)
        fetch("a tar.gz of 2 GiB that does not shrink", packed(folder / "model.tar.gz", 2 * GIB), 0)
        fetch("a bomb of 10 GiB in 10 MB", bomb(folder / "bomb.tar.gz", 10 * GIB), 3)


def fetch(what: str, path: Path, code: int) -> None:
    """Fetch *path*, which ends with *code*, and print what it took."""
    target = path.with_name("to")
    start = time.monotonic()
    command = [sys.executable, "-m", "alekseylearn", "fetch", path, "--to", target]
    child = subprocess.Popen(command, cwd=path.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seen = [(0, 0), *watched(child, path.parent, path)]
    disk, memory = (max(one) for one in zip(*seen, strict=True))
    assert child.stderr is not None
    said = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    if os.waitstatus_to_exitcode(status) != code:
        raise SystemExit(f"{what} ended with {os.waitstatus_to_exitcode(status)}:\n{said}")
    spent = usage.ru_utime + usage.ru_stime
    print(
        f"{what:<40} {seconds:6.1f} s, {spent:5.1f} s CPU, {memory:4.0f} MB of {MEMORY}, {disk / 1e6:5.0f} MB of disk"
    )
    if memory > MEMORY or (code and disk > 64e6):
        raise SystemExit("more than the limit")
    subprocess.run(["rm", "-rf", target], check=True)
    path.unlink()


def watched(child: subprocess.Popen[bytes], folder: Path, path: Path) -> Iterator[tuple[int, float]]:
    """Tell the disk that is used below *folder*, but for *path*, and the child's memory in MB, until it ends.

    The memory is the kernel's mark of the most so far: wait4 would tell that of this process before it began the other.
    """
    while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        used = 0
        for place, _, names in os.walk(folder):
            for name in names:
                try:
                    used += os.lstat(f"{place}/{name}").st_blocks * 512 if f"{place}/{name}" != str(path) else 0
                except FileNotFoundError:
                    continue
        marks = re.findall(
            r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text("ascii", "replace"), re.MULTILINE
        )
        yield used, max((int(mark) / 1000 for mark in marks), default=0.0)
        time.sleep(0.05)


def header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def plain(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.write(header("model.bin", size))
        file.truncate(512 + size + 1024)
    return path


def zipped(path: Path, size: int) -> Path:
    """Write a zip with one stored file of zeros (APPNOTE.TXT 4.3, with the fields of ZIP64)."""
    crc = 0
    for _ in range(size // BLOCK):
        crc = zlib.crc32(bytes(BLOCK), crc)
    name, wide = b"model.bin", struct.pack("<HHQQ", 1, 16, size, size)
    fields = struct.pack("<HHHHHLLLHH", 45, 0, 0, 0, 33, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(wide))
    begin = b"PK\x03\x04" + fields + name + wide
    listed = b"PK\x01\x02" + struct.pack("<H", 45) + fields + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name + wide
    at = len(begin) + size
    end64 = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 1, 1, len(listed), at)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, at + len(listed), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(listed), 0xFFFFFFFF, 0)
    with path.open("wb") as file:
        file.write(begin)
        file.seek(size, os.SEEK_CUR)
        file.write(listed + end64 + locator + end)
    return path


def packed(path: Path, size: int) -> Path:
    piece = gzip.compress(random.Random(1).randbytes(FORCE * BLOCK), 1)
    with path.open("wb") as file:
        file.write(gzip.compress(header("model.bin", size)))
        for _ in range(size // (FORCE * BLOCK)):
            file.write(piece)
        file.write(gzip.compress(bytes(1024)))
    return path


def bomb(path: Path, size: int) -> Path:
    piece = gzip.compress(bytes(BLOCK))
    with path.open("wb") as file:
        file.write(gzip.compress(header("model.bin", size)))
        file.writelines(piece for _ in range(size // BLOCK))
        file.write(gzip.compress(bytes(1024)))
    return path


if __name__ == "__main__":
    main()
