"""What `RolloutsAhead` asks of who makes the rollouts of a step; `lit.rollout_maker` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from asym_lit.rollout.prompts import PromptLoader, SlottedPrompts
from asym_lit.types import LivePolicy, RolloutBatch


class StepMaker(Protocol):
    """Makes the rollouts of a step; `RolloutMaker` is one."""

    def sync(self, made: RolloutBatch, live: LivePolicy) -> None:
        """Have the engine ready, with the policy's weights. A collective."""
        ...

    def fill(self, made: RolloutBatch, prompts: SlottedPrompts, keep: Any, loader: PromptLoader, greedy: bool = False) -> None:
        """Have prompts answered and the answers verified, those anew that a group filter drops. A collective."""
        ...

    def rest(self, made: RolloutBatch) -> None:
        """Let the engine give its memory back."""
        ...

    def work_beside(self, heed: Callable[[], None] | None) -> None:
        """What is made from here on is made beside an update, and ends where `heed` raises; None: in turn with updates."""
        ...

    def close(self) -> None:
        """Close the engine; it is started again when it is needed."""
        ...
