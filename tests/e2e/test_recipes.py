"""The recipes of the documentation do in the real act what they say."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from alekseylearn.beginnings import WORKFLOW
from alekseylearn.config import FILE_NAME
from tests.desk import NOTEBOOK, Bench
from tests.e2e.stories import only_comment, path_with, spy_on_git
from tests.rig.act import events
from tests.rig.act.act_rig import CHECKOUT, ActRig
from tests.rig.docker.engine import Engine
from tests.rig.docker.image import BASE
from tests.small import EPOCHS, PROSE, count, counting, growth

LONGER = {EPOCHS: "epochs = 200\nrate = 0.05"}
ONE, TWO, THREE = (f"notebooks/{name}.ipynb" for name in ("one", "two", "three"))


def recipe(heading: str, store: Path, number: int = 0) -> str:
    """Return a workflow below *heading*, with a folder for results that the test may write to."""
    section = (CHECKOUT / "docs" / "recipes.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    return re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)[number].replace("/srv/alekseylearn", str(store))


def test_several_notebooks_train_side_by_side_and_one_comment_tells_of_all(act_rig: ActRig, tmp_path: Path) -> None:
    consumer = act_rig.consumer(
        dict.fromkeys((ONE, TWO, THREE), growth()),
        workflow=recipe("Several notebooks side by side", tmp_path / "store"),
        full_name="octo/several",
    )
    changes = {ONE: growth(LONGER), TWO: growth({EPOCHS: "epochs = 9\nrate = 0.05"}), THREE: growth({PROSE: "# Words"})}
    run = act_rig.run_pull(consumer.open_pull(changes))
    assert run.exit_code == 0, run.log
    assert run.jobs == {"plan": "success", "train": "success", "report": "success"}
    comment = only_comment(consumer)
    assert comment.splitlines()[1].endswith(" Trained 2 notebooks: 1 worse, 1 better, against `main`")
    assert f"| `{THREE}` | 0 of 8 code cells, 1 text | " in comment
    assert "alekseylearn-report-1" in run.artifacts


def test_what_init_writes_reviews_the_first_pull_request(act_rig: ActRig, tmp_path: Path) -> None:
    """One command in a repository that nobody prepared, and the next pull request is trained and commented on."""
    bench = Bench.create(tmp_path)
    assert bench.desk.run("init").code == 0
    written = {name: (bench.desk.folder / name).read_text("utf-8") for name in (WORKFLOW, FILE_NAME)}
    files = {NOTEBOOK: growth(), FILE_NAME: written[FILE_NAME]}
    consumer = act_rig.consumer(files, workflow=written[WORKFLOW], full_name="octo/begun")
    run = act_rig.run_pull(consumer.open_pull({NOTEBOOK: growth(LONGER)}))
    assert run.exit_code == 0, run.log
    heading = only_comment(consumer).splitlines()[1]
    assert f"Trained `{NOTEBOOK}`: `mse` " in heading
    assert "worse by" in heading or "better by" in heading


def test_a_forks_pull_request_is_analysed_without_a_right_and_told_by_another_workflow(
    act_rig: ActRig, tmp_path: Path
) -> None:
    counted, seen = tmp_path / "count", spy_on_git(tmp_path / "spy")
    act_rig.variables["PATH"] = path_with(seen.parent)
    act_rig.secrets["AWS_SECRET_ACCESS_KEY"] = "very-secret"
    analyse, comment = (recipe("Forks", tmp_path, number) for number in (0, 1))
    telling = ".github/workflows/comment.yml"
    consumer = act_rig.consumer({ONE: growth(), telling: comment}, workflow=analyse, full_name="octo/forked")
    changes = {ONE: growth(LONGER, before=counting(counted))}
    pull = consumer.open_pull(changes, fork="stranger/forked", author="stranger")
    looked = act_rig.run_pull(pull)
    assert (looked.exit_code, looked.jobs) == (0, {"analyse": "success"}), looked.log
    assert (count(counted), act_rig.github.writes()) == (0, [])
    assert "Analysed, not trained: the pull request comes from a fork" in looked.summary
    assert [annotation.title for annotation in looked.annotations] == ["alekseylearn: trust.fork"]
    # Checkout runs git, too, with the token that it needs; git of ours may reach nothing.
    told = [environ for environ in seen.read_text().split("\n\n") if "GIT_ALLOW_PROTOCOL=none" in environ]
    assert told
    assert not [word for word in (act_rig.token, "very-secret", "INPUT_") if word in "".join(told)]
    consumer.repository.refresh()

    act_rig.github.grant(act_rig.token, actions="read", pull_requests="write")
    ended = events.workflow_run(consumer, looked.run_id)
    second = act_rig.run(consumer, "workflow_run", ended, commit=pull.base, workflow=telling)
    assert (second.exit_code, second.jobs) == (0, {"comment": "success"}), second.log
    assert [step.name for step in second.steps if "checkout" in step.name.lower()] == []
    shown = only_comment(consumer, pull.number)
    assert "Analysed, not trained: the pull request comes from a fork" in shown
    assert f"| `{ONE}` | 2 of 8 code cells | would train, " in shown


@pytest.mark.parametrize("trains", [True, False])
def test_the_gpu_is_asked_for_only_when_something_trains(act_rig: ActRig, tmp_path: Path, trains: bool) -> None:
    consumer = act_rig.consumer({ONE: growth()}, workflow=recipe("A GPU of your own", tmp_path), full_name="octo/gpu")
    run = act_rig.run_pull(consumer.open_pull({ONE: growth(LONGER if trains else {PROSE: "# Words"})}))
    assert run.exit_code == 0, run.log
    assert run.jobs == ({"plan": "success", "train": "success"} if trains else {"plan": "success"})
    assert ("Trained" if trains else "Nothing to train") in only_comment(consumer)


def test_a_box_of_your_own_trains_in_containers_and_keeps_none(
    act_rig: ActRig, docker_engine: Engine, tmp_path: Path
) -> None:
    """The machine's owner has an engine; the repository says `backend: docker`; strangers' code never reaches it."""
    settings = f"defaults:\n  backend: docker\n  docker: {{image: {BASE!r}, pull: never}}\n"
    workflow = recipe("A GPU of your own", tmp_path) + f"env: {{DOCKER_HOST: {docker_engine.host!r}}}\n"
    consumer = act_rig.consumer(
        {ONE: growth(before=f"folder = {str(tmp_path)!r}"), "alekseylearn.yml": settings},
        workflow=workflow,
        full_name="octo/box",
    )
    changes = {ONE: growth(LONGER, before=f"folder = {str(tmp_path)!r}")}
    run = act_rig.run_pull(consumer.open_pull(changes))
    assert run.exit_code == 0, run.log
    comment = only_comment(consumer)
    assert "Trained" in comment
    assert f"{BASE} (sha256:" in comment
    with contextlib.closing(docker_engine.client()) as client:
        runs = set(re.findall(r"\b[0-9a-f]{12}\b", comment))
        names = {f"alekseylearn-{run}" for run in runs}
        assert runs
        assert not names & {each.name for each in client.containers.list(all=True)}
