"""What a run would be, read off its configuration: nothing is loaded or started. What is wrong with it: `checks`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from asym_lit.command_line.names import nearest
from asym_lit.command_line.program import typed_recipe
from asym_lit.lit.callbacks.verifier_reward import VerifierReward
from asym_lit.lit.datamodule import RolloutDataModule
from asym_lit.lit.module import PolicyModule
from asym_lit.policy.sharing_trial import why_no_sharing
from asym_lit.step_times.devices import DEVICES, device_named
from asym_lit.types import InputError, Verifier

USUAL_GPU_GIB = 80.0


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class PreflightSettings:
    """What `preflight` is to know beside the run's own settings.

    Args:
        gpu_memory_gib: Memory of one GPU, in GiB; 0 for that of the GPU at hand. Give it where the run's GPUs are elsewhere.
        rows: Training problems whose gold answers are put to the verifier, drawn evenly; 0 for all.
        max_unparsed: Share of gold answers that the verifier may reject.
        measure: Prompts of two small steps that are made here, one of a fifth of them, from which the seconds of a whole step
            are predicted; 0 for none. It loads the policy, and takes as long as these steps.
        like: Folder of a run of the same recipe on as many devices, whose seconds are taken; splits of its GPUs are predicted
            from them. None for none.
        gpu: Name of the GPU by whose figures seconds are predicted, such as H100; none for the one at hand.
        response_tokens: Mean length of a response by which they are; 0 for as long as it may be.
    """

    gpu_memory_gib: float = 0.0
    rows: int = 200
    max_unparsed: float = 0.02
    measure: int = 0
    like: str = ""
    gpu: str = ""
    response_tokens: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gpu_memory_gib", "rows", "max_unparsed", "measure", "response_tokens"):
            if (value := getattr(self, name)) < 0:
                raise InputError(f"preflight.{name} is {value}; allowed: 0 or more.")
        if self.measure == 1:
            raise InputError("preflight.measure is 1; allowed: 0, or 2 and more, for two steps of different size are made.")
        names = [device.name for device in DEVICES]
        if self.gpu and device_named(self.gpu) is None:
            meant = f" Did you mean {near!r}?" if (near := nearest(self.gpu, names)) else ""
            raise InputError(f"preflight.gpu is {self.gpu!r}, whose figures are not known.{meant} Allowed: {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where the run would be."""

    devices: int
    """Processes of a node, each with a device."""
    nodes: int
    strategy: str
    is_gpu: bool
    memory_bytes: int
    """Of one GPU; 0 if unknown or a CPU."""
    is_assumed: bool = False
    """The GPU's memory was neither given nor found."""

    @property
    def world(self) -> int:
        """Processes of the run."""
        return self.devices * self.nodes

    @property
    def is_sharded(self) -> bool:
        """Weights, gradients and optimizer state are split over the processes."""
        return self.strategy == "fsdp2"

    @property
    def shards(self) -> int:
        """Parts that a weight is split into."""
        return self.world if self.is_sharded else 1


@dataclass(frozen=True)  # no slots: it keeps what it has found out
class RunPlan:
    """A run that could be started: its parts are built, none is set up."""

    module: PolicyModule
    data: RolloutDataModule
    verifier: Verifier | None
    callbacks: tuple[Any, ...]
    trainer: Any
    """The trainer's settings by name."""
    hardware: Hardware
    settings: PreflightSettings

    @cached_property
    def why_not_shared(self) -> str:
        """Why prompts are read once for each response; empty if once for each group."""
        if not self.module.share_prompts:
            return "model.share_prompts is off"
        return why_no_sharing(self.module.policy_config, self.module.weight_dtype)


def plan_of(module: Any, data: Any, callbacks: Iterable[Any], trainer: Any, settings: PreflightSettings) -> RunPlan:
    """Gather what a preflight looks at.

    Args:
        module: Built.
        data: Built.
        callbacks: Built.
        trainer: Its settings, an object that answers `get`.
        settings: The preflight's own.

    Raises:
        InputError: If this is no run on rollouts.
    """
    if not isinstance(module, PolicyModule) or not isinstance(data, RolloutDataModule):
        raise InputError(
            f"preflight looks at a PolicyModule fed by a RolloutDataModule, not at {type(module).__name__} and "
            f"{type(data).__name__}; give it a recipe such as {typed_recipe('simko')}."
        )
    callbacks = tuple(callbacks)
    verifiers = [callback.verifier for callback in callbacks if isinstance(callback, VerifierReward)]
    hardware = hardware_of(trainer, settings.gpu_memory_gib)
    return RunPlan(module, data, next(iter(verifiers), None), callbacks, trainer, hardware, settings)


def hardware_of(trainer: Any, gpu_memory_gib: float) -> Hardware:
    """Devices and their memory, as far as settings and this machine tell."""
    here = torch.cuda.device_count() if torch.cuda.is_available() else 0
    accelerator, strategy = trainer.get("accelerator") or "auto", trainer.get("strategy") or "auto"
    is_gpu = accelerator in ("gpu", "cuda") or (accelerator == "auto" and bool(here or gpu_memory_gib))
    devices = trainer.get("devices", "auto")
    if isinstance(devices, str) and devices.lstrip("-").isdigit():
        devices = int(devices)
    number = len(devices) if isinstance(devices, list) else devices if isinstance(devices, int) and devices > 0 else here or 1
    memory = 0
    if is_gpu:
        found = torch.cuda.get_device_properties(0).total_memory if here else int(USUAL_GPU_GIB * 2**30)
        memory = int(gpu_memory_gib * 2**30) or found
    name = strategy if isinstance(strategy, str) else strategy.get("class_path", "").rpartition(".")[2]
    name = {"FSDP2Strategy": "fsdp2", "DDPStrategy": "ddp"}.get(name, name)
    return Hardware(number, trainer.get("num_nodes") or 1, name, is_gpu, memory, is_gpu and not (here or gpu_memory_gib))
