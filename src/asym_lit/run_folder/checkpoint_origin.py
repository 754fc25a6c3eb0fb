"""What a checkpoint remembers of the run that wrote it, and whether this run may go on from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from asym_lit.policy.loading import architecture_of
from asym_lit.policy.lora import LoRA
from asym_lit.types import InputError

KEY = "asym_lit"
"""Of our part of a Lightning checkpoint."""


def origin_of(policy: str, config: Any, lora: LoRA | None) -> dict[str, Any]:
    """What must be the same in a run that goes on from a checkpoint, as plain types.

    Args:
        policy: What training began with, as it was named.
        config: Of the policy.
        lora: Its adapters, if it has any.
    """
    return {"policy": policy, "architecture": architecture_of(config), "lora": None if lora is None else asdict(lora)}


def check_origin(checkpoint: Mapping[str, Any], mine: Mapping[str, Any]) -> Mapping[str, Any]:
    """Our part of a checkpoint that this run may use the weights of.

    Args:
        checkpoint: As Lightning loads it.
        mine: `origin_of` this run.

    Raises:
        InputError: If another kind of run wrote it, or one with another policy or other adapters.
    """
    saved: Mapping[str, Any] | None = checkpoint.get(KEY)
    if saved is None:
        raise InputError("This checkpoint was not written by a PolicyModule; give --ckpt_path one of its own.")
    if saved["policy"] != mine["policy"] or saved["architecture"] != mine["architecture"]:
        raise InputError(
            f"The checkpoint was trained from policy {saved['policy']!r} ({saved['architecture']}), this run names "
            f"{mine['policy']!r} ({mine['architecture']}). Write --model.policy {saved['policy']}, or start a new run without "
            "--ckpt_path."
        )
    if saved.get("lora") != mine["lora"]:
        raise InputError(
            f"The checkpoint was trained with model.lora {saved.get('lora')}, this run has {mine['lora']}; write the same, or "
            "start a new run without --ckpt_path."
        )
    return saved


def go_on(checkpoint: dict[str, Any], reached: int, rollout_steps: int) -> None:
    """Have Lightning train on from a checkpoint of a run's last step, if this run is longer.

    Lightning takes the last batch of an epoch for the last of all: with 2 steps made and 4 asked for it would train nothing.

    Args:
        checkpoint: As Lightning loads it; changed in place.
        reached: Rollout steps made.
        rollout_steps: Length of this run.

    Raises:
        InputError: If this run is shorter than what was made.
    """
    if reached > rollout_steps:
        raise InputError(
            f"The checkpoint has made {reached} rollout steps, and data.rollout_steps is {rollout_steps}; write at least "
            f"--data.rollout_steps {reached}, or start a new run without --ckpt_path."
        )
    if reached < rollout_steps:
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False
