# manner: ML engineer, LightningModule + DataModule, torchmetrics collection, callbacks
# needs: lightning torch torchmetrics scikit-learn pandas
# seconds: 10
# %% [markdown]
# # Wine cultivars with Lightning
# Template notebook for new projects. Swap the DataModule, keep the rest.
# %%
# %pip install -q lightning torchmetrics
import logging
import warnings

import lightning as L
import pandas as pd
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassF1Score

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
# %%
L.__version__, torch.__version__
# %%
L.seed_everything(2024, workers=True)
# %%
raw = load_wine(as_frame=True).frame
raw.sample(5)
# %%
raw.groupby("target").mean().T
# %%
raw["target"].value_counts(normalize=True)
# %%
class WineData(L.LightningDataModule):
    def __init__(self, batch_size: int = 16, seed: int = 2024):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        x, y = load_wine(return_X_y=True)
        x_fit, x_test, y_fit, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=self.hparams.seed)
        x_train, x_val, y_train, y_val = train_test_split(x_fit, y_fit, test_size=0.2, stratify=y_fit, random_state=self.hparams.seed)
        scaler = StandardScaler().fit(x_train)
        make = lambda a, b: TensorDataset(torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b))
        self.train, self.val, self.test = make(x_train, y_train), make(x_val, y_val), make(x_test, y_test)

    def train_dataloader(self):
        return DataLoader(self.train, self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, 64)

    def test_dataloader(self):
        return DataLoader(self.test, 64)
# %%
class WineNet(L.LightningModule):
    def __init__(self, hidden: int = 32, dropout: float = 0.1, lr: float = 1e-2):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(13, hidden),
            torch.nn.ReLU(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(hidden, 3),
        )
        scores = MetricCollection({"acc": MulticlassAccuracy(3), "f1": MulticlassF1Score(3, average="macro")})
        self.val_scores = scores.clone(prefix="val_")
        self.test_scores = scores.clone(prefix="test_")

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.log("val_loss", F.cross_entropy(logits, y), prog_bar=True)
        self.log_dict(self.val_scores(logits, y))

    def test_step(self, batch, batch_idx):
        x, y = batch
        self.log_dict(self.test_scores(self(x), y))

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
        return {"optimizer": opt, "lr_scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(opt, 15)}
# %%
dm = WineData()
net = WineNet()
net
# %%
checkpoint = ModelCheckpoint(monitor="val_loss", mode="min", dirpath="wine_ckpt", save_weights_only=False)
stopping = EarlyStopping(monitor="val_loss", patience=5)
trainer = L.Trainer(
    max_epochs=15,
    accelerator="cpu",
    devices=1,
    callbacks=[checkpoint, stopping],
    logger=CSVLogger("wine_logs"),
    enable_progress_bar=False,
    enable_model_summary=False,
    log_every_n_steps=5,
)
# %%
# untrained, only to see that the loop works
trainer.validate(net, dm, verbose=False);
# %% train
%%time
trainer.fit(net, datamodule=dm)
# %% metrics
trainer.callback_metrics
# %%
curves = pd.read_csv(f"{trainer.logger.log_dir}/metrics.csv")
curves.groupby("epoch")[["train_loss", "val_loss"]].mean().plot();
# %%
checkpoint.best_model_path
# %% metrics
trainer.test(net, datamodule=dm, ckpt_path="best", weights_only=False)
# %% metrics
best = WineNet.load_from_checkpoint(checkpoint.best_model_path, weights_only=False).eval()
cm = MulticlassConfusionMatrix(3)
with torch.inference_mode():
    for x, y in dm.test_dataloader():
        cm.update(best(x), y)
cm.compute()
# %% [markdown]
# ## Bigger?
# %% train
def fit_once(**kw):
    L.seed_everything(2024, verbose=False)
    model = WineNet(**kw)
    t = L.Trainer(max_epochs=5, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
                  enable_progress_bar=False, enable_model_summary=False)
    t.fit(model, dm)
    return t.callback_metrics["val_acc"].item()

table = pd.Series({h: fit_once(hidden=h) for h in (8, 64)})
# %% metrics
table
# %%
# predictions for the service team
with torch.inference_mode():
    proba = best(dm.test[:5][0]).softmax(-1)
proba.numpy().round(3)
# %%
trainer.save_checkpoint("wine_final.ckpt")
!ls wine_ckpt
