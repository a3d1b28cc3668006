"""A repository whose own settings name a program wherever git can be told of one."""

from __future__ import annotations

from pathlib import Path

from tests.repositories import Repository

_PROGRAMS = (
    *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
    *("core.alternateRefsCommand", "credential.helper", "credential.https://github.com.helper", "diff.external"),
    *("diff.trap.textconv", "diff.trap.command", "filter.trap.clean", "filter.trap.smudge", "filter.trap.process"),
    *("filter.x=y.clean", "merge.trap.driver", "gpg.program", "gpg.ssh.program", "gpg.x509.program"),
    *("gpg.ssh.defaultKeyCommand", "interactive.diffFilter", "sequence.editor", "trailer.trap.command"),
    *("trailer.trap.cmd", "uploadpack.packObjectsHook", "tar.tar.command", "difftool.trap.cmd", "mergetool.trap.cmd"),
    *("browser.trap.cmd", "man.trap.cmd", "remote.origin.uploadpack", "remote.origin.receivepack"),
)
"""Keys whose value is a program (git-config(1), git 2.39)."""
_COMMANDS = ("ls-tree", "diff-tree", "diff-index", "ls-files", "rev-parse", "config", "status", "log", "show")
_HOOKS = (
    *("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-merge", "pre-auto-gc"),
    *("fsmonitor-watchman", "post-rewrite", "sendemail-validate"),
)
_SETTINGS = {
    "core.fsmonitorHookVersion": "2",
    "core.untrackedCache": "true",
    "diff.trap.cachetextconv": "true",
    "filter.trap.required": "true",
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
    "extensions.worktreeConfig": "true",
    "protocol.ext.allow": "always",
    "protocol.file.allow": "always",
    "submodule.recurse": "true",
    "diff.submodule": "log",
    "log.showSignature": "true",
    "gpg.format": "ssh",
    "core.repositoryFormatVersion": "1",
}
_INCLUDED = '[filter "inner"]\n\tclean = {trap}\n\trequired = true\n[diff "inner"]\n\ttextconv = {trap}\n'


def poison(repository: Repository, canary: Path) -> None:
    """Have every setting of *repository* that names a program make the file *canary*."""
    folder = repository.root / ".git"
    trap = folder / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    trap.chmod(0o755)
    (folder / "included").write_text(_INCLUDED.format(trap=trap))
    settings = {
        **dict.fromkeys(_PROGRAMS, str(trap)),
        **{f"pager.{name}": str(trap) for name in _COMMANDS},
        **{f"alias.{name}": f"!{trap}" for name in _COMMANDS},
        **_SETTINGS,
        "core.hooksPath": str(folder / "traps"),
        "include.path": str(folder / "included"),
        "remote.origin.url": f"ext::{trap}",
        "submodule.inner.update": f"!{trap}",
    }
    for key, value in settings.items():
        repository.git("config", key, value)
    (folder / "config.worktree").write_text(f'[core]\n\tfsmonitor = {trap}\n[filter "worktree"]\n\tclean = {trap}\n')
    for hooks in (folder / "traps", folder / "hooks"):
        hooks.mkdir(exist_ok=True)
        for hook in _HOOKS:
            (hooks / hook).unlink(missing_ok=True)
            (hooks / hook).symlink_to(trap)
    attributes = "*.ipynb filter=trap diff=trap merge=trap\nb.ipynb filter=x=y\nc.ipynb filter=inner diff=inner\n"
    (repository.root / ".gitattributes").write_text(f"{attributes}*.py filter=worktree\n")
    (folder / "info").mkdir(exist_ok=True)
    (folder / "info/attributes").write_text("*.txt filter=trap diff=trap\n")
