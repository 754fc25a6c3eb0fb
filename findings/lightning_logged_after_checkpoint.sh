#!/usr/bin/env bash
# lightning 2.6.6: a checkpoint written in on_train_batch_end is older than the points of its own step.
#
# What training_step gives to self.log reaches the logger after every callback's and the module's on_train_batch_end. A checkpoint
# written there says step N while the logger has the points up to N - 1. A run that ends between the two and is resumed goes on
# with N + 1, and the points of N are never written. What to do: give points that have to be there to the logger by hand, before
# the checkpoint is written.
#
# Output seen, lightning 2.6.6, torch 2.13.0, Python 3.11:
#   checkpoint of step 1: the logger has the points of steps []
#   checkpoint of step 2: the logger has the points of steps [1]
#   ended there, resumed from it up to step 4: the logger has the points of steps [1, 3, 4]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 lightning==2.6.6 2>/dev/null
cat >"$folder/try.py" <<'PY'
import contextlib
import logging
import sys
import warnings

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")
given, found = [], {}


class Noting(CSVLogger):
    def log_metrics(self, metrics, step=None):
        given.extend(int(value) for name, value in metrics.items() if name == "point")


class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_idx):
        self.log("point", float(self.trainer.global_step + 1))
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Ended(Exception):
    pass


class Saving(Callback):
    def on_train_batch_end(self, trainer, *rest):
        trainer.save_checkpoint(path)
        step = torch.load(path)["global_step"]
        found[step] = list(given)
        print(f"checkpoint of step {step}: the logger has the points of steps {given}")
        if step == 2:
            raise Ended


def fit(callbacks, start=None):
    quiet = dict(enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    logger = Noting(sys.argv[1])
    trainer = Trainer(accelerator="cpu", devices=1, max_steps=4, log_every_n_steps=1, logger=logger, callbacks=callbacks, **quiet)
    trainer.fit(Model(), torch.utils.data.DataLoader(torch.ones(6, 1)), ckpt_path=start)


path = f"{sys.argv[1]}/step.ckpt"
with contextlib.suppress(Ended):
    fit([Saving()])
fit([], path)
print(f"ended there, resumed from it up to step 4: the logger has the points of steps {given}")
assert found == {1: [], 2: [1]} and given == [1, 3, 4], (found, given)
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
