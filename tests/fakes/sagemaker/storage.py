"""What goes between S3 and a job's folders."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import tarfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

BLOCK = 8 << 20
"""Bytes of one part of an upload."""


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 address."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def below(key: str, *parts: str) -> str:
    """Return a key below the prefix *key*."""
    return "/".join(part for part in (key.strip("/"), *parts) if part)


def keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Yield all keys with *prefix*."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            yield found["Key"]


def bring(s3: Any, uri: str, folder: Path) -> None:
    """Download what lies below *uri* into *folder*, named relative to the last `/` of the prefix."""
    bucket, prefix = split(uri)
    base = len(prefix) if prefix.endswith("/") or not prefix else len(prefix) + 1
    folder.mkdir(parents=True, exist_ok=True)
    for key in keys(s3, bucket, prefix):
        # A prefix that is a whole key, or ends within a name, keeps the last part of the path.
        name = key[base:] if len(key) > base and key[base - 1 : base] in ("/", "") else key[prefix.rfind("/") + 1 :]
        if not name or name.endswith("/"):
            continue
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(place))


class Archive:
    """A file to write a tar.gz into, which becomes an object part by part: neither memory nor disk holds the whole."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3, self._place = s3, {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> int:
        """Take *data*; send a part when there is enough."""
        self._buffer += data
        while len(self._buffer) >= BLOCK:
            self._send(bytes(self._buffer[:BLOCK]))
            del self._buffer[:BLOCK]
        return len(data)

    def _send(self, data: bytes) -> None:
        if self._upload is None:
            self._upload = self._s3.create_multipart_upload(**self._place)["UploadId"]
        number = len(self._parts) + 1
        done = self._s3.upload_part(**self._place, UploadId=self._upload, PartNumber=number, Body=data)
        self._parts.append({"PartNumber": number, "ETag": done["ETag"]})

    def close(self) -> None:
        """Complete the object."""
        if self._upload is None:
            self._s3.put_object(**self._place, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._s3.complete_multipart_upload(**self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts})


def export(s3: Any, folders: Iterable[Path], uri: str, name: str, *, pack: bool = True) -> str | None:
    """Store what lies in *folders* (the first that has a name wins) as `<uri>/<name>.tar.gz`, and return its address.

    Return None where they are all empty. Without *pack* the files are stored one by one below `<uri>/<name>/`.
    Symlinks stay symlinks in an archive, FIFOs stay FIFOs, sockets are left out: nothing is ever opened that could hang.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            found.setdefault(path.name, path)
    if not found:
        return None
    bucket, prefix = split(uri)
    if not pack:
        for name_there, path in files(found):
            s3.upload_file(str(path), bucket, below(prefix, name, name_there))
        return f"s3://{bucket}/{below(prefix, name)}/"
    key = below(prefix, f"{name}.tar.gz")
    archive = Archive(s3, bucket, key)
    with (
        gzip.GzipFile(fileobj=archive, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w|", bufsize=1 << 20) as tar,
    ):
        for first, path in found.items():
            tar.add(path, arcname=first)
    archive.close()
    return f"s3://{bucket}/{key}"


def files(found: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yield the plain files that *found* names or that lie below it."""
    for name, path in found.items():
        for folder, _, names in os.walk(path):
            for inside in sorted(names):
                place = Path(folder, inside)
                if stat.S_ISREG(place.lstat().st_mode):
                    yield f"{name}/{place.relative_to(path).as_posix()}", place
        if stat.S_ISREG(path.lstat().st_mode):
            yield name, path


class Mirror:
    """Keeps a folder below an S3 address while it changes; what goes away in the folder stays in S3."""

    def __init__(self, s3: Any, folder: Path, uri: str, interval: float) -> None:
        self._s3, self._folder, self._interval = s3, folder, interval
        self._bucket, self._prefix = split(uri)
        self._known: dict[str, tuple[int, int]] = {}
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        for name, path in self._files():
            self._known[name] = mark(path)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, *, final: bool) -> None:
        """Stop looking; with *final* everything that changed is stored."""
        self._end.set()
        self._thread.join()
        if final:
            self.store()

    def _run(self) -> None:
        while not self._end.wait(self._interval):
            self.store()

    def _files(self) -> list[tuple[str, Path]]:
        with contextlib.suppress(FileNotFoundError):
            return list(files({path.name: path for path in self._folder.iterdir()}))
        return []

    def store(self) -> None:
        """Store what changed since the last time."""
        with self._lock:
            for name, path in self._files():
                # It may go, or change, while it is read: the next round sees it.
                with contextlib.suppress(OSError, ClientError):
                    seen = mark(path)
                    if self._known.get(name) != seen:
                        self._s3.upload_file(str(path), self._bucket, below(self._prefix, name))
                        self._known[name] = seen


def mark(path: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    about = path.lstat()
    return about.st_mtime_ns, about.st_size
