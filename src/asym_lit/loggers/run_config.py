"""The configuration of a run, as the command line parsed it: in its folder, and in its loggers."""

from __future__ import annotations

from typing import Any

import yaml
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback
from typing_extensions import override

from asym_lit.loggers.of_trainer import adapters_of
from asym_lit.loggers.run_place import decided_folder
from asym_lit.run_folder.logged_runs import write_logged_runs
from asym_lit.run_folder.paths import CONFIG
from asym_lit.run_folder.writing import write_atomically


class RunConfig(SaveConfigCallback):
    """Writes `<run folder>/config.yaml`, whatever the logger; Lightning's own writes beside all runs where there is none.

    Loggers get the same settings, and the folder remembers which runs of theirs it is, for one that goes on.
    """

    @property
    def _text(self) -> str:
        return self.parser.dump(self.config, skip_none=False, skip_link_targets=False).rstrip("\n")

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write the file of a new run; one that goes on may yet be refused."""
        if not self.config.get("ckpt_path"):
            super().setup(trainer, pl_module, stage)

    @override
    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write the file."""
        write_atomically(decided_folder(trainer) / CONFIG, [self._text])

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Not in `setup`: a start that is refused there leaves nothing behind, and an empty run in no logger of files."""
        if self.already_saved:
            self._log(trainer, 0)

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file of a run that goes on; not before: one that cannot leaves it as it is."""
        if not self.already_saved:
            super().setup(trainer, pl_module, "fit")
            self._log(trainer, getattr(pl_module, "rollout_step", 0))

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell the loggers of a measurement its settings."""
        if trainer.state.fn != "fit":
            self._log(trainer, 0)

    on_test_start = on_predict_start = on_validation_start

    def _log(self, trainer: Trainer, step: int) -> None:
        adapters = adapters_of(trainer)
        settings: dict[str, Any] = yaml.safe_load(self._text) if adapters else {}
        for one in adapters:
            one.write_settings(settings, step)
        if adapters and trainer.state.fn == "fit":
            runs = [(type(one.logger).__name__, one.identity) for one in adapters if one.identity]
            write_logged_runs(decided_folder(trainer), runs)
