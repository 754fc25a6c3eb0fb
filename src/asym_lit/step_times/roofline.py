"""Seconds of each stage from a device's figures alone: operations over its rate, or bytes over its memory's, whichever is more.

The shares of its figures that programs reach are assumed, in view of runs that others have published, which spread over a
factor of two around them (`benchmarks/step_times.py`). With a measured step `pace` knows better.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from asym_lit.step_times.costs import PolicyCosts
from asym_lit.step_times.decoding import EngineRoom, decode_bytes, decode_flops, stretches
from asym_lit.step_times.devices import Device
from asym_lit.step_times.work import StepWork, prefill_flops, score_flops, update_flops


@dataclass(frozen=True, slots=True)
class Reached:
    """What of a device's figures is reached."""

    update: float = 0.33
    """Share of the operations a second, in forward and backward passes."""
    score: float = 0.33
    prefill: float = 0.5
    decode: float = 0.4
    """Share of the operations a second, where many responses are written at once."""
    bandwidth: float = 0.5
    """Share of the memory's bytes a second, where few are."""
    link: float = 0.7
    pass_seconds: float = 0.005
    """Of each token's pass: kernels started, tokens drawn, the next batch planned."""
    memory: float = 0.9
    """Share of the memory that an engine on its own GPU gives to weights and cache."""


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """A step by stage; verification hides behind generation."""

    generate: float
    score: float
    update: float
    sync: float = 0.0

    def times(self, ratios: StageSeconds) -> StageSeconds:
        """Each stage multiplied by its ratio."""
        return StageSeconds(*(getattr(self, item.name) * getattr(ratios, item.name) for item in fields(self)))

    @property
    def train(self) -> float:
        """What the trainer does."""
        return self.score + self.update

    @property
    def step(self) -> float:
        """One stage after another."""
        return sum(getattr(self, item.name) for item in fields(self))


@dataclass(frozen=True, slots=True)
class Roofline:
    """A policy on devices of one kind.

    Args:
        costs: Of the policy.
        device: Each of them.
        reached: What of its figures is reached.
        micro_batch_tokens: Tokens of a pass in training, for what sharded weights are gathered for.
        sharded: Weights are split over the trainers and gathered for each pass.
    """

    costs: PolicyCosts
    device: Device
    reached: Reached = Reached()
    micro_batch_tokens: float = 16384
    sharded: bool = True

    def generate(self, work: StepWork, gpus: int, tensor_parallel: int = 1, cache: float | None = None) -> float:
        """Seconds of writing all responses.

        Args:
            work: Of the step.
            gpus: Those that generate.
            tensor_parallel: GPUs of a replica.
            cache: Bytes of one GPU for keys and values; None for what an engine of its own has left beside the weights.
        """
        replicas = max(gpus // tensor_parallel, 1)
        rate, memory = self.device.flops * tensor_parallel, self.device.bandwidth * tensor_parallel
        seconds = prefill_flops(self.costs, work) / replicas / (rate * self.reached.prefill)
        for stretch in stretches(work, work.rollouts / replicas, self.room(work, tensor_parallel, cache)):
            counted = decode_flops(self.costs, stretch) / (rate * self.reached.decode)
            read = decode_bytes(self.costs, stretch) / (memory * self.reached.bandwidth)
            seconds += stretch.passes * (max(counted, read) + self.reached.pass_seconds)
        return seconds

    def room(self, work: StepWork, tensor_parallel: int, cache: float | None = None) -> EngineRoom:
        """Responses that a replica's cache holds: of mean length, at least one."""
        weights = self.costs.weights * self.costs.number_bytes
        if cache is None:
            cache = self.reached.memory * self.device.memory - weights / tensor_parallel
        row = self.costs.cached * self.costs.number_bytes * (work.prompt + work.response / 2)
        return EngineRoom(max(cache * tensor_parallel / max(row, 1.0), 1.0))

    def score(self, work: StepWork, gpus: int) -> float:
        """Seconds of scoring before the updates."""
        computing = score_flops(self.costs, work) / (gpus * self.device.flops * self.reached.score)
        return max(computing, work.scored * self._gathering(work, gpus, gradients=False))

    def update(self, work: StepWork, gpus: int) -> float:
        """Seconds of all optimizer steps."""
        computing = update_flops(self.costs, work) / (gpus * self.device.flops * self.reached.update)
        stepping = work.updates * 28 * self.costs.trained / gpus / (self.device.bandwidth * self.reached.bandwidth)
        passes = work.learning * work.inner_epochs
        return max(computing, passes * self._gathering(work, gpus, gradients=True)) + stepping

    def _gathering(self, work: StepWork, gpus: int, gradients: bool) -> float:
        """Of one pass over all rollouts: layers gathered in 16 bits, again for the backward pass, gradients summed in fp32."""
        if not self.sharded or gpus == 1:
            return 0.0
        micro_batches = work.read / gpus / self.micro_batch_tokens
        moved = 2 * self.costs.weights * (2 if gradients else 1) + (4 * self.costs.trained if gradients else 0)
        return micro_batches * moved * (gpus - 1) / gpus / (self.device.link * self.reached.link)

    def one_pass(self, tensor_parallel: int = 1) -> float:
        """Seconds of a token's pass of an engine that has one response left."""
        read = self.costs.number_bytes * (self.costs.products + self.costs.head)
        rate = tensor_parallel * self.device.bandwidth * self.reached.bandwidth
        return read / rate + self.reached.pass_seconds

    def sync(self) -> float:
        """Seconds of sending all weights to the engines once, in 16 bits."""
        return 2 * self.costs.weights / (self.device.link * self.reached.link)

    def stages(self, work: StepWork, engines: int, trainers: int, tensor_parallel: int = 1) -> StageSeconds:
        """A step with so many GPUs that generate, and so many that train."""
        generate = self.generate(work, engines, tensor_parallel)
        return StageSeconds(generate, self.score(work, trainers), self.update(work, trainers), self.sync())
