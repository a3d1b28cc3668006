"""A part of an S3 bucket: small objects whole, large ones in pieces, and what must be written first or not at all."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alekseylearn.aws_failures import error_code, failed
from alekseylearn.disk import open_plain
from alekseylearn.errors import InputError, MachineError

BLOCK = 256 * 1024
"""What is read at a time, in bytes: less than this of a body that breaks off is lost."""
PART = 16 * 1024 * 1024
"""Files larger than this are sent in parts of this size, some at a time."""
TRIES = 6
"""How often something is tried in a row without getting on: a body that breaks off, a conflict of two writers."""
_THREADS = 4
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_CONFLICTS = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
_TAKEN = frozenset({"PreconditionFailed", "412"})
_WRITER = "writer"


class Bucket:
    """The objects below *prefix* in the bucket *name*; keys are relative to it. *client* is boto3's client of S3.

    Raises `MachineError`: `s3.bucket` (there is none of that name), `s3.denied` (names the action), `s3.region` (it is
    in another region), `s3.conflict` (others write at the same time), and those of `aws.failed`.
    """

    def __init__(self, client: Any, name: str, prefix: str = "", sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = client
        self._sleep = sleep
        # A training job needs its bucket in its own region: a client that quietly went elsewhere would hide that.
        stay = partial(_stay, client.meta.region_name)
        client.meta.events.register_first("needs-retry.s3", stay, unique_id="alekseylearn-stay")

    def uri(self, key: str) -> str:
        """Return the address of *key*."""
        return f"s3://{self.name}/{self.prefix}{key}"

    def put_new(self, key: str, data: bytes) -> bool:
        """Write *data* unless there is something at *key* already; tell whether it was written."""
        from botocore.exceptions import ClientError

        writer = secrets.token_hex(16)
        for attempt in range(TRIES):
            with self._asking("writing to S3", key):
                try:
                    self._client.put_object(**self._at(key), Body=data, IfNoneMatch="*", Metadata={_WRITER: writer})
                except ClientError as error:
                    code, _ = error_code(error)
                    if code in _TAKEN:
                        # The answer to a first try of ours may have been lost on its way.
                        return _tries(error) > 0 and self._writer(key) == writer
                    if code not in _CONFLICTS:
                        raise
                else:
                    return True
            self._sleep(0.05 * 2**attempt)
        hint = "run the same command again"
        raise MachineError("s3.conflict", "others write the same again and again", where=self.uri(key), hint=hint)

    def put(self, key: str, data: bytes) -> None:
        """Write *data*, over what may be there."""
        with self._asking("writing to S3", key):
            self._client.put_object(**self._at(key), Body=data)

    def get(self, key: str, most: int) -> bytes | None:
        """Read at most *most* bytes; None where there is nothing."""
        chunks = self.chunks(key)
        if chunks is None:
            return None
        parts, size = [], 0
        with closing(chunks):
            for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size >= most:
                    break
        return b"".join(parts)[:most]

    def upload(self, key: str, path: Path, sha256: str) -> None:
        """Write the plain file *path*, which must have the hash *sha256*; little memory is needed whatever its size.

        Raises `InputError` `archive.mismatch` where it is another file.
        """
        from boto3.s3.transfer import TransferConfig

        with self._asking("writing to S3", key), open_plain(path) as file:
            digest, size = hashlib.file_digest(file, "sha256"), file.tell()
            if digest.hexdigest() != sha256:
                what = f"{path.name} is not the file that training left"
                raise InputError("archive.mismatch", what, where=str(path), hint="train it again")
            file.seek(0)
            if size <= PART:
                # S3 compares it too, and refuses what was damaged on its way.
                checksum = base64.b64encode(digest.digest()).decode()
                self._client.put_object(**self._at(key), Body=file, ChecksumSHA256=checksum)
                return
            config = TransferConfig(
                multipart_threshold=PART,
                multipart_chunksize=PART,
                max_concurrency=_THREADS,
                preferred_transfer_client="classic",
            )
            # By name: of an open file it would hold ten parts in memory.
            self._client.upload_file(str(path), self.name, self.prefix + key, Config=config)

    def chunks(self, key: str, start: int = 0) -> Generator[bytes, None, None] | None:
        """Read an object in blocks of at most 256 KiB, going on where the body breaks off; None where there is nothing.

        It is read from the byte *start* on, which must be one of its own. Raises `MachineError` `s3.changed` where
        somebody writes it meanwhile.
        """
        first = self._open(key, f"bytes={start}-" if start else "")
        return None if first is None else self._blocks(key, first, start)

    def tail(self, key: str, most: int) -> bytes | None:
        """Read the last *most* bytes; None where there is nothing."""
        reply = self._open(key, f"bytes=-{most}")
        if reply is None:
            return None
        with self._asking("reading from S3", key), closing(reply["Body"]) as body:
            return bytes(body.read())

    def written(self, key: str) -> float | None:
        """Return when *key* was written last, in seconds since 1970; None where there is nothing."""
        with self._asking("listing S3", key):
            item = self._listed(key)
        return None if item is None else float(item["LastModified"].timestamp())

    def keys(self, prefix: str = "") -> Iterator[str]:
        """List the keys that begin with *prefix*, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix + prefix)
        with self._asking("listing S3", prefix):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield item["Key"].removeprefix(self.prefix)

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        with self._asking("removing from S3", key):
            self._client.delete_object(**self._at(key))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.prefix + key}

    def _open(self, key: str, part: str = "") -> Any:
        """Ask for an object, or for a *part* of it: `bytes=7-`; None where there is nothing."""
        from botocore.exceptions import ClientError
        from urllib3.exceptions import HTTPError

        with self._asking("reading from S3", key):
            try:
                for attempt in range(TRIES):
                    reply = self._client.get_object(**self._at(key), **({"Range": part} if part else {}))
                    # Python takes headers that break off for all that there are.
                    if "ContentLength" in reply and reply.get("ETag", "").endswith('"'):
                        return reply
                    reply["Body"].close()
                    self._sleep(0.05 * 2**attempt)
                raise HTTPError("the answer broke off within its headers")
            except ClientError as error:
                code, status = error_code(error)
                # Whoever may list a part of a bucket only is not told that an object is missing, but that it is denied.
                # Of what is empty there is no part.
                if code in _ABSENT or code == "InvalidRange" or (status == 403 and self._absent(key)):
                    return None
                raise

    def _absent(self, key: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            return self._listed(key) is None
        except ClientError:
            return False

    def _listed(self, key: str) -> Any:
        """Describe an object, where there is one; unlike HEAD a list has words when it is refused."""
        # An object's own key sorts before all that it is the beginning of.
        listed = self._client.list_objects_v2(Bucket=self.name, Prefix=self.prefix + key, MaxKeys=1)
        return next((item for item in listed.get("Contents", ()) if item["Key"] == self.prefix + key), None)

    def _blocks(self, key: str, reply: Any, start: int) -> Generator[bytes, None, None]:
        from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
        from urllib3.exceptions import HTTPError

        size, etag, position, tries = start + reply["ContentLength"], reply["ETag"], start, 0
        with self._asking("reading from S3", key):
            while True:
                with closing(reply["Body"]) as body:
                    try:
                        while block := body.read(BLOCK):
                            position, tries = position + len(block), 0
                            yield block
                    except (HTTPClientError, IncompleteReadError, HTTPError, OSError):
                        tries += 1
                        if tries == TRIES:
                            raise
                    else:
                        return
                if position == size:
                    return
                self._sleep(0.05 * 2**tries)
                try:
                    reply = self._client.get_object(**self._at(key), Range=f"bytes={position}-", IfMatch=etag)
                except ClientError as error:
                    if error_code(error)[0] in _TAKEN | _ABSENT:
                        hint = "run the same command again"
                        what = "an object was replaced while it was read"
                        raise MachineError("s3.changed", what, where=self.uri(key), hint=hint) from None
                    raise

    def _writer(self, key: str) -> str:
        # Not by HEAD: its refusals have no words, such as that credentials have expired.
        reply = self._client.get_object(**self._at(key))
        with closing(reply["Body"]):
            return str(reply["Metadata"].get(_WRITER, ""))

    @contextmanager
    def _asking(self, doing: str, key: str) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except _ElsewhereError as error:
            what = f"the bucket {self.name} is in {error.region}, not in {self._client.meta.region_name}"
            hint = "name a bucket of the region that is trained in, or change `region`"
            raise MachineError("s3.region", what, where=self.uri(""), hint=hint) from None
        except (BotoCoreError, ClientError, Boto3Error, HTTPError) as error:
            # boto3 wraps what went wrong while a file was sent.
            cause = error.__context__ if isinstance(error, Boto3Error) else error
            raise self._told(cause if isinstance(cause, Exception) else error, doing, key) from None

    def _told(self, error: Exception, doing: str, key: str) -> MachineError:
        if error_code(error)[0] == "NoSuchBucket":
            hint = "correct `bucket` under `sagemaker:`, or make it: `alekseylearn init` writes how"
            return MachineError("s3.bucket", "there is no such bucket", where=f"s3://{self.name}", hint=hint)
        told = failed(error, doing=doing)
        slug = "s3.denied" if told.slug == "aws.denied" else told.slug
        return MachineError(slug, told.what, where=self.uri(key), hint=told.hint)


class _ElsewhereError(Exception):
    """The bucket is in another region."""

    def __init__(self, region: str) -> None:
        self.region = region
        super().__init__(region)


def _stay(region: str, response: Any, **_: Any) -> None:
    if response is None:
        return
    reply, parsed = response
    headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    there = headers.get("x-amz-bucket-region") or parsed.get("Error", {}).get("Region")
    if reply.status_code in (301, 400) and there and there != region:
        raise _ElsewhereError(there)


def _tries(error: Any) -> int:
    """Return how often a request was repeated before it was refused."""
    return int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
