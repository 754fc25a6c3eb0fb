#!/usr/bin/env bash
# lightning 2.6.6: under ModelParallelStrategy a resumed fit calls on_fit_start before module and callbacks are restored.
#
# Under the strategy that a CPU gets by itself both are restored by then; under ModelParallelStrategy, on_fit_start sees the weights
# and the callback's state of a fresh start (trainer.global_step is 0 there under both). Whoever copies the weights there, as
# reference for what follows, or decides there whether the run is a fresh one, is right under one and wrong under the other.
# What to do: wait for on_train_start, where all of it is restored under both.
#
# Output seen, lightning 2.6.6, torch 2.13.0, Python 3.11, one process on a CPU with gloo, resumed after two steps of weight + 1:
#   default        on_fit_start: weight 2, callback's count 2   on_train_start: weight 2, callback's count 2
#   ModelParallel  on_fit_start: weight 0, callback's count 0   on_train_start: weight 2, callback's count 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 lightning==2.6.6 2>/dev/null
cat >"$folder/try.py" <<'PY'
import logging
import sys
import warnings

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.strategies import ModelParallelStrategy
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)
warnings.filterwarnings("ignore")


class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(self.layer.weight)

    def configure_model(self):
        if isinstance(self.trainer.strategy, ModelParallelStrategy):
            fully_shard(self.layer, mesh=self.device_mesh["data_parallel"])

    def training_step(self, batch, batch_idx):
        return -self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


class Counting(Callback):
    def __init__(self):
        self.count, self.seen = 0, {}

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]

    def on_train_batch_end(self, *rest):
        self.count += 1

    def note(self, hook, module):
        weight = module.layer.weight.detach()
        weight = weight.full_tensor() if isinstance(weight, DTensor) else weight
        self.seen[hook] = (int(weight), self.count)

    def on_fit_start(self, trainer, module):
        self.note("on_fit_start", module)

    def on_train_start(self, trainer, module):
        self.note("on_train_start", module)


def fit(strategy, steps, start=None):
    counting = Counting()
    quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer = Trainer(
        accelerator="cpu", devices=1, strategy=strategy, max_steps=steps, callbacks=[counting], default_root_dir=sys.argv[1], **quiet
    )
    trainer.fit(Model(), torch.utils.data.DataLoader(torch.ones(4, 1)), ckpt_path=start)
    return trainer, counting.seen


found = {}
for name, strategy in (("default", lambda: "auto"), ("ModelParallel", lambda: ModelParallelStrategy(process_group_backend="gloo"))):
    path = f"{sys.argv[1]}/{name}.ckpt"
    fit(strategy(), 2)[0].save_checkpoint(path)
    found[name] = fit(strategy(), 3, path)[1]
    said = (f"{hook}: weight {weight}, callback's count {count}" for hook, (weight, count) in found[name].items())
    print(f"{name:14}", "   ".join(said))
late, restored = (0, 0), (2, 2)
assert found["default"] == {"on_fit_start": restored, "on_train_start": restored}, found
assert found["ModelParallel"] == {"on_fit_start": late, "on_train_start": restored}, found
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
