"""The stand-in for GitHub behaves as GitHub, and notices who does not."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from github import Auth, Github, GithubException, GithubRetry
from github.PullRequest import PullRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.github import faults
from tests.fakes.github.openapi import Spec, convert, pattern, typed
from tests.fakes.github.render import Renderer
from tests.fakes.github.routes import ROUTES
from tests.fakes.github.server import HERE, FakeGitHub
from tests.fakes.github.state import BOT_ID, Repository

pytest_plugins = ["tests.fakes.github.fixture"]

SPEC = Spec.load(HERE / "openapi.json")
BOT = "ghs_workflow"


def client(github: FakeGitHub, token: str = BOT, **more: Any) -> Github:
    """Return PyGithub on the stand-in, without its waits between requests."""
    options: dict[str, Any] = {
        "per_page": 100,
        "seconds_between_requests": 0,
        "seconds_between_writes": 0,
        "retry": None,
    }
    return Github(base_url=github.url, auth=Auth.Token(token), **options | more)


def call(github: FakeGitHub, method: str, path: str, *, token: str = BOT, body: object = None) -> requests.Response:
    """Send one plain request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, github.url + path, headers=headers, json=body, timeout=10, allow_redirects=False)


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    found = github.add_repository("octo/consumer", collaborators={"mona": "write"})
    found.add_pull(7, files={"notebooks/churn.ipynb": "modified"}, labels=["gpu"])
    return found


@pytest.fixture
def pull(github: FakeGitHub, repository: Repository) -> Iterator[PullRequest]:
    with client(github) as hub:
        yield hub.get_repo("octo/consumer").get_pull(7)


class TestDescription:
    def test_every_described_operation_has_a_route_and_the_other_way_round(self) -> None:
        assert {operation.operation_id for operation in SPEC.operations} == set(ROUTES)

    def test_the_kept_description_has_no_prose_and_no_addresses(self) -> None:
        text = (HERE / "openapi.json").read_text()
        assert '"description":"' not in text
        assert '"examples":' not in text
        assert "://" not in text

    def test_the_templates_name_no_api_of_the_real_service(self) -> None:
        assert "api.github.com" not in (HERE / "examples.json").read_text()

    @pytest.mark.parametrize("name", ["issue-comment", "artifact", "workflow-run"])
    def test_a_missing_required_property_is_a_problem(self, name: str) -> None:
        schema = SPEC.resolve({"$ref": f"urn:openapi#/components/schemas/{name}"})
        template = Renderer(HERE / "examples.json", "http://127.0.0.1").template(
            {"issue-comment": "comment", "workflow-run": "run"}.get(name, name), "octo/consumer"
        )
        assert not list(SPEC.validator(schema).iter_errors(template))
        del template["id"]
        assert [error.validator for error in SPEC.validator(schema).iter_errors(template)] == ["required"]

    def test_the_most_specific_path_wins(self) -> None:
        found = SPEC.match("GET", "/repos/octo/consumer/issues/comments/5", {})
        assert found is not None
        assert found.operation.operation_id == "issues/get-comment"
        assert found.parameters == {"owner": "octo", "repo": "consumer", "comment_id": "5"}

    def test_path_parameters_stop_at_a_slash_except_those_that_may_hold_one(self) -> None:
        assert pattern("/a/{name}").fullmatch("/a/b/c") is None
        assert pattern("/compare/{basehead}").fullmatch("/compare/main...feature/x") is not None

    def test_nullable_becomes_a_union_with_null_and_a_property_of_that_name_stays(self) -> None:
        assert convert({"type": "string", "nullable": True}) == {"type": ["string", "null"]}
        assert convert({"$ref": "#/x", "nullable": True}) == {"anyOf": [{"$ref": "urn:openapi#/x"}, {"type": "null"}]}
        assert convert({"enum": ["a"], "type": "string", "nullable": True})["enum"] == ["a", None]
        assert convert({"properties": {"nullable": {"type": "boolean"}}}) == {
            "properties": {"nullable": {"type": "boolean"}}
        }

    @given(st.integers())
    def test_numbers_in_a_query_are_read_as_numbers(self, number: int) -> None:
        assert typed({"type": "integer"}, str(number)) == number


class TestComments:
    def test_a_workflows_token_writes_as_the_bot_of_its_app(self, pull: PullRequest, repository: Repository) -> None:
        comment = pull.create_issue_comment("## result")
        assert (comment.user.login, comment.user.id, comment.user.type) == ("github-actions[bot]", BOT_ID, "Bot")
        assert comment.performed_via_github_app is not None
        assert comment.performed_via_github_app.slug == "github-actions"
        assert comment.html_url == f"https://github.com/octo/consumer/pull/7#issuecomment-{comment.id}"
        assert [each.body for each in repository.comments(7)] == ["## result"]

    def test_a_persons_token_writes_as_the_person(self, github: FakeGitHub, repository: Repository) -> None:
        with client(github, "ghp_mona") as hub:
            comment = hub.get_repo("octo/consumer").get_pull(7).create_issue_comment("hi")
        assert (comment.user.login, comment.user.type) == ("mona", "User")
        assert comment.performed_via_github_app is None

    def test_edit_and_delete_change_the_state(self, pull: PullRequest, repository: Repository) -> None:
        comment = pull.create_issue_comment("one")
        comment.edit("two")
        (kept,) = repository.comments(7)
        assert (kept.body, kept.updated_at > kept.created_at) == ("two", True)
        assert pull.get_issue_comment(comment.id).body == "two"
        comment.delete()
        assert repository.comments(7) == ()
        with pytest.raises(GithubException, match="404"):
            comment.edit("three")

    @pytest.mark.parametrize(("size", "status"), [(65_536, 201), (65_537, 422), (0, 422)])
    def test_the_length_of_a_body_is_limited(
        self, github: FakeGitHub, repository: Repository, size: int, status: int
    ) -> None:
        answer = call(github, "POST", "/repos/octo/consumer/issues/7/comments", body={"body": "ä" * size})
        assert answer.status_code == status
        assert (status == 422) == ("errors" in answer.json())

    def test_lists_come_in_pages_with_links(self, github: FakeGitHub, repository: Repository) -> None:
        for number in range(205):
            repository.add_comment(7, str(number), author="mona")
        path = "/repos/octo/consumer/issues/7/comments"
        assert len(call(github, "GET", path).json()) == 30
        first = call(github, "GET", f"{path}?per_page=100")
        assert (len(first.json()), set(first.links)) == (100, {"next", "last"})
        last = call(github, "GET", first.links["last"]["url"].removeprefix(github.url))
        assert (len(last.json()), set(last.links)) == (5, {"prev", "first"})

    def test_the_clients_own_paging_finds_all(self, pull: PullRequest, repository: Repository) -> None:
        for number in range(205):
            repository.add_comment(7, str(number), author="mona")
        assert [comment.body for comment in pull.get_issue_comments()] == [str(number) for number in range(205)]

    def test_since_leaves_older_comments_out(self, github: FakeGitHub, repository: Repository) -> None:
        repository.add_comment(7, "old")
        new = repository.add_comment(7, "new")
        answer = call(github, "GET", f"/repos/octo/consumer/issues/7/comments?since={new.updated_at}")
        assert [comment["body"] for comment in answer.json()] == ["new"]

    @settings(max_examples=10, deadline=None)
    @given(bodies=st.lists(st.text(min_size=1, max_size=60).filter(str.strip), max_size=10))
    def test_text_comes_back_as_it_went_in(self, bodies: list[str]) -> None:
        with FakeGitHub() as github:
            repository = github.add_repository()
            repository.add_pull(7)
            path = "/repos/octo/consumer/issues/7/comments"
            answers = [call(github, "POST", path, body={"body": body}).json()["body"] for body in bodies]
            assert answers == bodies == [comment.body for comment in repository.comments(7)]
            assert github.violations == []


class TestRest:
    def test_pull_issue_labels_and_permission(self, pull: PullRequest, repository: Repository) -> None:
        assert (pull.number, pull.head.sha, pull.base.ref, pull.head.repo.fork) == (7, "a" * 40, "main", False)
        assert [file.filename for file in pull.get_files()] == ["notebooks/churn.ipynb"]
        pull.add_to_labels("trained")
        pull.remove_from_labels("gpu")
        assert [label.name for label in pull.get_labels()] == ["trained"]
        assert pull.as_issue().title == "Train longer"
        repo = pull.base.repo
        assert [each.number for each in repo.get_pulls(state="open", head="octo:feature")] == [7]
        assert [repo.get_collaborator_permission(name) for name in ("octo", "mona", "mallory")] == [
            "admin",
            "write",
            "read",
        ]

    def test_a_fork_has_another_repository(self, github: FakeGitHub, repository: Repository) -> None:
        fork = github.add_repository("stranger/consumer", parent=repository)
        repository.add_pull(8, head_repository=fork)
        with client(github) as hub:
            head = hub.get_repo("octo/consumer").get_pull(8).head
        assert (head.repo.full_name, head.repo.fork, head.user.login) == ("stranger/consumer", True, "stranger")
        assert head.repo.id != repository.id

    def test_commits_and_comparisons(self, github: FakeGitHub, repository: Repository) -> None:
        repository.add_commit("1" * 40, files={"a.py": "added"})
        repository.add_commit("2" * 40, parents=["1" * 40], files={"b.py": "added"})
        repository.add_commit("3" * 40, parents=["1" * 40], files={"a.py": "modified"})
        repository.add_pull(9, head_sha="3" * 40)
        with client(github) as hub:
            repo = hub.get_repo("octo/consumer")
            found = repo.compare("2" * 40, "3" * 40)
            assert (found.status, found.ahead_by, found.behind_by) == ("diverged", 1, 1)
            assert found.merge_base_commit.sha == "1" * 40
            assert [file.filename for file in found.files] == ["a.py"]
            assert [each.number for each in repo.get_commit("3" * 40).get_pulls()] == [9]
            with pytest.raises(GithubException, match="404"):
                repo.compare("2" * 40, "f" * 40)

    def test_checks_need_a_permission_of_their_own(self, github: FakeGitHub, pull: PullRequest) -> None:
        with pytest.raises(GithubException, match="Resource not accessible by integration"):
            pull.base.repo.create_check_run("alekseylearn", "a" * 40)
        github.grant(BOT, checks="write", contents="read")
        output: dict[str, Any] = {"title": "ok", "summary": "better"}
        check = pull.base.repo.create_check_run("alekseylearn", "a" * 40, conclusion="success", output=output)
        assert (check.status, check.conclusion, check.output.summary) == ("completed", "success", "better")
        check.edit(conclusion="failure")
        assert pull.base.repo.get_check_run(check.id).conclusion == "failure"

    def test_user_and_rate_limit(self, github: FakeGitHub) -> None:
        with client(github, "ghp_mona") as hub:
            assert hub.get_user().login == "mona"
            assert hub.get_rate_limit().rate.remaining < 1000
        assert call(github, "GET", "/user").status_code == 403
        github.remaining = 0
        refused = call(github, "GET", "/rate_limit")
        assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")


class TestArtifacts:
    def test_an_artifact_is_found_by_name_and_downloaded_without_the_token(
        self, github: FakeGitHub, repository: Repository
    ) -> None:
        run = repository.add_run(4242, head_sha="a" * 40)
        repository.add_artifact("other", {"x": b"1"}, run=run)
        made = repository.add_artifact("alekseylearn-9c1d77a05b20", {"model.joblib": b"weights"}, run=run)
        with client(github) as hub:
            repo = hub.get_repo("octo/consumer")
            (found,) = repo.get_artifacts(name="alekseylearn-9c1d77a05b20")
            assert found.workflow_run is not None
            assert (found.workflow_run.id, found.raw_data["workflow_run"]["head_repository_id"]) == (
                4242,
                repository.id,
            )
            assert (found.raw_data["digest"], found.size_in_bytes) == (f"sha256:{made.sha256}", len(made.content))
            assert repo.get_workflow_run(4242).get_artifacts().totalCount == 2
            assert [each.id for each in repo.get_workflow_runs(head_sha="a" * 40)] == [4242]
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(found.archive_download_url, headers={"Authorization": f"Bearer {BOT}"}, timeout=10)
        assert zipfile.ZipFile(io.BytesIO(answer.content)).read("model.joblib") == b"weights"

    def test_a_redirect_leads_to_another_host(self, github: FakeGitHub, repository: Repository) -> None:
        made = repository.add_artifact("a", {"x": b"1"}, run=repository.add_run())
        path = f"/repos/octo/consumer/actions/artifacts/{made.id}/zip"
        where = urlsplit(call(github, "GET", path).headers["Location"])
        assert where.netloc != urlsplit(github.url).netloc
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(where.geturl(), timeout=10).content == made.content
            assert session.get(where._replace(query="sig=forged").geturl(), timeout=10).status_code == 403

    def test_an_expired_artifact_is_gone(self, github: FakeGitHub, repository: Repository) -> None:
        made = repository.add_artifact("a", {"x": b"1"}, run=repository.add_run(), expired=True)
        assert call(github, "GET", f"/repos/octo/consumer/actions/artifacts/{made.id}/zip").status_code == 410

    def test_a_deleted_artifact_is_not_found(self, github: FakeGitHub, repository: Repository) -> None:
        github.grant(BOT, actions="write")
        made = repository.add_artifact("a", {"x": b"1"}, run=repository.add_run())
        path = f"/repos/octo/consumer/actions/artifacts/{made.id}"
        assert [call(github, "DELETE", path).status_code, call(github, "GET", path).status_code] == [204, 404]


class TestPermissions:
    def test_a_token_that_may_only_read_cannot_comment(self, github: FakeGitHub, repository: Repository) -> None:
        token = github.grant("ghs_fork", contents="read", pull_requests="read")
        path = "/repos/octo/consumer/issues/7/comments"
        assert call(github, "GET", path, token=token).status_code == 200
        refused = call(github, "POST", path, token=token, body={"body": "x"})
        assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
        assert repository.comments(7) == ()

    def test_an_unknown_token_is_refused(self, github: FakeGitHub, repository: Repository) -> None:
        assert call(github, "GET", "/repos/octo/consumer", token="nonsense").status_code == 401

    @pytest.mark.parametrize("path", ["/repos/octo/other", "/repos/octo/consumer/pulls/99"])
    def test_what_is_not_there_is_not_found(self, github: FakeGitHub, repository: Repository, path: str) -> None:
        assert call(github, "GET", path).status_code == 404


class TestFaults:
    def test_a_fault_comes_once_and_in_order(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults += [faults.bad_gateway(), faults.too_many(retry_after=3), faults.secondary_limit(retry_after=60)]
        answers = [call(github, "GET", "/repos/octo/consumer") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [502, 429, 403, 200]
        assert [answer.headers.get("Retry-After") for answer in answers] == [None, "3", "60", None]
        assert [request.status for request in github.requests] == [502, 429, 403, 200]

    def test_a_fault_waits_for_the_request_it_is_meant_for(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults.append(faults.bad_gateway(method="POST", path="/comments"))
        path = "/repos/octo/consumer/issues/7/comments"
        assert call(github, "GET", path).status_code == 200
        assert call(github, "POST", path, body={"body": "x"}).status_code == 502
        assert repository.comments(7) == ()

    def test_after_commit_the_write_has_happened(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults.append(faults.bad_gateway(after_commit=True))
        path = "/repos/octo/consumer/issues/7/comments"
        assert call(github, "POST", path, body={"body": "x"}).status_code == 502
        assert [comment.body for comment in repository.comments(7)] == ["x"]

    def test_a_blind_retry_of_a_write_is_seen_as_two_comments(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults.append(faults.bad_gateway(after_commit=True, method="POST"))
        with client(github, retry=GithubRetry(total=2)) as hub:
            hub.get_repo("octo/consumer").get_pull(7).create_issue_comment("x")
        assert len(repository.comments(7)) == 2

    def test_a_page_of_html_comes_with_status_200(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults.append(faults.html_page())
        answer = call(github, "GET", "/repos/octo/consumer")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.text.startswith("<!DOCTYPE html>")

    @pytest.mark.parametrize("after_commit", [False, True])
    def test_a_connection_can_break(self, github: FakeGitHub, repository: Repository, after_commit: bool) -> None:
        github.faults.append(faults.connection_reset(after_commit=after_commit))
        with pytest.raises(requests.ConnectionError):
            call(github, "POST", "/repos/octo/consumer/issues/7/comments", body={"body": "x"})
        assert len(repository.comments(7)) == after_commit
        assert github.requests[-1].status is None

    def test_the_primary_limit_tells_when_it_ends(self, github: FakeGitHub, repository: Repository) -> None:
        github.faults.append(faults.primary_limit(reset=1_800_000_000))
        answer = call(github, "GET", "/repos/octo/consumer")
        assert answer.headers.get("X-RateLimit-Reset") == "1800000000"
        assert answer.status_code == 403


class TestViolations:
    """Each of these would fail a test that uses the fixture; so they bring a GitHub of their own."""

    @pytest.mark.parametrize(
        ("method", "path", "body", "problem"),
        [
            ("GET", "/nonsense", None, "no such operation"),
            ("POST", "/repos/octo/consumer/issues/7/comments", {"text": "x"}, "unknown property 'text'"),
            ("POST", "/repos/octo/consumer/issues/7/comments", {"body": 5}, "5 is not of type 'string'"),
            ("POST", "/repos/octo/consumer/issues/7/comments", None, "body: required"),
            ("GET", "/repos/octo/consumer/issues/7/comments?size=5", None, "unknown parameter 'size'"),
            ("GET", "/repos/octo/consumer/issues/7/comments?per_page=x", None, "not of type 'integer'"),
            ("GET", "/repos/octo/consumer/pulls/seven", None, "path pull_number"),
            ("DELETE", "/repos/octo/consumer/issues/comments/5", {"x": 1}, "body: none is described"),
        ],
    )
    def test_a_request_beside_the_description_is_noted_and_refused(
        self, method: str, path: str, body: object, problem: str
    ) -> None:
        with FakeGitHub() as github:
            github.add_repository().add_pull(7)
            assert call(github, method, path, body=body).status_code in {404, 422}
            assert any(problem in violation for violation in github.violations)

    def test_a_request_without_a_token_is_noted(self) -> None:
        with FakeGitHub() as github:
            github.add_repository()
            assert call(github, "GET", "/repos/octo/consumer", token="").status_code == 401
            assert github.violations == ["GET /repos/octo/consumer: no Authorization"]

    def test_an_answer_beside_the_description_is_noted(self) -> None:
        with FakeGitHub() as github:
            repository = github.add_repository()
            repository.add_pull(7).state = "half-open"  # type: ignore[assignment]
            call(github, "GET", "/repos/octo/consumer/pulls/7")
            (violation,) = github.violations
            assert "'half-open' is not one of" in violation

    def test_a_body_that_is_not_json_is_noted(self) -> None:
        with FakeGitHub() as github:
            github.add_repository().add_pull(7)
            connection = http.client.HTTPConnection(urlsplit(github.url).netloc, timeout=10)
            headers = {"Authorization": f"Bearer {BOT}", "User-Agent": "x"}
            connection.request("POST", "/repos/octo/consumer/issues/7/comments", b"{", headers)
            assert connection.getresponse().status == 422
            connection.close()
            assert any("not JSON" in violation for violation in github.violations)

    def test_a_token_sent_to_the_store_of_archives_is_noted(self) -> None:
        with FakeGitHub() as github:
            repository = github.add_repository()
            made = repository.add_artifact("a", {"x": b"1"}, run=repository.add_run())
            path = f"/repos/octo/consumer/actions/artifacts/{made.id}/zip"
            where = call(github, "GET", path).headers["Location"]
            assert requests.get(where, headers={"Authorization": "Bearer ghs_x"}, timeout=10).status_code == 403
            assert len(github.violations) == 1


def test_two_of_them_live_beside_each_other() -> None:
    with FakeGitHub() as one, FakeGitHub() as two:
        one.add_repository()
        assert one.url != two.url
        assert call(two, "GET", "/repos/octo/consumer").status_code == 404


def test_the_templates_are_json_with_one_entry_for_each_shape() -> None:
    names = json.loads(Path(HERE / "examples.json").read_text())
    assert {"comment", "pull", "repository", "artifact", "run"} <= names.keys()
