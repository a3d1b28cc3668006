"""Turn the stand-in's state into the JSON of GitHub's answers, by the official examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.github.state import (
    ACTIONS,
    APP_ID,
    Account,
    Artifact,
    Comment,
    Commit,
    PullRequest,
    Repository,
    Run,
    person,
)

Object = dict[str, Any]
SITE = "https://github.com"


class Renderer:
    """Fills the templates in; *api* is the address of the stand-in."""

    def __init__(self, templates: Path, api: str) -> None:
        self.api = api
        official: Mapping[str, Any] = json.loads(templates.read_text(encoding="utf-8"))
        self._templates = {name: json.dumps(value).replace("{api}", api) for name, value in official.items()}

    def template(self, name: str, repository: str = "") -> Object:
        """Return a fresh copy of the official example *name*, about *repository*."""
        value: Object = json.loads(self._templates[name].replace("{repository}", repository))
        return value

    def user(self, account: Account) -> Object:
        """Return a simple user."""
        value: Object = json.loads(
            json.dumps(self.template("comment")["user"]).replace("octocat", account.login.removesuffix("[bot]"))
        )
        return {**value, "login": account.login, "id": account.id, "type": account.type}

    def app(self, slug: str) -> Object:
        """Return the app that a bot belongs to."""
        value: Object = self.template("check-run")["app"]
        name = slug.replace("-", " ").title()
        return {**value, "id": APP_ID, "slug": slug, "name": name, "html_url": f"{SITE}/apps/{slug}"}

    def repository(self, repository: Repository) -> Object:
        """Return a full repository."""
        value = self.template("repository", repository.full_name)
        for extra in ("organization", "parent", "source", "template_repository"):
            value.pop(extra, None)
        return {**value, **self._repository(repository)}

    def _repository(self, repository: Repository) -> Object:
        owner, name = repository.full_name.split("/")
        return {
            "id": repository.id,
            "name": name,
            "full_name": repository.full_name,
            "owner": self.user(person(owner)),
            "private": repository.private,
            "visibility": "private" if repository.private else "public",
            "fork": repository.parent is not None,
            "default_branch": repository.default_branch,
        }

    def comment(self, repository: Repository, comment: Comment) -> Object:
        """Return a comment on an issue or a pull request."""
        base = f"{self.api}/repos/{repository.full_name}/issues"
        kind = "pull" if comment.issue in repository.pulls else "issues"
        app = comment.author.app
        return {
            **self.template("comment", repository.full_name),
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{base}/comments/{comment.id}",
            "html_url": f"{SITE}/{repository.full_name}/{kind}/{comment.issue}#issuecomment-{comment.id}",
            "issue_url": f"{base}/{comment.issue}",
            "body": comment.body,
            # An account that was deleted is nobody.
            "user": self.user(comment.author) if comment.author.id else None,
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "author_association": "NONE",
            "performed_via_github_app": None if app is None else self.app(app),
        }

    def label(self, repository: Repository, name: str) -> Object:
        """Return a label."""
        url = f"{self.api}/repos/{repository.full_name}/labels/{name}"
        return {**self.template("label", repository.full_name), "name": name, "url": url}

    def issue(self, repository: Repository, pull: PullRequest) -> Object:
        """Return the issue that a pull request is, too."""
        base = f"{self.api}/repos/{repository.full_name}"
        page = f"{SITE}/{repository.full_name}/pull/{pull.number}"
        value = self.template("issue", repository.full_name)
        links = {"url": f"{base}/pulls/{pull.number}", "html_url": page, "diff_url": f"{page}.diff"}
        return {
            **value,
            "id": pull.id,
            "number": pull.number,
            "state": pull.state,
            "title": pull.title,
            "user": self.user(pull.author),
            "labels": [self.label(repository, name) for name in pull.labels],
            "url": f"{base}/issues/{pull.number}",
            "comments_url": f"{base}/issues/{pull.number}/comments",
            "html_url": page,
            "comments": len(repository.comments(pull.number)),
            "pull_request": {**links, "patch_url": f"{page}.patch"},
            "created_at": pull.created_at,
        }

    def pull(self, repository: Repository, pull: PullRequest) -> Object:
        """Return a pull request."""
        value = self.template("pull", repository.full_name)
        base = f"{self.api}/repos/{repository.full_name}"
        head = value["head"] | self._side(pull.head_repository, pull.head_ref, pull.head_sha)
        return {
            **value,
            "id": pull.id,
            "number": pull.number,
            "state": pull.state,
            "title": pull.title,
            "draft": pull.draft,
            "assignee": None,
            "assignees": [],
            "auto_merge": None,
            "milestone": None,
            "requested_reviewers": [],
            "requested_teams": [],
            "merged": False,
            "merged_at": None,
            "merged_by": None,
            "closed_at": None,
            "merge_commit_sha": pull.merge_sha,
            "user": self.user(pull.author),
            "labels": [self.label(repository, name) for name in pull.labels],
            "head": head,
            "base": value["base"] | self._side(repository, pull.base_ref, pull.base_sha),
            "url": f"{base}/pulls/{pull.number}",
            "issue_url": f"{base}/issues/{pull.number}",
            "comments_url": f"{base}/issues/{pull.number}/comments",
            "html_url": f"{SITE}/{repository.full_name}/pull/{pull.number}",
            "comments": len(repository.comments(pull.number)),
            "changed_files": len(pull.files),
            "created_at": pull.created_at,
        }

    def _side(self, repository: Repository, ref: str, sha: str) -> Object:
        owner = self.user(person(repository.owner))
        return {
            "label": f"{repository.owner}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": owner,
            "repo": self.repository(repository),
        }

    def commit(self, repository: Repository, commit: Commit) -> Object:
        """Return a commit."""
        value = self.template("commit", repository.full_name)
        base = f"{self.api}/repos/{repository.full_name}/commits"
        site = f"{SITE}/{repository.full_name}/commit"
        return {
            **value,
            "sha": commit.sha,
            "url": f"{base}/{commit.sha}",
            "html_url": f"{site}/{commit.sha}",
            "commit": {**value["commit"], "message": commit.message},
            "parents": [{"sha": sha, "url": f"{base}/{sha}", "html_url": f"{site}/{sha}"} for sha in commit.parents],
            "files": [self.file(repository, path, status) for path, status in commit.files.items()],
        }

    def file(self, repository: Repository, path: str, status: str) -> Object:
        """Return a changed file of a commit or a pull request."""
        value = self.template("file", repository.full_name)
        return {**value, "filename": path, "status": status}

    def comparison(self, repository: Repository, base: str, head: str) -> Object | None:
        """Return how *head* differs from *base*, or None where they have no known commit in common."""
        behind, ahead = list(repository.history(base)), list(repository.history(head))
        shared = {commit.sha for commit in behind} & {commit.sha for commit in ahead}
        fork = next((commit for commit in ahead if commit.sha in shared), None)
        if fork is None:
            return None
        new = [commit for commit in reversed(ahead) if commit.sha not in shared]
        missing = sum(commit.sha not in shared for commit in behind)
        files = {path: status for commit in new for path, status in commit.files.items()}
        status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
        return {
            **self.template("comparison", repository.full_name),
            "status": status.get((bool(new), bool(missing)), "diverged"),
            "ahead_by": len(new),
            "behind_by": missing,
            "total_commits": len(new),
            "base_commit": self.commit(repository, behind[0]),
            "merge_base_commit": self.commit(repository, fork),
            "commits": [self.commit(repository, commit) for commit in new],
            "files": [self.file(repository, path, status) for path, status in files.items()],
        }

    def run(self, repository: Repository, run: Run) -> Object:
        """Return a run of a workflow."""
        base = f"{self.api}/repos/{repository.full_name}/actions/runs/{run.id}"
        value = self.template("run", repository.full_name)
        head = value["head_repository"] | self._repository(run.head_repository)
        return {
            **value,
            "id": run.id,
            "name": run.workflow,
            "path": f".github/workflows/{run.workflow}.yml@{run.head_branch}",
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "head_sha": run.head_sha,
            "head_branch": run.head_branch,
            "url": base,
            "artifacts_url": f"{base}/artifacts",
            "html_url": f"{SITE}/{repository.full_name}/actions/runs/{run.id}",
            "repository": value["repository"] | self._repository(repository),
            "head_repository": head,
            "created_at": run.created_at,
            "updated_at": run.created_at,
        }

    def artifact(self, repository: Repository, artifact: Artifact) -> Object:
        """Return an artifact of a run."""
        url = f"{self.api}/repos/{repository.full_name}/actions/artifacts/{artifact.id}"
        return {
            **self.template("artifact", repository.full_name),
            "id": artifact.id,
            "name": artifact.name,
            "size_in_bytes": len(artifact.content),
            "digest": f"sha256:{artifact.sha256}",
            "expired": artifact.expired,
            "url": url,
            "archive_download_url": f"{url}/zip",
            "created_at": artifact.created_at,
            "updated_at": artifact.created_at,
            "workflow_run": {
                "id": artifact.run.id,
                "repository_id": repository.id,
                "head_repository_id": artifact.run.head_repository.id,
                "head_branch": artifact.run.head_branch,
                "head_sha": artifact.run.head_sha,
            },
        }

    def check(self, repository: Repository, check_id: int, sent: Mapping[str, object]) -> Object:
        """Return a check run; *sent* is what its creator and editors told about it."""
        value = self.template("check-run", repository.full_name)
        output = sent.get("output") or {}
        assert isinstance(output, dict)
        known = {key: sent[key] for key in ("name", "head_sha", "status", "conclusion", "external_id") if key in sent}
        shown = {key: output.get(key) for key in ("title", "summary", "text")}
        return {
            **value,
            "conclusion": None,
            "status": "completed" if "conclusion" in sent else "queued",
            **known,
            "id": check_id,
            "url": f"{self.api}/repos/{repository.full_name}/check-runs/{check_id}",
            "html_url": f"{SITE}/{repository.full_name}/runs/{check_id}",
            "app": self.app(str(ACTIONS.app)),
            "output": {**value["output"], **shown, "annotations_count": len(output.get("annotations", ()))},
        }

    def permission(self, account: Account, role: str) -> Object:
        """Return what *account* may do in a repository."""
        value = self.template("permission")
        return {"permission": role, "role_name": role, "user": {**value["user"], **self.user(account)}}
