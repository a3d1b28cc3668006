"""Notebooks as people write them, with the libraries themselves: their metrics are found, and nothing is configured."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from alekseylearn.metric_lines import read_metrics
from alekseylearn.metrics import Metric
from tests.desk import lone_desk
from tests.small import notebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a notebook left."""

    lines: list[dict[str, Any]]
    metrics: Mapping[str, Metric]
    warnings: list[str]

    @property
    def sources(self) -> dict[str, str]:
        return {name: metric.source for name, metric in self.metrics.items()}

    def steps(self, name: str) -> list[int]:
        return [step for step, _ in self.metrics[name].series]


Fit = Callable[..., Trained]


@pytest.fixture
def fit(tmp_path: Path, writers: Path) -> Fit:
    """Train a notebook of these cells by `alekseylearn fit`, in the libraries' environment."""

    def trained(*cells: str, config: str = "") -> Trained:
        desk = lone_desk(tmp_path / "desk")
        desk.write("nb.ipynb", notebook([("code", dedent(cell).strip()) for cell in cells]))
        desk.write("alekseylearn.yml", f"defaults: {{python: {writers}}}\n{config}")
        done = desk.run("fit", "nb.ipynb", "--json", CUDA_VISIBLE_DEVICES="")
        assert done.code == 0, done.err
        (run,) = done.document["runs"]
        (path,) = (desk.folder / ".alekseylearn" / "results").rglob(f"{run['digest']}/**/metrics.jsonl")
        text = path.read_text("utf-8")
        result = json.loads((path.parents[3] / "result.json").read_text("utf-8"))
        metrics = {metric.name: metric for metric in read_metrics(text.splitlines())}
        return Trained(lines=list(map(json.loads, text.splitlines())), metrics=metrics, warnings=result["warnings"])

    return trained


def test_scores_of_scikit_learn_and_of_each_fold(fit: Fit) -> None:
    told = fit(
        """
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import accuracy_score
        from sklearn.model_selection import cross_val_score, cross_validate, train_test_split
        X, y = load_iris(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        """,
        "model = LogisticRegression(max_iter=500).fit(X_train, y_train)\nmodel.score(X_test, y_test)",
        "accuracy_score(y_test, model.predict(X_test))",
        "scores = cross_val_score(model, X, y, cv=3)\nscores",
        "results = cross_validate(model, X, y, cv=3, scoring=['f1_macro'])",
    )
    assert told.sources == {
        "score": "last_expression", "accuracy_score": "last_expression", "scores": "cross_validation",
        "scores_std": "cross_validation", "test_f1_macro": "cross_validation", "test_f1_macro_std": "cross_validation",
    }  # fmt: skip
    assert told.metrics["score"].value == told.metrics["accuracy_score"].value > 0.9
    assert 0 < told.metrics["scores_std"].value < 0.1 < 0.9 < told.metrics["scores"].value < 1


def test_a_history_of_keras(fit: Fit) -> None:
    told = fit(
        """
        import os
        os.environ["KERAS_BACKEND"] = "torch"
        import keras
        import numpy as np
        x = np.random.default_rng(0).random((32, 2)).astype("float32")
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        """,
        "history = model.fit(x, x.sum(1), epochs=3, validation_split=0.25, verbose=0)",
        "loss, mae = model.evaluate(x, x.sum(1), verbose=0)\nloss, mae",
    )
    assert set(told.metrics) == {"loss", "mae", "val_loss", "val_mae"}
    assert all(told.steps(name) == [0, 1, 2] for name in told.metrics)
    assert told.sources == {"val_loss": "history", "val_mae": "history", "loss": "assigned", "mae": "assigned"}
    assert told.metrics["loss"].also == ("last_expression",)


def test_what_the_notebook_logs_by_ours(fit: Fit) -> None:
    told = fit(
        """
        from sklearn.linear_model import SGDClassifier
        from sklearn.datasets import load_iris
        from alekseylearn import log_metric, log_params
        X, y = load_iris(return_X_y=True)
        model = SGDClassifier(random_state=0)
        """,
        """
        log_params({"loss": "hinge"})
        for epoch in range(3):
            model.partial_fit(X, y, classes=[0, 1, 2])
            log_metric("accuracy", model.score(X, y), step=epoch)
        """,
    )
    assert told.sources == {"accuracy": "log_metric"}
    assert told.steps("accuracy") == [0, 1, 2]


MODEL = """
from sklearn.linear_model import LinearRegression
model = LinearRegression()
"""


def test_metrics_files_as_dvc_has_them(fit: Fit) -> None:
    told = fit(
        MODEL,
        "model.fit([[0], [1], [2]], [0, 1, 3])",
        "import json\nimport yaml\nr2 = model.score([[0], [1], [2]], [0, 1, 3])",
        """
        with open("metrics.json", "w") as file:
            json.dump({"train": {"r2": r2, "rows": 3}, "kind": "linear"}, file)
        with open("metrics.yaml", "w") as file:
            yaml.safe_dump({"test": {"r2": float(r2), "worst": float("nan")}, "rate": 1e-3}, file)
        """,
    )
    assert told.sources == {
        "r2": "assigned", "train.r2": "metrics_json", "train.rows": "metrics_json",
        "test.r2": "metrics_yaml", "test.worst": "metrics_yaml", "rate": "metrics_yaml",
    }  # fmt: skip
    assert told.metrics["train.r2"].value == told.metrics["test.r2"].value > 0.9
    assert math.isnan(told.metrics["test.worst"].value)


def test_a_live_of_dvclive(fit: Fit) -> None:
    told = fit(
        f"{MODEL}\nfrom dvclive import Live",
        """
        with Live() as live:
            for epoch in range(3):
                model.fit([[0], [1], [2]], [0, 1, 3 + epoch])
                live.log_metric("train/r2", model.score([[0], [1], [2]], [0, 1, 3]))
                live.log_metric("loss", float("nan") if epoch else 1.0)
                live.next_step()
            live.summary["best"] = 0.5
        """,
    )
    assert told.sources == dict.fromkeys(("train/r2", "loss", "best"), "dvclive")
    assert told.steps("train/r2") == [0, 1, 2]
    assert math.isnan(told.metrics["loss"].value)
    assert told.metrics["best"].value == 0.5
    assert any("loss is nan since step 1" in warning for warning in told.warnings)


def test_a_trainer_of_hugging_face(fit: Fit) -> None:
    told = fit(
        """
        import torch
        from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

        class Rows(torch.utils.data.Dataset):
            def __len__(self):
                return 16

            def __getitem__(self, row):
                return {"input_ids": torch.tensor([row % 7, 1, 2]), "labels": torch.tensor(row % 2)}

        size = dict(vocab_size=16, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
        model = BertForSequenceClassification(BertConfig(**size, max_position_embeddings=8))
        """,
        """
        arguments = TrainingArguments(
            output_dir="out", num_train_epochs=2, per_device_train_batch_size=4, logging_steps=2, eval_strategy="epoch",
            use_cpu=True, report_to="tensorboard",
        )
        trainer = Trainer(
            model=model, args=arguments, train_dataset=Rows(), eval_dataset=Rows(),
            compute_metrics=lambda told: {"accuracy": float((told.predictions.argmax(-1) == told.label_ids).mean())},
        )
        trainer.train()
        """,
        "trainer.evaluate()",
    )
    assert told.steps("loss") == [2, 4, 6, 8]
    assert told.steps("eval_accuracy") == told.steps("eval_loss") == [4, 8]
    assert told.metrics["eval_loss"].source == "last_expression"
    series = {line["source"] for line in told.lines if line["step"] is not None}
    assert series == {"trainer_state"}
    assert {line["name"]: line.get("also") for line in told.lines if line["name"] == "loss"} == {
        "loss": ["tensorboard"]
    }
    assert set(told.metrics) == {"loss", "grad_norm", "learning_rate", "train_loss", "eval_loss", "eval_accuracy"}


LIGHTNING = """
import lightning as L
import torch
from torch.utils.data import DataLoader, TensorDataset

class Net(L.LightningModule):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.layer = torch.nn.Linear(2, 1)

    def loss(self, batch):
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def training_step(self, batch, index):
        loss = self.loss(batch)
        self.log(f"{self.name}_loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log(f"{self.name}_val_loss", self.loss(batch))

    def test_step(self, batch, index):
        self.log(f"{self.name}_test_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

x = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
rows = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=16)
quiet = dict(max_epochs=3, accelerator="cpu", log_every_n_steps=2, enable_progress_bar=False, enable_model_summary=False)
"""


def test_lightning_with_its_csv_logger_and_with_the_one_that_it_takes_by_itself(fit: Fit) -> None:
    told = fit(
        LIGHTNING,
        """
        from lightning.pytorch.loggers import CSVLogger
        trainer = L.Trainer(logger=CSVLogger("logs"), **quiet)
        trainer.fit(Net("net"), rows, rows)
        """,
        "trainer.test(trainer.model, rows, verbose=False);",
        "model = Net('other')\nother = L.Trainer(**quiet)\nother.fit(model, rows, rows)",
    )
    assert told.sources == {
        **dict.fromkeys(("net_loss", "net_val_loss", "net_test_loss"), "lightning_csv"),
        **dict.fromkeys(("other_loss", "other_val_loss"), "tensorboard"),
    }
    assert told.steps("net_val_loss") == [0, 1, 2]
    assert told.steps("net_loss") == [1, 3, 5, 7, 9, 11]
    assert told.metrics["net_test_loss"].series == ()
    assert told.steps("other_val_loss") == [3, 7, 11]


def test_runs_of_mlflow_in_its_database(fit: Fit) -> None:
    told = fit(
        f"{MODEL}\nimport mlflow",
        """
        with mlflow.start_run():
            with mlflow.start_run(run_name="small", nested=True):
                model.fit([[0], [1]], [0, 1])
                mlflow.log_metric("r2", 0.25)
            model.fit([[0], [1], [2]], [0, 1, 3])
            mlflow.log_metric("r2", model.score([[0], [1], [2]], [0, 1, 3]))
            for epoch in range(3):
                mlflow.log_metric("loss", [2.0, float("inf"), float("nan")][epoch], step=epoch)
        """,
    )
    assert told.sources == dict.fromkeys(("r2", "small/r2", "loss"), "mlflow")
    assert told.metrics["small/r2"].value == 0.25 < told.metrics["r2"].value
    assert [line["value"] for line in told.lines if line["name"] == "loss"] == [2.0, "inf", "nan"]


def test_a_run_of_mlflow_in_files(fit: Fit) -> None:
    told = fit(
        f"import os\nos.environ['MLFLOW_ALLOW_FILE_STORE'] = 'true'\n{MODEL}\nimport mlflow",
        """
        mlflow.set_tracking_uri("mlruns")
        model.fit([[0], [1], [2]], [0, 1, 3])
        mlflow.log_metric("train/r2", model.score([[0], [1], [2]], [0, 1, 3]))
        for loss in (2.0, 1.0):
            mlflow.log_metric("loss", loss)
        """,
    )
    assert told.sources == dict.fromkeys(("train/r2", "loss"), "mlflow")
    assert told.metrics["loss"].series == ((0, 2.0), (1, 1.0))


def test_a_writer_of_tensorboard_that_nobody_closed(fit: Fit) -> None:
    told = fit(
        f"{MODEL}\nfrom torch.utils.tensorboard import SummaryWriter\nwriter = SummaryWriter()",
        """
        for epoch in range(3):
            model.fit([[0], [1], [2]], [0, 1, 3 + epoch])
            writer.add_scalar("Loss/train", 1 / (epoch + 1), epoch)
            writer.add_scalars("r2", {"train": 0.5, "test": 0.25}, epoch)
        writer.add_scalar("final", float("nan"))
        """,
    )
    assert told.sources == dict.fromkeys(("Loss/train", "r2/train", "r2/test", "final"), "tensorboard")
    assert told.steps("Loss/train") == told.steps("r2/train") == [0, 1, 2]
    assert told.metrics["Loss/train"].value == pytest.approx(1 / 3)
    assert math.isnan(told.metrics["final"].value)


TENSORS = """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

def scalar(tag, value):
    scalars = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    return Summary(value=[Summary.Value(tag=tag, metadata=scalars, tensor=tensor_util.make_tensor_proto(value))])
"""


def test_folders_of_tensorboard_and_tensors_as_keras_writes_them_told_while_the_cell_runs(fit: Fit) -> None:
    told = fit(
        f"{MODEL}\nfrom tensorboardX import SummaryWriter",
        TENSORS,
        """
        import os
        import time
        for split, loss in (("train", 1.0), ("validation", 2.0)):
            with SummaryWriter(f"logs/{split}") as writer:
                for epoch in range(2):
                    model.fit([[0], [1], [2]], [0, 1, 3])
                    writer.add_scalar("epoch_loss", loss / (epoch + 1), epoch)
        writer = EventFileWriter("logs/test")
        for epoch in range(2):
            writer.add_event(Event(step=epoch, summary=scalar("epoch_loss", 3.0 / (epoch + 1))))
        writer.close()
        until = time.monotonic() + 60
        while "test/epoch_loss" not in open(os.environ["SM_OUTPUT_DATA_DIR"] + "/metrics.jsonl").read():
            assert time.monotonic() < until, "it was never told"
            time.sleep(0.05)
        """,
    )
    assert told.sources == dict.fromkeys(
        ("train/epoch_loss", "validation/epoch_loss", "test/epoch_loss"), "tensorboard"
    )
    assert told.metrics["validation/epoch_loss"].series == ((0, 2.0), (1, 1.0))
    assert told.metrics["test/epoch_loss"].series == ((0, 3.0), (1, 1.5))


def test_scores_that_are_only_printed(fit: Fit) -> None:
    told = fit(
        MODEL,
        """
        for epoch in range(3):
            model.fit([[0], [1], [2]], [0, 1, 3 + epoch])
            print(f"epoch {epoch}: loss={1 / (epoch + 1):.3f}, acc=0.{epoch}")
        print("AUC: 0.75")
        """,
        config=r"models: {nb: {notebook: nb.ipynb, printed: {loss: 'loss=([\d.]+)', auc: 'AUC: (\S+)'}}}",
    )
    assert told.sources == {"loss": "printed", "auc": "printed"}
    assert told.metrics["loss"].series == ((0, 1.0), (1, 0.5), (2, 0.333))
    assert (told.metrics["auc"].value, told.metrics["auc"].series) == (0.75, ())


def test_one_name_by_two_libraries_counts_once_and_names_the_other(fit: Fit) -> None:
    told = fit(
        f"{MODEL}\nfrom dvclive import Live\nfrom tensorboardX import SummaryWriter",
        """
        with Live() as live, SummaryWriter("runs/one") as writer:
            for epoch in range(2):
                model.fit([[0], [1], [2]], [0, 1, 3])
                writer.add_scalar("loss", 1 / 3, epoch)
                live.log_metric("loss", 1 / 3)
                live.next_step()
        """,
    )
    assert told.sources == {"loss": "dvclive"}
    assert told.metrics["loss"].also == ("tensorboard",)
    assert told.metrics["loss"].series == ((0, 1 / 3), (1, 1 / 3))
