"""A part of a bucket: who writes first, large objects in little memory, and bodies that break off."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alekseylearn import aws
from alekseylearn.aws import connect_aws
from alekseylearn.errors import AlekseylearnError
from alekseylearn.s3 import BLOCK, PART, TRIES, Bucket
from tests.fakes.aws import LOST, Cloud, Cut, Request, refusal
from tests.rig.faults import FaultyRoad, Mode


@pytest.fixture
def bucket(cloud: Cloud, bucket_name: str) -> Bucket:
    return Bucket(connect_aws(cloud.environ).client("s3"), bucket_name, "a/prefix", sleep=lambda _: None)


def puts(request: Request) -> bool:
    return request.method == "PUT"


def gets(request: Request) -> bool:
    return request.method == "GET" and "list-type" not in request.query


def refused(slug: str, action: Callable[[], Any]) -> str:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert caught.value.slug == slug, str(caught.value)
    return str(caught.value)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def made(data: bytes) -> Path:
        (tmp_path / "file").write_bytes(data)
        return tmp_path / "file"

    return made


# -- small objects ----------------------------------------------------------------------------------------------------


def test_what_was_put_is_there_below_the_prefix(bucket: Bucket, cloud: Cloud) -> None:
    bucket.put("jobs/one.json", b"{}")
    bucket.put("jobs/one.json", b"{1}")
    assert bucket.get("jobs/one.json", 100) == b"{1}"
    assert bucket.uri("jobs/one.json") == f"s3://{bucket.name}/a/prefix/jobs/one.json"
    assert cloud.asked("PUT")[0].path == f"/{bucket.name}/a/prefix/jobs/one.json"
    assert bucket.get("jobs/two.json", 100) is None


@pytest.mark.parametrize("prefix", ["", "/", "x/", "/x", "x"])
def test_a_prefix_may_be_written_in_any_way(cloud: Cloud, bucket_name: str, prefix: str) -> None:
    bucket = Bucket(connect_aws(cloud.environ).client("s3"), bucket_name, prefix)
    bucket.put("key", b"data")
    assert list(bucket.keys()) == ["key"]
    assert bucket.uri("key") == f"s3://{bucket_name}/{'x/' if 'x' in prefix else ''}key"


@pytest.mark.parametrize("key", ["a b", "\u00fc/\u4f60", "a+b&c=d?e#f", "%41", "a//b", "..", "x" * 900])
def test_any_key_is_found_again(bucket: Bucket, key: str) -> None:
    bucket.put(key, b"data")
    assert bucket.get(key, 10) == b"data"
    assert list(bucket.keys()) == [key]
    bucket.remove(key)
    assert list(bucket.keys()) == []


def test_no_more_is_read_than_was_asked_for(bucket: Bucket) -> None:
    bucket.put("key", b"0123456789")
    assert bucket.get("key", 4) == b"0123"
    assert bucket.get("key", 10) == b"0123456789"
    bucket.put("key", b"")
    assert bucket.get("key", 10) == b""
    assert list(bucket.chunks("key") or [b"none"]) == []


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 300_000])
def test_the_end_of_an_object_is_read(bucket: Bucket, cloud: Cloud, size: int) -> None:
    data = os.urandom(size)
    bucket.put("events", data)
    assert (bucket.tail("events", 100) or b"") == data[-100:]
    assert bucket.tail("nothing", 100) is None


def test_what_is_empty_has_no_end(bucket: Bucket, cloud: Cloud) -> None:
    cloud.fault(refusal("InvalidRange", "The requested range is not satisfiable", 416), when=gets)
    assert bucket.tail("events", 100) is None


def test_keys_are_listed_in_order_over_pages(cloud: Cloud, bucket_name: str) -> None:
    client = connect_aws(cloud.environ).client("s3")
    client.meta.events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 7})
    bucket = Bucket(client, bucket_name, "p")
    names = sorted(f"many/{number}" for number in range(20))
    for name in (*names, "other"):
        bucket.put(name, b"")
    assert list(bucket.keys("many/")) == names
    assert list(bucket.keys("many/1")) == [name for name in names if name.startswith("many/1")]
    assert len([one for one in cloud.asked("GET") if "continuation-token" in one.query]) == 3


def test_when_an_object_was_written_is_known(bucket: Bucket) -> None:
    before = time.time()
    bucket.put("code/bundle.tar.more", b"")
    assert bucket.written("code/bundle.tar") is None
    bucket.put("code/bundle.tar", b"")
    written = bucket.written("code/bundle.tar")
    assert written is not None
    # S3 tells whole seconds.
    assert before - 1 <= written <= time.time() + 1


def test_what_is_removed_is_gone_and_may_have_been_before(bucket: Bucket) -> None:
    bucket.put("key", b"data")
    bucket.remove("key")
    bucket.remove("key")
    assert bucket.get("key", 10) is None


# -- who writes first -------------------------------------------------------------------------------------------------


def test_only_the_first_writes(bucket: Bucket) -> None:
    assert bucket.put_new("lock", b"one")
    assert not bucket.put_new("lock", b"two")
    assert bucket.get("lock", 10) == b"one"
    bucket.remove("lock")
    assert bucket.put_new("lock", b"three")


def test_of_many_at_once_one_writes(bucket: Bucket) -> None:
    told: list[int] = []

    def write(number: int) -> None:
        if bucket.put_new("lock", b"%d" % number):
            told.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bucket.get("lock", 10)] == [b"%d" % number for number in told]


def test_who_writes_while_another_one_does_tries_again(bucket: Bucket, cloud: Cloud) -> None:
    cloud.fault(refusal("ConditionalRequestConflict", "try again", 409), times=2, when=puts)
    assert bucket.put_new("lock", b"one")
    assert len(cloud.asked("PUT")) == 3


def test_a_conflict_that_does_not_end_is_told(bucket: Bucket, cloud: Cloud) -> None:
    cloud.fault(refusal("ConditionalRequestConflict", "try again", 409), times=100, when=puts)
    refused("s3.conflict", lambda: bucket.put_new("lock", b"one"))
    assert len(cloud.asked("PUT")) == TRIES


def test_whoever_wrote_first_knows_it_though_the_answer_was_lost(bucket: Bucket, cloud: Cloud) -> None:
    cloud.fault(LOST, when=puts)
    assert bucket.put_new("lock", b"one")
    assert len(cloud.asked("PUT")) == 2
    cloud.fault(LOST, when=puts)
    assert not bucket.put_new("lock", b"one")


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, BLOCK, PART, PART + 1, 2 * PART + 12345])
def test_a_file_comes_back_as_it_went(bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path], size: int) -> None:
    data = os.urandom(size)
    bucket.upload("model", file(data), sha256(data))
    chunks = list(bucket.chunks("model") or [])
    assert b"".join(chunks) == data
    assert max(map(len, chunks), default=0) <= BLOCK
    assert bool([one for one in cloud.asked("POST") if "uploads" in one.query]) is (size > PART)


@pytest.mark.parametrize("size", [10, PART + 1])
def test_what_is_sent_has_a_checksum_that_s3_compares(
    bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path], size: int
) -> None:
    data = os.urandom(size)
    bucket.upload("model", file(data), sha256(data))
    for one in cloud.asked("PUT"):
        names = {name.lower() for name in one.headers}
        assert any(name.startswith(("x-amz-checksum-", "x-amz-trailer")) for name in names), one.headers


def test_another_file_than_was_meant_is_not_sent(bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path]) -> None:
    assert "file" in refused("archive.mismatch", lambda: bucket.upload("model", file(b"other"), sha256(b"this")))
    assert cloud.asked("PUT") == []


def test_what_is_no_plain_file_is_not_sent(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "nothing"):
        with pytest.raises(OSError):  # noqa: PT011 (each has words of its own)
            bucket.upload("model", tmp_path / name, sha256(b""))


def test_a_part_whose_answer_is_lost_or_that_is_asked_to_wait_is_sent_again(
    bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path]
) -> None:
    data = os.urandom(PART + 1000)
    cloud.fault(LOST, when=puts)
    cloud.fault(refusal("SlowDown", "Please reduce your request rate.", 503), when=puts)
    bucket.upload("model", file(data), sha256(data))
    assert b"".join(bucket.chunks("model") or []) == data


def test_a_large_file_that_is_refused_leaves_no_parts(
    bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path]
) -> None:
    data = os.urandom(2 * PART)
    words = (
        "User: arn:aws:sts::123456789012:assumed-role/submit/x is not authorized to perform: s3:PutObject on resource: "
        '"arn:aws:s3:::models/a/prefix/model" because no identity-based policy allows the s3:PutObject action'
    )
    cloud.fault(refusal("AccessDenied", words, 403), when=lambda one: "partNumber" in one.query)
    told = refused("s3.denied", lambda: bucket.upload("model", file(data), sha256(data)))
    assert "s3:PutObject is not allowed" in told
    assert "submit" in told
    assert [one for one in cloud.asked("DELETE") if "uploadId" in one.query]
    assert list(bucket.keys()) == []


def test_little_memory_is_needed_whatever_the_size(bucket: Bucket, cloud: Cloud, tmp_path: Path) -> None:
    program = """if True:
        import hashlib, json, resource, sys, threading
        from pathlib import Path
        from alekseylearn.aws import connect_aws
        from alekseylearn.s3 import Bucket
        file = Path(sys.argv[1])
        bucket = Bucket(connect_aws(json.load(sys.stdin)).client("s3"), sys.argv[2], "p")
        bucket.put("warm", b"up")
        bucket.get("warm", 1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with file.open("rb") as stream:
            wanted = hashlib.file_digest(stream, "sha256").hexdigest()
        bucket.upload("large", file, wanted)
        digest = hashlib.sha256()
        for chunk in bucket.chunks("large"):
            digest.update(chunk)
        assert digest.hexdigest() == wanted
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    import json

    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.truncate(400 * BLOCK)
    command = [sys.executable, "-c", program, str(large), bucket.name]
    done = subprocess.run(
        command,
        input=json.dumps(cloud.environ),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert int(done.stdout) < 60 * 1024, "kilobytes"


# -- bodies that break off --------------------------------------------------------------------------------------------


def test_a_body_that_breaks_off_is_gone_on_with(bucket: Bucket, cloud: Cloud) -> None:
    data = os.urandom(5 * BLOCK)
    bucket.put("model", data)
    for length in (1, BLOCK + 77, 3):
        cloud.fault(Cut(length), when=gets)
    assert b"".join(bucket.chunks("model") or []) == data
    asked = [one for one in cloud.asked("GET") if gets(one)]
    assert len(asked) == 4
    positions = [int(one.headers["Range"].removeprefix("bytes=").rstrip("-")) for one in asked[1:]]
    assert positions == sorted(positions)
    assert all(one.headers["If-Match"] for one in asked[1:])


def test_a_small_object_that_breaks_off_is_read_whole(bucket: Bucket, cloud: Cloud) -> None:
    bucket.put("key", b"0123456789")
    cloud.fault(Cut(3), when=gets)
    assert bucket.get("key", 100) == b"0123456789"


def test_a_body_that_never_gets_on_is_told(bucket: Bucket, cloud: Cloud) -> None:
    bucket.put("model", os.urandom(4 * BLOCK))
    cloud.fault(Cut(2 * BLOCK + 77), when=gets)
    cloud.fault(Cut(0), times=100, when=gets)
    assert "s3://" in refused("aws.network", lambda: list(bucket.chunks("model") or []))
    assert len(cloud.asked("GET")) == TRIES


@pytest.mark.parametrize("mode", ["reset", "stall", "half", "swallow"])
def test_a_network_that_fails_is_told_in_time_and_what_was_written_stands(
    cloud: Cloud, bucket_name: str, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "READ", 0.3)
    monkeypatch.setattr(aws, "TRIES", 2)
    with FaultyRoad(cloud.url) as road:
        client = connect_aws({**cloud.environ, "AWS_ENDPOINT_URL": road.url}).client("s3")
        far = Bucket(client, bucket_name, "a/road", sleep=lambda _: None)
        assert far.put_new("key", b"first")
        road.mode = mode
        if mode == "half":
            # The first line of the answer says that it was done.
            assert far.put_new("other", b"data")
        else:
            refused("aws.network", lambda: far.put_new("other", b"data"))
        refused("aws.network", lambda: far.get("key", 100))
        assert road.connections < 12
        road.mode = "pass"
        assert far.get("key", 100) == b"first"
        assert far.get("other", 100) == (None if mode in ("reset", "stall") else b"data")
        assert far.put_new("third", b"data")


def test_an_object_that_is_replaced_while_it_is_read_is_not_mixed(bucket: Bucket, cloud: Cloud) -> None:
    bucket.put("model", b"a" * 3 * BLOCK)

    def replaced(request: Request) -> Cut:
        threading.Thread(target=bucket.put, args=("model", b"b" * 3 * BLOCK)).start()
        return Cut(2 * BLOCK)

    cloud.fault(replaced, when=gets)
    cloud.fault(refusal("PreconditionFailed", "", 412), when=lambda one: "If-Match" in one.headers)
    refused("s3.changed", lambda: list(bucket.chunks("model") or []))


def test_a_stream_that_nobody_reads_to_its_end_is_closed(bucket: Bucket) -> None:
    bucket.put("model", os.urandom(3 * BLOCK))
    chunks = bucket.chunks("model")
    assert chunks is not None
    assert len(next(chunks)) == BLOCK
    chunks.close()


# -- refusals ---------------------------------------------------------------------------------------------------------

ACTIONS: dict[str, Callable[[Bucket, Path], Any]] = {
    "put": lambda bucket, _: bucket.put("key", b""),
    "put_new": lambda bucket, _: bucket.put_new("key", b""),
    "get": lambda bucket, _: bucket.get("key", 1),
    "chunks": lambda bucket, _: bucket.chunks("key"),
    "keys": lambda bucket, _: list(bucket.keys("key")),
    "written": lambda bucket, _: bucket.written("key"),
    "remove": lambda bucket, _: bucket.remove("key"),
    "upload": lambda bucket, path: bucket.upload("key", path, sha256(path.read_bytes())),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_bucket_that_is_not_there_is_told(cloud: Cloud, file: Callable[[bytes], Path], name: str) -> None:
    bucket = Bucket(connect_aws(cloud.environ).client("s3"), "nobody-has-this-one", "p")
    assert "nobody-has-this-one" in refused("s3.bucket", lambda: ACTIONS[name](bucket, file(b"x")))


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_denied_names_the_action_and_the_object(
    bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path], name: str
) -> None:
    cloud.fault(refusal("AccessDenied", "Access Denied", 403), times=100)
    told = refused("s3.denied", lambda: ACTIONS[name](bucket, file(b"x")))
    actions = {
        "get": "GetObject",
        "chunks": "GetObject",
        "keys": "ListBucket",
        "written": "ListBucket",
        "remove": "DeleteObject",
    }
    assert f"s3:{actions.get(name, 'PutObject')} is not allowed" in told
    assert bucket.uri("key") in told


@pytest.mark.parametrize(
    "answer",
    [
        refusal("PermanentRedirect", "elsewhere", 301, {"x-amz-bucket-region": "eu-west-1"}),
        refusal(
            "AuthorizationHeaderMalformed",
            "the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region><Message>",
        ),
    ],
    ids=["redirect", "malformed"],
)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_bucket_of_another_region_is_told_and_not_followed(
    bucket: Bucket, cloud: Cloud, file: Callable[[bytes], Path], name: str, answer: Any
) -> None:
    cloud.fault(answer, times=100)
    told = refused("s3.region", lambda: ACTIONS[name](bucket, file(b"x")))
    assert "eu-west-1, not in us-east-1" in told
    assert len(cloud.seen) == 1


def test_who_may_list_but_is_not_told_what_is_missing_finds_out(bucket: Bucket, cloud: Cloud) -> None:
    # S3 says 404 only to those who may list the whole bucket.
    bucket.put("key-and-more", b"")
    denied = refusal("AccessDenied", "Access Denied", 403)
    cloud.fault(denied, when=gets)
    assert bucket.get("key", 10) is None
    bucket.put("key", b"")
    cloud.fault(denied, when=gets)
    refused("s3.denied", lambda: bucket.get("key", 10))


def test_a_network_that_is_gone_is_told(bucket: Bucket, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    import alekseylearn.aws

    monkeypatch.setattr(alekseylearn.aws, "TRIES", 2)
    there = Bucket(connect_aws({**cloud.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).client("s3"), "models")
    assert "s3://models/key" in refused("aws.network", lambda: there.get("key", 1))


def test_a_moment_of_trouble_is_waited_for(bucket: Bucket, cloud: Cloud) -> None:
    bucket.put("key", b"data")
    cloud.fault(refusal("InternalError", "We encountered an internal error.", 500), when=gets)
    cloud.fault(LOST, when=gets)
    assert bucket.get("key", 10) == b"data"
