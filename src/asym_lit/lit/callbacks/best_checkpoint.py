"""The best policy by a validation metric, by default the area under pass@k. On rollout steps: `rollout_checkpoint`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.callbacks.policy_checkpoint import PolicyCheckpoint
from asym_lit.lit.module import PolicyModule
from asym_lit.types import InputError


class BestCheckpoint(PolicyCheckpoint):
    """Keeps the checkpoint with the highest value of a metric in `<run folder>/best/step_000040/`.

    To stop early on the same metric, add Lightning's own `EarlyStopping` with `monitor: val/<set>/pass@k_area`, `mode: max`.

    Args:
        monitor: Name of the metric, higher is better; empty for `val/<first evaluation set>/pass@k_area`: the mean of
            pass@k over log k, so that neither pass@1 alone nor one large k decides.
    """

    def __init__(self, monitor: str = "") -> None:
        super().__init__("best", keep=1)
        self.monitor = monitor
        self.best = -math.inf

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        assert isinstance(pl_module, PolicyModule)
        self.monitor = self.monitor or f"val/{next(iter(pl_module.datamodule.evaluation_sets))}/pass@k_area"

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        if trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        if self.monitor not in trainer.callback_metrics:
            found = ", ".join(sorted(name for name in trainer.callback_metrics if name.startswith("val/")))
            raise InputError(
                f"BestCheckpoint looks for {self.monitor!r}; validation logs: {found}. Write one of them as monitor."
            )
        value = float(trainer.callback_metrics[self.monitor])
        if value > self.best:
            self.best = value
            self.save(trainer, pl_module)

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    @override
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.best = state_dict["best"]
