"""`uses: alekseylearn/action@v1` on pull requests, run by the real act, with the action as it stands here."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from tests.desk import lone_desk
from tests.e2e.stories import NOTEBOOK, PLANNED, PULL_REQUEST, decisions, only_comment
from tests.rig.act.act_rig import ActRig
from tests.small import DRAWING, EPOCHS, LINE, PROSE, TRAINS, count, counting, growth

LONGER = {EPOCHS: "epochs = 200\nrate = 0.05"}
BROKEN = {TRAINS: "line = Line()\nline.fit(points, 'many', 1)"}


def test_a_changed_model_is_trained_on_both_sides_and_reviewed_in_one_comment(act_rig: ActRig, tmp_path: Path) -> None:
    counted = tmp_path / "count"
    consumer = act_rig.consumer(
        {NOTEBOOK: growth(before=counting(counted))}, workflow=PULL_REQUEST, full_name="octo/opened"
    )
    pull = consumer.open_pull({NOTEBOOK: growth(LONGER, before=counting(counted))})
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    assert count(counted) == 2

    comment = only_comment(consumer)
    headline, verdict = comment.splitlines()[1:4:2]
    assert headline == f"### ✅ Trained `{NOTEBOOK}`: `mse` 0.4702, better by 0.4249 than `main`"
    assert verdict.startswith(f"{pull.head[:7]} against `main` {pull.base[:7]} · ")
    assert "| **`mse`** | 0.8951 | **0.4702** | **better** by 0.4249 (-47.5 %) |" in comment
    assert "| 4 `epochs = 200` | edited, +1 −1 | yes: " in comment

    outputs = run.outputs("al")
    assert (outputs["result"], outputs["any-trained"]) == ("success", "true")
    assert decisions(run) == {NOTEBOOK: "train"}
    assert outputs["comment-url"].startswith("https://github.com/octo/opened/pull/7#issuecomment-")
    assert outputs["artifact-url"] in comment
    assert headline in run.summary
    assert run.annotations == ()

    names = set(zipfile.ZipFile(run.artifacts["alekseylearn-train-1"]).namelist())
    assert names > {"report.html", "comment.md", "outcome.json", "growth/model.pkl", "growth/growth.executed.ipynb"}


def test_prose_and_plots_start_nothing(act_rig: ActRig, tmp_path: Path) -> None:
    counted = tmp_path / "count"
    consumer = act_rig.consumer(
        {NOTEBOOK: growth(before=counting(counted))}, workflow=PULL_REQUEST, full_name="octo/prose"
    )
    changes = {PROSE: "# Growth\n\nIt grows fast.", DRAWING: "print('drawn')"}
    run = act_rig.run_pull(consumer.open_pull({NOTEBOOK: growth(changes, before=counting(counted))}))
    assert run.exit_code == 0, run.log
    assert count(counted) == 0
    assert "Nothing to train" in only_comment(consumer)
    outputs = run.outputs("al")
    assert (outputs["result"], outputs["any-trained"]) == ("skipped", "false")
    assert decisions(run) == {NOTEBOOK: "skip"}


def test_a_failing_cell_fails_the_check_and_is_named(act_rig: ActRig) -> None:
    consumer = act_rig.consumer({NOTEBOOK: growth()}, workflow=PULL_REQUEST, full_name="octo/failing")
    run = act_rig.run_pull(consumer.open_pull({NOTEBOOK: growth(BROKEN)}))
    assert run.jobs == {"train": "failure"}
    assert run.outputs("al")["result"] == "failure"
    comment = only_comment(consumer)
    assert comment.splitlines()[1].startswith("### ❌")
    assert f"cell {TRAINS}" in comment
    assert "TypeError" in comment
    (annotation,) = run.annotations
    assert (annotation.level, annotation.file) == ("error", NOTEBOOK)
    assert annotation.message.startswith(f"cell {TRAINS}, line 2: TypeError: ")
    assert run.outcome("al", "finish") == "success"


def test_a_second_push_updates_the_comment_and_trains_the_base_no_more(act_rig: ActRig, tmp_path: Path) -> None:
    counted = tmp_path / "count"
    consumer = act_rig.consumer(
        {NOTEBOOK: growth(before=counting(counted))}, workflow=PULL_REQUEST, full_name="octo/pushed"
    )
    pull = consumer.open_pull({NOTEBOOK: growth(LONGER, before=counting(counted))})
    act_rig.run_pull(pull)
    (first,) = consumer.repository.comments(7)
    before = first.body
    pull.push({NOTEBOOK: growth({EPOCHS: "epochs = 400\nrate = 0.05"}, before=counting(counted))})
    run = act_rig.run_pull(pull, "synchronize")
    assert run.exit_code == 0, run.log
    assert count(counted) == 3
    (second,) = consumer.repository.comments(7)
    assert (second.id, second.body != before) == (first.id, True)
    assert pull.head[:7] in second.body
    assert pull.before[:7] in second.body, "the earlier run stands in the history"


def test_an_older_run_leaves_the_newer_comment_alone(act_rig: ActRig) -> None:
    consumer = act_rig.consumer({NOTEBOOK: growth()}, workflow=PULL_REQUEST, full_name="octo/older")
    pull = consumer.open_pull({NOTEBOOK: growth(LONGER)})
    act_rig.variables["GITHUB_RUN_NUMBER"] = "12"
    act_rig.run_pull(pull)
    newer = only_comment(consumer)
    act_rig.variables["GITHUB_RUN_NUMBER"] = "11"
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    assert only_comment(consumer) == newer
    assert {annotation.message for annotation in run.annotations} == {
        "a later run has reported already; its comment stays"
    }


def test_what_trains_sees_no_secret(act_rig: ActRig, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    look = f"import os\nprint(dict(os.environ), file=open({str(seen)!r}, 'a'))\n{LINE}"
    consumer = act_rig.consumer({NOTEBOOK: growth({5: look})}, workflow=PULL_REQUEST, full_name="octo/secret")
    act_rig.secrets["AWS_SECRET_ACCESS_KEY"] = "very-secret"
    workflow = PULL_REQUEST.replace(
        "jobs:", "env: {AWS_SECRET_ACCESS_KEY: '${{ secrets.AWS_SECRET_ACCESS_KEY }}'}\njobs:"
    )
    pull = consumer.open_pull({NOTEBOOK: growth({5: look} | LONGER), ".github/workflows/train.yml": workflow})
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    told = seen.read_text()
    assert len(told.splitlines()) == 2
    assert "SM_MODEL_DIR" in told
    assert not [word for word in (act_rig.token, "very-secret", "GITHUB_", "INPUT_", "ACTIONS_") if word in told]


def test_a_plan_gives_the_matrix_of_jobs_that_train_and_one_report_at_the_end(act_rig: ActRig, tmp_path: Path) -> None:
    counted = tmp_path / "count"
    other = "notebooks/other.ipynb"
    files = {NOTEBOOK: growth(before=counting(counted)), other: growth({2: "points = [(0, 1), (1, 2)]"})}
    consumer = act_rig.consumer(files, workflow=PLANNED, full_name="octo/planned")
    pull = consumer.open_pull({NOTEBOOK: growth(LONGER, before=counting(counted))})
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    planned = run.outputs("al", job="plan")
    (row,) = json.loads(planned["matrix"])["include"]
    assert (row["notebook"], row["name"]) == (NOTEBOOK, "growth")
    assert (planned["any-trained"], planned["result"]) == ("true", "success")
    assert count(counted) == 2
    assert run.outputs("al", job="report")["result"] == "success"
    comment = only_comment(consumer)
    assert "`mse` 0.4702, better by 0.4249 than `main`" in comment


def test_a_failure_in_one_job_is_reported_by_the_last(act_rig: ActRig) -> None:
    consumer = act_rig.consumer({NOTEBOOK: growth()}, workflow=PLANNED, full_name="octo/late")
    run = act_rig.run_pull(consumer.open_pull({NOTEBOOK: growth(BROKEN)}))
    assert run.jobs == {"plan": "success", "train": "failure", "report": "failure"}
    assert only_comment(consumer).splitlines()[1].startswith(f"### ❌ Training failed in cell {TRAINS}")


def test_a_package_that_is_missing_is_told_on_the_pull_request(act_rig: ActRig) -> None:
    other = "notebooks/other.ipynb"
    consumer = act_rig.consumer({NOTEBOOK: growth(), other: growth()}, workflow=PULL_REQUEST, full_name="octo/missing")
    lacking = growth(LONGER | {1: "import math\nimport no_such_package"})
    run = act_rig.run_pull(consumer.open_pull({NOTEBOOK: lacking, other: growth(LONGER)}))
    assert run.jobs == {"train": "failure"}
    outputs = run.outputs("al")
    assert (outputs["result"], outputs["any-trained"]) == ("failure", "true")
    comment = only_comment(consumer)
    assert "cell 1 imports `no_such_package`" in comment.replace("'", "`")
    assert "0.4702" in comment, "the other notebook is trained all the same"
    (annotation,) = run.annotations
    assert (annotation.title, annotation.file) == ("Not trained", NOTEBOOK)


def test_artifacts_of_the_run_are_whole_and_come_home(act_rig: ActRig, tmp_path: Path) -> None:
    consumer = act_rig.consumer({NOTEBOOK: growth()}, workflow=PULL_REQUEST, full_name="octo/whole")
    act_rig.run_pull(consumer.open_pull({NOTEBOOK: growth(LONGER)}))
    consumer.repository.refresh()
    (artifact,) = consumer.repository.artifacts.values()
    archive = zipfile.ZipFile(io.BytesIO(artifact.content))
    outcome = json.loads(archive.read("outcome.json"))
    (told,) = outcome["runs"]
    for item in told["artifacts"]:
        assert len(archive.read(f"growth/{item['name']}")) == item["size"]
    home = lone_desk(tmp_path / "home")
    options = ("--repository", "octo/whole", "--base", "--json")
    done = home.run("fetch", "pr/7", *options, GITHUB_API_URL=act_rig.github.url, GITHUB_TOKEN="ghp_mona")
    assert done.code == 0, done.err
    for side, said in ((done.document, told), (done.document["base"], told["base"])):
        assert side["digest"] == said["digest"]
        for file, item in zip(side["files"], said["artifacts"], strict=True):
            assert (home.folder / file["path"]).read_bytes() == archive.read(item["path"])
