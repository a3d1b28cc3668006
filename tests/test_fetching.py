"""What a person names is found, here or on GitHub, and comes home as it was left."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.aws import connect_aws
from alekseylearn.config import Config, parse_config
from alekseylearn.downloads import Downloader
from alekseylearn.errors import AlekseylearnError
from alekseylearn.fetching import Fetched, Sources, fetch, fetch_all, unpack
from alekseylearn.finding import find_result
from alekseylearn.forges.rest import open_rest
from alekseylearn.forges.uploads import Uploads
from alekseylearn.jobs import Artifact, JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.pulled import Puller
from alekseylearn.s3 import Bucket
from alekseylearn.stores.folder import FolderStore
from alekseylearn.stores.layered import LayeredStore
from alekseylearn.stores.s3 import S3Store
from alekseylearn.watching import Lookout
from tests.fakes.aws import Cloud, Cut, Request, refusal
from tests.fakes.github import faults
from tests.fakes.github.faults import BlobFault
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Repository
from tests.shop import open_shop
from tests.uploads import digest_of, members, model, run_json

pytest_plugins = ["tests.fakes.github.fixture"]

HEAD, BASE = {"model.pkl": b"head" * 50_000, "metrics.jsonl": b"{}"}, {"model.pkl": b"base"}
NEWER = "c" * 40
CONTENT = random.Random(6).randbytes(1_000_000)


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    found = github.add_repository("octo/consumer")
    found.add_pull(7)
    return found


@pytest.fixture
def sources(github: FakeGitHub, tmp_path: Path) -> Sources:
    return sources_of(github, tmp_path)


def sources_of(github: FakeGitHub, folder: Path, token: str = "ghp_mona", config: Config | None = None) -> Sources:
    shop = open_shop(folder)

    def puller(named: str | None) -> Puller:
        rest = open_rest(github.url, token, pause=lambda _: None)
        uploads = Uploads(rest=rest, repository=named or "octo/consumer")
        downloader = Downloader(sleep=lambda _: None)
        return Puller(uploads=uploads, downloader=downloader, cache=folder / "cache", clock=lambda: 1e9)

    lookout = Lookout(shop=shop, connect=lambda name: pytest.fail(f"{name} was asked"))
    return Sources(lookout=lookout, config=config or Config(), puller=puller)


def refused(slug: str, action: Callable[[], Any]) -> str:
    with pytest.raises(AlekseylearnError) as caught:
        action()
    assert caught.value.slug == slug, str(caught.value)
    assert len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


def contents(fetched: Fetched) -> dict[str, bytes]:
    """Return the files that came, and make sure that there are no others."""
    there = [path.relative_to(fetched.folder).as_posix() for path in fetched.folder.rglob("*") if path.is_file()]
    assert sorted(there) == sorted(file.name for file in fetched.files)
    for file in fetched.files:
        data = file.path.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
    return {file.name: file.path.read_bytes() for file in fetched.files}


def keep(sources: Sources, folder: Path, name: str, content: bytes = b"model", **fields: Any) -> TrainingResult:
    """Keep a succeeded result of the model *name*."""
    left = folder / "left" / hashlib.sha256(content).hexdigest()[:8]
    left.mkdir(parents=True, exist_ok=True)
    (left / "model.pkl").write_bytes(content)
    digest = hashlib.sha256(name.encode() + content).hexdigest()
    item = Artifact(
        name="model.pkl", path="model.pkl", size=len(content), sha256=hashlib.sha256(content).hexdigest(), url=""
    )
    result = TrainingResult(
        run=digest[:12],
        digest=digest,
        state=JobState.SUCCEEDED,
        backend="process",
        metrics=(Metric(name="mse", value=0.5, source="printed", cell=1, series=()),),
        artifacts=(item,),
        name=name,
    )
    return sources.shop.store.put(dataclasses.replace(result, **fields), left)


class TestHere:
    def test_a_run_by_the_beginning_of_its_id(self, sources: Sources, tmp_path: Path) -> None:
        result = keep(sources, tmp_path, "growth")
        fetched = fetch(result.digest[:8], sources, into=tmp_path / "to")
        assert contents(fetched) == {"model.pkl": b"model"}
        assert (fetched.run, fetched.name, fetched.source) == (result.run, "growth", "this machine")
        assert (dict(fetched.metrics), fetched.base) == ({"mse": 0.5}, None)

    def test_a_model_is_its_newest_result(self, sources: Sources, tmp_path: Path) -> None:
        keep(sources, tmp_path, "growth", b"old", finished=1.0)
        keep(sources, tmp_path, "growth", b"new", finished=2.0)
        keep(sources, tmp_path, "other", b"other", finished=3.0)
        assert contents(fetch("growth", sources, into=tmp_path / "to")) == {"model.pkl": b"new"}

    def test_a_model_is_not_what_was_trained_to_compare_it_with(self, sources: Sources, tmp_path: Path) -> None:
        head = keep(sources, tmp_path, "growth", b"head", finished=1.0)
        base = keep(sources, tmp_path, "growth", b"base", finished=2.0)
        seed = keep(sources, tmp_path, "growth", b"seed", finished=3.0)
        document = run_json("growth", {}, base={})
        document["digest"], document["base"]["digest"] = head.digest, base.digest
        document["repeats"] = {"head": [{"digest": seed.digest, "state": "succeeded", "metrics": {}}], "base": []}
        last = sources.shop.home / "last" / "outcome.json"
        last.parent.mkdir(parents=True)
        last.write_text(json.dumps({"head": {"name": "idea", "sha": ""}, "runs": [document]}), "utf-8")
        fetched = fetch("growth", sources, into=tmp_path / "to", base=True)
        assert contents(fetched) == {"model.pkl": b"head"}
        assert fetched.base is not None
        assert contents(fetched.base) == {"model.pkl": b"base"}

    def test_a_model_may_be_called_as_a_run_could_be(self, github: FakeGitHub, tmp_path: Path) -> None:
        sources = sources_of(github, tmp_path)
        keep(sources, tmp_path, "cafe", b"cafe")
        assert contents(fetch("cafe", sources, into=tmp_path / "to")) == {"model.pkl": b"cafe"}
        named = sources_of(github, tmp_path, config=parse_config(b"models: {cafe: {notebook: cafe.ipynb}}"))
        assert contents(fetch("cafe", named, into=tmp_path / "to")) == {"model.pkl": b"cafe"}

    def test_what_is_nowhere_is_told(self, sources: Sources, tmp_path: Path) -> None:
        for word in ("growth", "deadbeef", "pr", "pr/", "pr/x", "", "../x"):
            assert "alekseylearn runs" in refused("usage.run", lambda word=word: fetch(word, sources))

    def test_two_runs_that_begin_alike_are_told(self, sources: Sources, tmp_path: Path) -> None:
        for digest in ("abcd" + "1" * 60, "abcd" + "2" * 60):
            keep(sources, tmp_path, "growth", digest=digest, run=digest[:12])
        refused("run.ambiguous", lambda: fetch("abcd", sources))

    def test_the_base_is_known_from_the_last_report(self, sources: Sources, tmp_path: Path) -> None:
        head, base = keep(sources, tmp_path, "growth", b"head"), keep(sources, tmp_path, "growth", b"base")
        refused("fetch.base", lambda: fetch(head.run, sources, base=True, into=tmp_path / "to"))
        assert not (tmp_path / "to").exists()
        run = run_json("growth", {}, base={}, digest=head.digest)
        run["base"]["digest"] = base.digest
        last = sources.shop.home / "last"
        last.mkdir(parents=True)
        (last / "outcome.json").write_bytes(members(run, files={})["outcome.json"])
        fetched = fetch(head.run, sources, base=True, into=tmp_path / "to")
        assert fetched.base is not None
        assert (contents(fetched), contents(fetched.base)) == ({"model.pkl": b"head"}, {"model.pkl": b"base"})
        assert fetched.base.folder == tmp_path / "to.base"
        (last / "outcome.json").write_bytes(b"damaged")
        refused("fetch.base", lambda: fetch(head.run, sources, base=True, into=tmp_path / "again"))

    def test_a_damaged_result_brings_nothing(self, sources: Sources, tmp_path: Path) -> None:
        result = keep(sources, tmp_path, "growth")
        folder = sources.shop.folder(result)
        (folder / "model.pkl").write_bytes(b"MODEL")
        refused("archive.mismatch", lambda: fetch(result.run, sources, into=tmp_path / "to"))
        assert not (tmp_path / "to").exists()

    def test_what_a_failed_run_has_left(self, sources: Sources, tmp_path: Path) -> None:
        content = b"some lines"
        folder = tmp_path / "failed"
        folder.mkdir()
        (folder / "log.txt").write_bytes(content)
        digest = digest_of("failed")
        item = Artifact(
            name="log.txt", path="log.txt", size=len(content), sha256=hashlib.sha256(content).hexdigest(), url=""
        )
        failed = TrainingResult(
            run=digest[:12],
            digest=digest,
            state=JobState.FAILED,
            backend="process",
            artifacts=(item,),
            name="growth",
        )
        sources.shop.failed.put(failed, folder)
        assert contents(fetch(digest[:12], sources, into=tmp_path / "to")) == {"log.txt": content}


class TestPull:
    def test_both_sides_come_home(self, repository: Repository, sources: Sources, tmp_path: Path) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD, base=BASE), run=repository.add_run())
        fetched = fetch("pr/7", sources, base=True, into=tmp_path / "to")
        assert fetched.base is not None
        assert (contents(fetched), contents(fetched.base)) == (HEAD, BASE)
        assert (fetched.digest, fetched.base.digest) == (digest_of("growth"), digest_of("growth.base"))
        assert (fetched.source, fetched.notes) == ("its artifact on GitHub", ())
        assert (dict(fetched.metrics), dict(fetched.base.metrics)) == ({"mse": 0.5}, {"mse": 0.9})
        assert not list((tmp_path / "cache").glob("*.zip"))

    @pytest.mark.parametrize("word", ["#7", "https://github.com/octo/consumer/pull/7", "pr/7/growth"])
    def test_other_ways_to_name_it(self, repository: Repository, sources: Sources, tmp_path: Path, word: str) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        assert contents(fetch(word, sources, into=tmp_path / "to")) == HEAD

    def test_a_result_alone_is_compared(self, repository: Repository, sources: Sources) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD, base=BASE), run=repository.add_run())
        assert find_result("pr/7", sources).metric("mse") == 0.5
        assert find_result("pr/7:base", sources).metric("mse") == 0.9
        assert find_result("pr/7/growth:base", sources).metric("mse") == 0.9

    def test_several_models_come_one_by_one_or_together(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        run = repository.add_run()
        for number, name in enumerate(("growth", "churn")):
            repository.add_artifact(
                f"alekseylearn-train-1-{number}", model(name, {"model.pkl": name.encode()}), run=run
            )
        told = refused("run.ambiguous", lambda: fetch("pr/7", sources, into=tmp_path / "to"))
        assert "pr/7/churn" in told
        both = fetch_all("pr/7", sources, into=tmp_path / "to")
        assert [one.folder for one in both] == [tmp_path / "to" / "churn", tmp_path / "to" / "growth"]
        assert [contents(one) for one in both] == [{"model.pkl": b"churn"}, {"model.pkl": b"growth"}]
        assert contents(fetch("pr/7/growth", sources, into=tmp_path / "one")) == {"model.pkl": b"growth"}
        assert "its models: churn, growth" in refused("fetch.none", lambda: fetch("pr/7/other", sources))

    def test_of_what_was_run_again_the_newest_counts(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        run = repository.add_run()
        repository.add_artifact("alekseylearn-train-1", model("growth", BASE), run=run)
        repository.add_artifact("alekseylearn-train-2", model("growth", HEAD), run=run)
        going_on = run_json("growth", {}, state="running")
        repository.add_artifact("alekseylearn-train-3", members(going_on, files={}), run=run)
        assert contents(fetch("pr/7", sources, into=tmp_path / "to")) == HEAD

    def test_other_artifacts_are_not_looked_at(
        self, github: FakeGitHub, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        run = repository.add_run()
        repository.add_artifact("coverage", b"no zip", run=run)
        repository.add_artifact("alekseylearn-other", {"notes.txt": b"mine"}, run=run)
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        assert contents(fetch("pr/7", sources, into=tmp_path / "to")) == HEAD

    def test_a_newer_commit_without_an_artifact_is_told(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        repository.add_artifact(
            "alekseylearn-train-1", model("growth", BASE), run=repository.add_run(head_sha="d" * 40)
        )
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        repository.add_run(head_sha=NEWER)
        repository.pulls[7].head_sha = NEWER
        fetched = fetch("pr/7", sources, into=tmp_path / "to")
        assert contents(fetched) == HEAD
        assert "aaaaaaa" in fetched.notes[0]

    def test_what_nobody_has_used_for_a_day_is_removed(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD, base=BASE), run=repository.add_run())
        find_result("pr/7", sources)
        assert len(list((tmp_path / "cache").glob("*.zip"))) == 1
        (tmp_path / "cache" / "artifact-1.zip.part").write_bytes(b"half")
        later = dataclasses.replace(sources.puller(None), clock=lambda: 4e9)
        repository.artifacts.clear()
        refused("fetch.none", lambda: later.models(7, None, lambda _: None))
        assert [path.name for path in (tmp_path / "cache").iterdir()] == [".gitignore"]

    def test_a_fork_has_no_models(self, github: FakeGitHub, repository: Repository, sources: Sources) -> None:
        fork = github.add_repository("stranger/consumer", parent=repository)
        repository.add_pull(8, head_repository=fork, head_sha="e" * 40)
        run = repository.add_run(head_sha="e" * 40, head_repository=fork)
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=run)
        refused("fetch.fork", lambda: fetch("pr/8", sources))

    def test_a_forks_run_of_the_same_branch_and_commit_is_not_taken(
        self, github: FakeGitHub, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        fork = github.add_repository("stranger/consumer", parent=repository)
        run = repository.add_run(head_repository=fork)
        repository.add_artifact("alekseylearn-train-1", model("growth", BASE), run=run)
        refused("fetch.none", lambda: fetch("pr/7", sources))
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        assert contents(fetch("pr/7", sources, into=tmp_path / "to")) == HEAD

    def test_no_artifact_and_no_pull_request(self, repository: Repository, sources: Sources) -> None:
        refused("fetch.none", lambda: fetch("pr/7", sources))
        assert "pull request 9" in refused("github.missing", lambda: fetch("pr/9", sources))

    def test_an_artifact_that_has_expired(self, repository: Repository, sources: Sources) -> None:
        artifact = repository.add_artifact(
            "alekseylearn-train-1", model("growth", HEAD), run=repository.add_run(), expired=True
        )
        assert "run the workflow again" in refused("fetch.expired", lambda: fetch("pr/7", sources))
        assert artifact.expired

    def test_an_artifact_that_expires_meanwhile(
        self, github: FakeGitHub, repository: Repository, sources: Sources
    ) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        github.faults.append(faults.Fault(status=410, body=faults.message("Artifact has expired"), path="/zip"))
        refused("fetch.expired", lambda: fetch("pr/7", sources))

    def test_a_token_that_may_not_look(self, github: FakeGitHub, repository: Repository, tmp_path: Path) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        github.grant("ghs_less", pull_requests="read")
        refused("github.missing", lambda: fetch("pr/7", sources_of(github, tmp_path, "ghs_less")))
        refused("github.token", lambda: fetch("pr/7", sources_of(github, tmp_path, "expired")))

    def test_answers_that_fail_for_a_while(
        self, github: FakeGitHub, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        github.faults += [faults.bad_gateway(), faults.html_page(), faults.connection_reset(path="/zip")]
        github.blob_faults += [BlobFault(cut=100), BlobFault(status=403)]
        assert contents(fetch("pr/7", sources, into=tmp_path / "to")) == HEAD

    def test_answers_that_are_none(self, github: FakeGitHub, repository: Repository, sources: Sources) -> None:
        for path, body in (("/pulls/7", "[]"), ("/pulls/7", '{"head": {"repo": 7}}'), ("/runs", '{"runs": []}')):
            github.faults.append(faults.Fault(status=200, body=body, path=path))
            refused("github.answer", lambda: fetch("pr/7", sources))
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        github.faults.append(faults.Fault(status=200, body="{}", path="/zip"))
        refused("github.answer", lambda: fetch("pr/7", sources))

    @pytest.mark.parametrize("part", ["head", "missing"])
    def test_a_file_that_is_not_what_the_report_says(
        self, repository: Repository, sources: Sources, tmp_path: Path, part: str
    ) -> None:
        held = model("growth", HEAD)
        if part == "head":
            held["growth/model.pkl"] = b"HEAD" * 50_000
        else:
            held = members(run_json("growth", {"model.pkl": b"1", "b": b"2"}), files={"growth/b": b"2"})
        repository.add_artifact("alekseylearn-train-1", held, run=repository.add_run())
        refused(
            "archive.mismatch" if part == "head" else "archive.corrupt",
            lambda: fetch("pr/7", sources, into=tmp_path / "to"),
        )
        assert not (tmp_path / "to").exists()

    def test_hidden_files_are_never_uploaded(self, repository: Repository, sources: Sources, tmp_path: Path) -> None:
        run = run_json("growth", {"model.pkl": b"1", ".hidden": b"2"})
        repository.add_artifact(
            "alekseylearn-train-1", members(run, files={"growth/model.pkl": b"1"}), run=repository.add_run()
        )
        fetched = fetch("pr/7", sources, into=tmp_path / "to")
        assert contents(fetched) == {"model.pkl": b"1"}
        assert "hidden" in fetched.notes[0]

    def test_what_ended_later_is_taken_from_the_results(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        run = run_json("growth", {}, state="running")
        repository.add_artifact("alekseylearn-train-1", members(run, files={}), run=repository.add_run())
        refused("run.unfinished", lambda: fetch("pr/7", sources))
        keep(sources, tmp_path, "growth", digest=run["digest"], run=run["digest"][:12])
        fetched = fetch("pr/7", sources, into=tmp_path / "to")
        assert (contents(fetched), fetched.source) == ({"model.pkl": b"model"}, "this machine")

    def test_what_was_collected_later_is_taken_from_the_workflow_that_did(
        self, github: FakeGitHub, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        def sweep(held: dict[str, bytes], **run: Any) -> None:
            made = repository.add_run(head_sha="b" * 40, head_branch="main", event="schedule", **run)
            files = {f"pull-7/{name}": content for name, content in held.items()}
            repository.add_artifact("alekseylearn-collect-1", files, run=made)

        going_on = members(run_json("growth", {}, state="running"), files={})
        sweep(model("growth", {"model.pkl": b"before"}))
        repository.add_artifact("alekseylearn-submit-1", going_on, run=repository.add_run())
        sweep(going_on)
        refused("run.unfinished", lambda: fetch("pr/7", sources))
        sweep(model("growth", HEAD, base=BASE))
        sweep(members(run_json("growth", HEAD, digest="9" * 64), files={}))
        sweep(going_on)
        fork = github.add_repository("stranger/consumer", parent=repository)
        sweep(model("growth", {"model.pkl": b"stranger's"}), head_repository=fork)
        fetched = fetch("pr/7", sources, base=True, into=tmp_path / "to")
        assert fetched.base is not None
        assert (contents(fetched), contents(fetched.base)) == (HEAD, BASE)

    def test_a_base_that_was_not_uploaded(self, repository: Repository, sources: Sources, tmp_path: Path) -> None:
        run = run_json("growth", HEAD, base=BASE)
        held = members(run, files={f"growth/{name}": content for name, content in HEAD.items()})
        repository.add_artifact("alekseylearn-train-1", held, run=repository.add_run())
        refused("fetch.base", lambda: fetch("pr/7", sources, base=True, into=tmp_path / "to"))
        digest = run["base"]["digest"]
        keep(sources, tmp_path, "growth", digest=digest, run=digest[:12])
        fetched = fetch("pr/7", sources, base=True, into=tmp_path / "to")
        assert fetched.base is not None
        assert contents(fetched.base) == {"model.pkl": b"model"}

    def test_a_model_that_was_measured_against_nothing(
        self, repository: Repository, sources: Sources, tmp_path: Path
    ) -> None:
        repository.add_artifact("alekseylearn-train-1", model("growth", HEAD), run=repository.add_run())
        refused("fetch.base", lambda: fetch("pr/7", sources, base=True, into=tmp_path / "to"))


class TestShared:
    """Results in S3, from a machine that has none of them."""

    @pytest.fixture
    def away(self, github: FakeGitHub, cloud: Cloud, bucket_name: str, tmp_path: Path) -> Sources:
        client = connect_aws(cloud.environ).client("s3")
        found = sources_of(github, tmp_path)
        far = S3Store(Bucket(client, bucket_name, "p", sleep=lambda _: None), tmp_path / "shared")
        near = FolderStore(tmp_path / "results")
        store = LayeredStore(near, far, lambda error: pytest.fail(str(error)))
        shop = dataclasses.replace(found.shop, store=store)
        return dataclasses.replace(found, lookout=dataclasses.replace(found.lookout, shop=shop))

    @pytest.fixture
    def result(self, away: Sources, tmp_path: Path) -> TrainingResult:
        result = keep(away, tmp_path, "growth", CONTENT)
        shutil.rmtree(tmp_path / "results")
        return result

    def test_it_comes_by_its_run_and_by_its_model(self, away: Sources, result: TrainingResult, tmp_path: Path) -> None:
        for word in (result.run, "growth"):
            fetched = fetch(word, away, into=tmp_path / word)
            assert contents(fetched) == {"model.pkl": CONTENT}
            assert fetched.source == "the shared results in S3"
        # It went straight to where it was wanted.
        assert not (tmp_path / "results").exists()

    def test_what_broke_off_is_gone_on_from(
        self, away: Sources, result: TrainingResult, cloud: Cloud, tmp_path: Path
    ) -> None:
        def reads(request: Request) -> bool:
            return request.method == "GET" and "/files/" in request.path

        cloud.fault(Cut(300_000), when=reads)
        cloud.fault(refusal("AccessDenied", status=403), when=reads)
        refused("s3.denied", lambda: fetch(result.run, away, into=tmp_path / "to"))
        (part,) = (tmp_path / "to" / ".fetching").iterdir()
        have = part.stat().st_size
        assert 0 < have <= 300_000
        cloud.seen.clear()
        assert contents(fetch(result.run, away, into=tmp_path / "to")) == {"model.pkl": CONTENT}
        (asked,) = cloud.asked("GET", "/files/")
        assert asked.headers.get("Range") == f"bytes={have}-"


class TestUnpack:
    def test_the_zip_of_an_artifact(self, tmp_path: Path) -> None:
        path = zip_of(tmp_path, model("growth", HEAD, base=BASE))
        fetched = unpack(path, tmp_path / "to")
        there = contents(fetched)
        assert (there["growth/model.pkl"], there["growth.base/model.pkl"]) == (HEAD["model.pkl"], BASE["model.pkl"])
        assert (fetched.digest, dict(fetched.metrics)) == (digest_of("growth"), {"mse": 0.5})
        refused("usage.folder", lambda: unpack(path, tmp_path / "to"))

    def test_a_file_that_the_report_in_it_does_not_know(self, tmp_path: Path) -> None:
        held = {f"pull-7/{name}": content for name, content in model("growth", HEAD).items()}
        assert unpack(zip_of(tmp_path, held), tmp_path / "to").digest == digest_of("growth")
        path = zip_of(tmp_path, held | {"pull-7/growth/model.pkl": b"other"})
        refused("archive.mismatch", lambda: unpack(path, tmp_path / "again"))
        assert not (tmp_path / "again").exists()

    def test_an_archive_of_sagemaker(self, tmp_path: Path) -> None:
        path = tmp_path / "model.tar.gz"
        (tmp_path / "model.pkl").write_bytes(b"model")
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tmp_path / "model.pkl", "model/model.pkl")
        fetched = unpack(path, tmp_path / "to")
        assert contents(fetched) == {"model/model.pkl": b"model"}
        assert (fetched.run, dict(fetched.metrics), fetched.notes) == ("", {}, ())

    def test_what_loads_code_is_warned_of_by_name_and_by_content(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "inner", "w") as inner:
            inner.writestr("archive/data.pkl", b"x")
        with zipfile.ZipFile(tmp_path / "layers", "w") as inner:
            inner.writestr("config.json", '{"class_name": "Lambda"}')
        held = {"inner": "pickle", "layers": "Lambda", "b.pkl": "pickle", "plain.txt": "", "PK": ""}
        for name in ("b.pkl", "plain.txt"):
            (tmp_path / name).write_bytes(b"plain")
        (tmp_path / "PK").write_bytes(b"PK\x03\x04 no zip")
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as archive:
            for name in held:
                archive.add(tmp_path / name, name)
        fetched = unpack(path, tmp_path / "to")
        assert {file.name: file.risk for file in fetched.files if not held[file.name]} == {"plain.txt": "", "PK": ""}
        assert all(held[file.name] in file.risk for file in fetched.files)
        (warning,) = fetched.warnings
        assert warning.startswith("model.unsafe-format: to load b.pkl, and 2 more files may run code")

    def test_what_a_disk_cannot_hold(self, tmp_path: Path) -> None:
        (tmp_path / "a.tar").write_bytes(b"")
        refused("store.failed", lambda: unpack(tmp_path / "a.tar", tmp_path / ("n" * 250)))

    @pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz", "a.tar"])
    def test_what_is_no_archive(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(b"no archive")
        refused("archive.corrupt", lambda: unpack(tmp_path / name, tmp_path / "to"))
        refused("usage.path", lambda: unpack(tmp_path / f"no-{name}", tmp_path / "to"))
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_a_link_in_a_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            info = zipfile.ZipInfo("link")
            info.create_system, info.external_attr = 3, 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        refused("archive.unsafe", lambda: unpack(path, tmp_path / "to"))
        assert not (tmp_path / "to").exists()


def zip_of(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "artifact.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
