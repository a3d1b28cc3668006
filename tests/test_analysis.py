"""From two versions of a real repository to plans: which notebooks are looked at, and what is decided about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.analysis import Comparison, Side, compare_versions, make_plans, read_config
from alekseylearn.config import Config
from alekseylearn.errors import InputError
from alekseylearn.git import ChangedFile, Git
from alekseylearn.plan import NotebookPlan, Settings
from tests.repositories import Repository
from tests.small import DRAWING, EPOCHS, EXPLORING, PROSE, TRAINS, growth, notebook
from tests.trees import tree

SETTINGS = Settings(python="3.12")
MODULE = "def double(x):\n    return x * 2\n"
USES_MODULE = notebook([("code", "from tools import double"), ("code", "line.fit(double([1]), [2])")])
USES_DATA = notebook([("code", "rows = open('data/rows.csv').read()"), ("code", "line.fit(rows, rows)")])
EXPLORES = notebook([("code", "1 + 1")])
BROKEN = b"no notebook at all"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path)


@pytest.fixture
def plans(repository: Repository) -> Iterator[Callable[..., dict[str, NotebookPlan]]]:
    """Give a function that compares HEAD~1 with HEAD, or with what *options* say."""
    with Git.open(repository.root, environ=repository.environ) as git:

        def make(
            settings: Settings = SETTINGS, known: frozenset[str] = frozenset(), force: bool = False, **options: Any
        ) -> dict[str, NotebookPlan]:
            comparison = compared(git, **options)
            made = make_plans(comparison, settings, known.__contains__, force=force)
            return {plan.path: plan for plan in made}

        yield make


def compared(git: Git, *, base: str = "HEAD~1", head: str | None = "HEAD", **options: Any) -> Comparison:
    shas = git.resolve(base), None if head is None else git.resolve(head)
    return compare_versions(git, base=shas[0], head=shas[1], base_name="main", head_name="topic", **options)


def told(plans: dict[str, NotebookPlan]) -> dict[str, tuple[str, str]]:
    return {path: (plan.decision, plan.reason) for path, plan in plans.items()}


def test_each_changed_notebook_gets_its_decision(repository: Repository, plans: Callable[..., Any]) -> None:
    names = ("deeper", "prose", "drawing", "exploring", "untouched")
    repository.commit({f"{name}.ipynb": growth() for name in names} | {"eda.ipynb": EXPLORES, "away.ipynb": USES_DATA})
    repository.commit(
        {
            "deeper.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"}),
            "prose.ipynb": growth({PROSE: "# Growth"}),
            "drawing.ipynb": growth({DRAWING: "print('***')"}),
            "exploring.ipynb": growth({EXPLORING: "points[:3]"}),
            "away.ipynb": None,
            "new.ipynb": growth({EPOCHS: "epochs = 5\nrate = 0.05"}),
            "eda.ipynb": notebook([("code", "1 + 2")]),
        }
    )
    skipped = "not trained: no code that trains changed"
    made = plans()
    assert told(made) == {
        "away.ipynb": ("skip", "the notebook was deleted"),
        "deeper.ipynb": ("train", "cell 4 changed: `epochs = 40`"),
        "drawing.ipynb": ("skip", f"{skipped} (1 code cell changed)"),
        "eda.ipynb": ("skip", "has no training cell (mark one with `#| train`)"),
        "exploring.ipynb": ("skip", f"{skipped} (1 code cell changed)"),
        "new.ipynb": ("train", "the notebook is new"),
        "prose.ipynb": ("skip", f"{skipped} (1 text cell changed)"),
    }
    deeper = made["deeper.ipynb"]
    assert deeper.head.digest != deeper.base.digest
    assert deeper.slice is deeper.head.slice
    assert deeper.notebook is deeper.head.notebook
    assert made["away.ipynb"].notebook is not None
    assert made["away.ipynb"].head is None
    assert (made["eda.ipynb"].head, made["eda.ipynb"].slice) == (None, None)


def test_a_result_that_is_known_is_reused_unless_forced(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": growth()})
    repository.commit({"a.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"})})
    digest = plans()["a.ipynb"].head.digest
    assert plans(known=frozenset({digest}))["a.ipynb"].decision == "reuse"
    assert plans(known=frozenset({digest}), force=True)["a.ipynb"].decision == "train"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"work/tools.py": "def double(x):\n    return x + x\n"}, {"work/a.ipynb": "the module `work/tools.py` changed"}),
        ({"work/tools.py": "# Twice.\n" + MODULE}, {}),
        ({"work/tools.py": None}, {"work/a.ipynb": "the module `work/tools.py` is gone"}),
        ({"work/data/rows.csv": "3\n"}, {"work/b.ipynb": "the data file `work/data/rows.csv` changed"}),
        ({"work/data/more.csv": "3\n"}, {}),
        ({"README.md": "Read me."}, {}),
        (
            {"requirements.txt": "numpy<3\n"},
            dict.fromkeys(("work/a.ipynb", "work/b.ipynb"), "the requirements changed: `numpy<3` is new"),
        ),
        ({"alekseylearn.yml": "defaults: {seed: 3}"}, dict.fromkeys(("work/a.ipynb", "work/b.ipynb"), "the seed changed")),
    ],
)  # fmt: skip
def test_what_lies_beside_the_notebooks_counts_too(
    repository: Repository, plans: Callable[..., Any], changes: dict[str, Any], expected: dict[str, str]
) -> None:
    files = {"work/a.ipynb": USES_MODULE, "work/b.ipynb": USES_DATA, "work/eda.ipynb": EXPLORES}
    repository.commit({**files, "work/tools.py": MODULE, "work/data/rows.csv": "1\n2\n", "requirements.txt": "numpy\n"})
    repository.commit(changes)
    made = plans()
    assert told(made) == {path: ("train", reason) for path, reason in expected.items()}
    assert all(plan.diff.status == "unchanged" for plan in made.values())


def test_what_was_broken_before_is_told_where_the_change_broke_it_only(
    repository: Repository, plans: Callable[..., Any]
) -> None:
    repository.commit({"a.ipynb": USES_MODULE, "bad.ipynb": BROKEN, "worse.ipynb": growth({TRAINS: "line.fit("})})
    repository.commit({"tools.py": MODULE})
    assert set(plans()) == {"a.ipynb"}
    repository.commit({"requirements.txt": "--index-url https://example.org/simple\n"})
    made = plans()
    assert set(made) == {"a.ipynb"}
    assert "`--index-url` is not taken from a repository" in made["a.ipynb"].reason


def test_a_notebook_that_only_moved_is_the_same_training(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"old.ipynb": growth(), "alekseylearn.yml": "models: {line: {notebook: old.ipynb}}"})
    repository.commit(
        {"old.ipynb": None, "new.ipynb": growth(), "alekseylearn.yml": "models: {line: {notebook: new.ipynb}}"}
    )
    made = plans()
    assert told(made)["new.ipynb"] == (
        "skip", "not trained: no code that trains changed (nothing in the notebook changed)"
    )  # fmt: skip
    assert (made["new.ipynb"].diff.status, made["new.ipynb"].diff.old_path) == ("renamed", "old.ipynb")
    assert made["new.ipynb"].name == "line"


@pytest.mark.parametrize(
    ("bad", "slug"), [(BROKEN, "nb.unreadable"), (growth({TRAINS: "line.fit("}), "nb."), (b"{}", "nb.version")]
)
def test_a_refused_notebook_keeps_its_error_and_the_others_are_planned(
    repository: Repository, plans: Callable[..., Any], bad: bytes, slug: str
) -> None:
    repository.commit({"good.ipynb": growth(), "bad.ipynb": growth()})
    repository.commit({"good.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"}), "bad.ipynb": bad})
    made = plans()
    assert made["good.ipynb"].decision == "train"
    refused = made["bad.ipynb"]
    assert (refused.decision, refused.head, refused.base) == ("skip", None, None)
    assert refused.refused.startswith(f"error[{slug}")
    assert refused.reason in refused.refused
    assert (refused.diff.status, refused.diff.changes) == ("modified", ())
    with pytest.raises(InputError) as caught:
        plans(asked=("bad.ipynb",))
    assert str(caught.value) == refused.refused


def test_a_named_notebook_is_planned_whether_or_not_it_changed_and_no_other_is(
    repository: Repository, plans: Callable[..., Any]
) -> None:
    repository.commit({name: growth() for name in ("a.ipynb", "b.ipynb", "c.ipynb")} | {"eda.ipynb": EXPLORES})
    repository.commit({"b.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"})})
    made = plans(asked=("a.ipynb", "b.ipynb"))
    assert told(made) == {
        "a.ipynb": ("train", "asked for: this training has no result yet"),
        "b.ipynb": ("train", "cell 4 changed: `epochs = 40`"),
    }
    assert told(plans(asked=("eda.ipynb",))) == {
        "eda.ipynb": ("skip", "has no training cell (mark one with `#| train`)")
    }
    with pytest.raises(InputError, match=r"path\.missing"):
        plans(asked=("gone.ipynb",))


def test_notebooks_are_selected_by_heads_configuration(repository: Repository, plans: Callable[..., Any]) -> None:
    files = {"a.ipynb": growth(), "archive/a.ipynb": growth(), ".ipynb_checkpoints/a.ipynb": growth()}
    repository.commit({"README.md": "Nothing yet."})
    repository.commit({**files, "alekseylearn.yml": "notebooks: ['**/*.ipynb', '!archive/']"})
    assert set(plans()) == {"a.ipynb"}


def test_parameters_of_the_command_line_are_about_head_only(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": growth()})
    repository.commit({"a.ipynb": growth({PROSE: "# Growth"})})
    (made,) = plans(Settings(python="3.12", parameters={"epochs": 3})).values()
    assert (made.decision, made.reason) == ("train", "the parameter `epochs` changed")
    assert dict(made.head.parameters) == {"epochs": 3}
    assert dict(made.base.parameters) == {}


# -- the base ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [BROKEN, growth({TRAINS: "line.fit("}), EXPLORES])
def test_a_base_that_cannot_be_trained_is_as_good_as_none(
    repository: Repository, plans: Callable[..., Any], old: bytes
) -> None:
    repository.commit({"a.ipynb": old})
    repository.commit({"a.ipynb": growth()})
    (made,) = plans().values()
    assert made.decision == "train"
    assert "new" in made.reason
    assert made.base is None


def test_a_base_that_cannot_be_read_is_told_beside_the_notebook(
    repository: Repository, plans: Callable[..., Any]
) -> None:
    repository.commit({"a.ipynb": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"})
    repository.commit({"a.ipynb": growth()})
    (made,) = plans().values()
    assert [told.partition(" (")[0] for told in made.notebook.warnings] == ["nb.lfs: base's version is not read"]


def test_a_base_that_git_does_not_hold_here_is_no_reason_to_call_a_notebook_new(
    repository: Repository, plans: Callable[..., Any]
) -> None:
    repository.commit({"a.ipynb": growth()})
    name = repository.git("rev-parse", "HEAD:a.ipynb")
    repository.commit({"a.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"})})
    (repository.root / ".git/objects" / name[:2] / name[2:]).unlink()
    (made,) = plans().values()
    assert made.decision == "skip"
    assert "git.history" in made.refused


def test_both_sides_train_where_head_says(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": growth(), "alekseylearn.yml": "defaults: {backend: process}"})
    longer = growth({EPOCHS: "epochs = 40\nrate = 0.05"})
    repository.commit({"a.ipynb": longer, "alekseylearn.yml": "defaults: {backend: docker}"})
    (made,) = plans().values()
    assert (made.head.backend, made.base.backend) == ("docker", "docker")


def test_a_broken_notebook_may_be_deleted(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": BROKEN, "b.ipynb": growth()})
    repository.commit({"a.ipynb": None})
    assert told(plans()) == {"a.ipynb": ("skip", "the notebook was deleted")}


def test_a_broken_configuration_of_the_base_counts_as_none_and_heads_is_refused(
    repository: Repository, plans: Callable[..., Any]
) -> None:
    repository.commit({"a.ipynb": growth(), "alekseylearn.yml": "modles: {}"})
    repository.commit(
        {"a.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"}), "alekseylearn.yml": "defaults: {seed: 1}"}
    )
    (made,) = plans().values()
    assert made.reason == "cell 4 changed: `epochs = 40`; the seed changed"
    repository.commit({"alekseylearn.yml": "modles: {}"})
    with pytest.raises(InputError, match=r"cfg\.unknown"):
        plans()


def test_a_fork_is_read_with_the_configuration_of_the_base(repository: Repository, plans: Callable[..., Any]) -> None:
    base = "notebooks: ['!secret.ipynb', 'a.ipynb']\nmodels: {line: {notebook: a.ipynb, seed: 1}}"
    repository.commit({"a.ipynb": growth(), "secret.ipynb": growth(), "alekseylearn.yml": base})
    own = "defaults: {backend: sagemaker}\nmodels: {mine: {notebook: a.ipynb, seed: 2}}"
    changed = growth({EPOCHS: "epochs = 40\nrate = 0.05"})
    repository.commit({"a.ipynb": changed, "secret.ipynb": changed, "alekseylearn.yml": own})
    assert set(plans()) == {"a.ipynb", "secret.ipynb"}
    (made,) = plans(config_of_base=True).values()
    assert (made.path, made.name, made.head.seed, made.head.backend) == ("a.ipynb", "line", 1, "process")
    repository.commit({"alekseylearn.yml": "modles: {}"})
    assert set(plans(base="HEAD~2", config_of_base=True)) == {"a.ipynb"}


def test_a_configuration_may_stand_elsewhere(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": growth()})
    repository.commit({"ci/al.yml": "models: {line: {notebook: a.ipynb, seed: 3}}"})
    assert plans() == {}
    (made,) = plans(config_path="ci/al.yml").values()
    assert (made.name, made.reason) == ("line", "the seed changed")


def test_the_work_tree_is_compared_as_it_lies_there(repository: Repository, plans: Callable[..., Any]) -> None:
    repository.commit({"a.ipynb": growth(), "work/b.ipynb": USES_MODULE, "work/tools.py": MODULE})
    repository.write(
        {"a.ipynb": growth({EPOCHS: "epochs = 40\nrate = 0.05"}), "new.ipynb": growth({EPOCHS: "epochs = 1\nrate = 1"})}
    )
    repository.write({"work/tools.py": MODULE.replace("2", "3")})
    made = plans(base="HEAD", head=None)
    assert {path: plan.decision for path, plan in made.items()} == dict.fromkeys(
        ("a.ipynb", "new.ipynb", "work/b.ipynb"), "train"
    )


def test_the_two_sides_say_what_they_are(repository: Repository) -> None:
    first = repository.commit({"a.ipynb": growth()})
    second = repository.commit({"a.ipynb": growth({PROSE: "# Growth"})})
    with Git.open(repository.root, environ=repository.environ) as git:
        made = compared(git, asked=("a.ipynb",))
        here = compared(git, base="HEAD", head=None)
    assert made.base is not None
    assert (made.base.name, made.base.sha, made.head.name, made.head.sha) == ("main", first, "topic", second)
    assert made.asked == {"a.ipynb"}
    assert here.head.sha == ""
    assert here.files == ()


def test_without_a_base_every_notebook_is_new() -> None:
    head = Side(name="here", sha="", tree=tree({"a.ipynb": growth()}), config=Config())
    file = ChangedFile(path="a.ipynb", old_path=None, status="added")
    (made,) = make_plans(Comparison(base=None, head=head, files=(file,)), SETTINGS, lambda _: False)
    assert (made.decision, made.reason, made.base) == ("train", "the notebook is new", None)


def test_a_repository_without_a_configuration_has_the_defaults() -> None:
    assert read_config(tree()) == Config()
    assert read_config(tree({"alekseylearn.yml": "defaults: {seed: 3}"})).defaults.seed == 3
