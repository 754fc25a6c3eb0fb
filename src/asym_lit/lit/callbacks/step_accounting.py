"""Where the time of a step goes, and how many tokens it buys."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.distributed import mean_over_processes
from asym_lit.lit.module import PolicyModule
from asym_lit.types import RolloutBatch


class StepAccounting(Callback):
    """Logs `time/<stage>` in seconds (mean over processes), `tokens/...` per step and per second, engines replaced so far,
    what an engine counts itself (`engine/servers`).

    With a lag, `time/generate` and `time/verify` pass beside the update of the step before: `time/overlapped` is how much of
    the making did, `time/waited` what the run stood still for. `lag/rollout_steps` and `lag/optimizer_steps` say by how much
    the weights that wrote are behind those that are updated.
    """

    def __init__(self) -> None:
        self._ended = perf_counter()
        self._version = 0

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._ended = perf_counter()

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._ended = perf_counter()

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert isinstance(pl_module, PolicyModule)
        self._version = pl_module.policy_version

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        now = perf_counter()
        step_seconds, self._ended = now - self._ended, now
        generated = sum(len(r.token_ids) for r in [*batch.rollouts, *batch.discarded, *batch.greedy])
        sums = {f"time/{stage}": (seconds, 1.0) for stage, seconds in sorted(batch.seconds.items())}
        sums["time/step"] = (step_seconds, 1.0)
        keeper = pl_module.datamodule.maker.keeper
        sums["engine/restarts"] = (keeper.restarts, 1.0 / trainer.world_size)
        sums |= {f"engine/{name}": pair for name, pair in batch.figures.items()}
        sums["tokens/generated"] = (float(generated), 1.0 / trainer.world_size)
        sums["tokens/per_second"] = (generated * trainer.world_size, step_seconds)
        sums["tokens/generated_per_second"] = (generated * trainer.world_size, batch.seconds.get("generate", 0.0))
        if pl_module.datamodule.ahead.lag:
            behind = self._version - batch.rollouts[0].policy_version
            sums |= {"lag/rollout_steps": (float(batch.lag), 1.0), "lag/optimizer_steps": (float(behind), 1.0)}
        pl_module.log_metrics(mean_over_processes(sums), batch.step, prog_bar=("tokens/per_second",))
