"""How a run goes on from a checkpoint: with its own settings, and a list of those that are not the checkpoint's."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_info

from asym_lit.lit.distributed import all_lists
from asym_lit.policy.optimizers import take_settings
from asym_lit.run_folder.checkpoint_origin import KEY, check_origin, go_on, origin_of
from asym_lit.run_folder.run_settings import changed, settings_of
from asym_lit.types import RunStoppedError

ASKED_BY = (
    "model.objective",
    "data.sampling",
    "data.prompts_per_step",
    "data.temperature",
    "data.curriculum",
    "data.prompt_format",
)
"""Settings that rollouts are asked for by: those that a checkpoint has for the step to come are of no use to a run with others.
The objective says which groups are dropped, and whether greedy responses are needed."""


class Resuming:
    """What a `PolicyModule` puts into its checkpoints, and does with one that is resumed."""

    def __init__(self) -> None:
        self.changed: dict[str, tuple[str, str]] = {}
        """Settings that are not the checkpoint's, by name: (of the checkpoint, now). Empty for a new run."""

    def save(self, module: Any, checkpoint: dict[str, Any]) -> None:
        """Put our part into a checkpoint that Lightning is about to write."""
        origin = origin_of(module.policy, module.policy_config, module.lora)
        settings = settings_of(module, module.datamodule)
        checkpoint[KEY] = {"rollout_step": module.rollout_step, "memory": module.memory, "settings": settings, **origin}
        if (ahead := module.datamodule.ahead.state()) is not None:
            checkpoint[KEY]["ahead"] = ahead

    def load(self, module: Any, checkpoint: dict[str, Any]) -> None:
        """Take our part out of one that Lightning has read, before it restores its loops.

        Raises:
            InputError: If this run cannot go on from it.
        """
        saved = check_origin(checkpoint, origin_of(module.policy, module.policy_config, module.lora))
        module.rollout_step, module.memory = saved["rollout_step"], dict(saved.get("memory", {}))
        if module.trainer.state.fn == TrainerFn.FITTING:
            self.changed = changed(saved.get("settings", {}), settings_of(module, module.datamodule))
            go_on(checkpoint, module.rollout_step, module.datamodule.rollout_steps)
            module.datamodule.ahead.load(saved.get("ahead"), module.datamodule.train_loader)

    def begin(self, module: Any) -> None:
        """Before the first step, when all is restored, the optimizer's state too: say what is other than it was.

        Raises:
            RunStoppedError: If processes go on from different steps: a node may see another listing of the run folder.
        """
        if len(set(steps := all_lists([module.rollout_step]))) > 1:
            raise RunStoppedError(
                f"The processes found different checkpoints: by rank, they would go on from the steps {steps}. A file system "
                "that remembers listings may show old ones for a minute: start again, or name a checkpoint, as in --ckpt_path "
                "<run folder>/checkpoints/step_000040.",
                state="failed",
            )
        module.datamodule.ahead.resume(is_of_use=not set(ASKED_BY) & set(self.changed))
        self.changed |= take_settings(module.optimizers(), module.lr_schedulers())
        for name, (before, now) in self.changed.items():
            rank_zero_info(f"Other than in the checkpoint: {name} was {before}, and is {now} from here on.")
