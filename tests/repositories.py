"""Real git repositories for tests: made with git itself, in a folder of the test's own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GIT = shutil.which("git") or "git"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository at *root*, driven by git's own commands; its identity and dates are fixed."""

    root: Path
    home: Path
    identity: Mapping[str, str] = field(
        default_factory=lambda: {
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        }
    )

    @classmethod
    def create(cls, folder: Path, *options: str) -> "Repository":
        """Make an empty repository in *folder*/repository, with a home of its own beside it."""
        (folder / "home").mkdir(parents=True, exist_ok=True)
        made = cls(root=folder / "repository", home=folder / "home")
        made.root.mkdir()
        made.git("init", "--quiet", "--initial-branch=main", *options)
        return made

    @property
    def environ(self) -> dict[str, str]:
        """An environment in which git sees no settings of the machine's user."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.identity}

    def git(self, *arguments: str, ok: bool = True) -> str:
        """Run git in the repository and give what it prints, without the last line feed."""
        child = subprocess.run([GIT, *arguments], cwd=self.root, env=self.environ, capture_output=True, check=False)
        if ok and child.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {child.stderr.decode(errors='replace')}")
        return os.fsdecode(child.stdout).removesuffix("\n")

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files by their paths; None removes one."""
        for path, content in files.items():
            place = self.root / path
            if content is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "A step") -> str:
        """Write files, commit everything, and give the commit's hash."""
        self.write(files)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")
