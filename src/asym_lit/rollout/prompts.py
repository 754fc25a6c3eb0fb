"""Prompt loaders: which prompts a rank answers at a step. Sized, so that Lightning does not prefetch a batch ahead.

What they say is in `rendering`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from asym_lit.types import InputError, Prompt, Rollout

SlottedPrompts = list[tuple[int, Prompt]]
"""Prompts with their slots in the global batch of the step."""


class PromptLoader:
    """An endless, shuffled stream of training prompts, served a step at a time.

    Pass after pass over the prompts, each in an order of its own from (seed, pass). The whole state is two counters,
    the same on every rank, so a run resumes exactly, on any number of ranks.

    Args:
        prompts: The training set.
        prompts_per_step: Prompts of a rollout step, over all ranks; a multiple of `world_size`.
        steps: Rollout steps of the run; the length of the loader.
        seed: Seed of the orders.
        rank: This process.
        world_size: Number of processes.
    """

    def __init__(
        self, prompts: Sequence[Prompt], prompts_per_step: int, steps: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if not prompts:
            raise InputError("There are no training prompts; give the task at least one.")
        if prompts_per_step % world_size:
            raise InputError(
                f"data.prompts_per_step is {prompts_per_step} on {world_size} processes; allowed: multiples of "
                f"{world_size}. Write --data.prompts_per_step {-(-prompts_per_step // world_size) * world_size}."
            )
        self.prompts, self.per_step, self.steps = prompts, prompts_per_step, steps
        self.seed, self.rank, self.world_size = seed, rank, world_size
        self.drawn = 0
        self.served = 0
        self.groups_each: dict[int, int] = {}
        """Of the latest step, the groups of each problem by its first slot; one where nothing is said."""
        self.ahead = False
        """The prompts of the step to come are drawn already, and with whoever has them answered ahead of it."""
        self.settle: Callable[[], None] = lambda: None
        """Waits for what draws beside the run, so that a state is that of one moment."""
        self.before: dict[str, Any] = {}
        """State before the prompts of the latest step were drawn."""
        self._order: tuple[int, torch.Tensor] = (-1, torch.empty(0))

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[SlottedPrompts]:
        while self.served < self.steps:
            prompts: SlottedPrompts = []
            if not self.ahead:
                self.before = self.state_dict()
                prompts = self._step()
            self.ahead = False
            self.served += 1
            yield prompts
        self.served = 0

    def take_ahead(self) -> SlottedPrompts:
        """This rank's prompts of the step to come, which is then served without any."""
        self.ahead = True
        return self._step()

    def _step(self) -> SlottedPrompts:
        """This rank's prompts of the next step."""
        drawn = self.draw(self.per_step)
        return [(slot, prompt) for slot, prompt in enumerate(drawn) if self.owns(slot)]

    def owns(self, slot: int, size: int = 1) -> bool:
        """Whether a problem is this rank's: of so many groups from a slot on, the middle falls among its slots."""
        return (2 * slot + size) * self.world_size // (2 * self.per_step) == self.rank

    def draw(self, count: int) -> list[Prompt]:
        """The next prompts of the stream; must be called with the same count on every rank."""
        self.drawn += count
        return [self._at(position) for position in range(self.drawn - count, self.drawn)]

    def _at(self, position: int) -> Prompt:
        epoch, place = divmod(position, len(self.prompts))
        return self.prompts[int(self._order_of(epoch)[place])]

    def _order_of(self, epoch: int) -> torch.Tensor:
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._order = (epoch, torch.randperm(len(self.prompts), generator=generator))
        return self._order[1]

    def learn(self, asked: Sequence[Sequence[Rollout]], gather: Callable[[list[Any]], list[Any]]) -> dict[str, float]:
        """What the verdicts of a step change in the stream: nothing here. A collective where it is something.

        Args:
            asked: This rank's responses, one list per problem.
            gather: Joins the lists of all ranks.

        Returns:
            Metrics, the same on every rank.
        """
        return {}

    def rewind(self) -> None:
        """Take the latest step back: it was not trained on, and will be served again."""
        self.load_state_dict(self.before)

    def state_dict(self) -> dict[str, Any]:
        """The two counters, and what they count in."""
        self.settle()
        ahead = {"ahead": True} if self.ahead else {}
        return ahead | {"drawn": self.drawn, "served": self.served, "prompts": len(self.prompts), "seed": self.seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another loader over the same prompts stopped.

        Raises:
            InputError: If the training set or the seed is another one.
        """
        for name, mine in (("prompts", len(self.prompts)), ("seed", self.seed)):
            if state[name] != mine:
                raise InputError(
                    f"The checkpoint was trained with {name} = {state[name]}, this run has {mine}; the order of prompts "
                    f"would be another one. Restore the task and --seed_everything of that run, or start a new run."
                )
        self.drawn, self.served, self.ahead = state["drawn"], state["served"], state.get("ahead", False)


class EvaluationLoader:
    """All prompts of an evaluation set once, in order, split over the ranks.

    Every rank serves the same number of batches, some of them perhaps empty, so that collectives stay in step.

    Args:
        prompts: The evaluation set.
        prompts_per_batch: Prompts answered at once, over all ranks.
        rank: This process.
        world_size: Number of processes.
    """

    def __init__(self, prompts: Sequence[Prompt], prompts_per_batch: int, rank: int = 0, world_size: int = 1) -> None:
        self.prompts, self.rank, self.world_size = prompts, rank, world_size
        self.per_batch = max(prompts_per_batch, world_size)

    @property
    def own(self) -> int:
        """How many prompts this process answers."""
        return len(range(self.rank, len(self.prompts), self.world_size))

    def __len__(self) -> int:
        return -(-len(self.prompts) // self.per_batch)

    def __iter__(self) -> Iterator[SlottedPrompts]:
        for start in range(0, len(self.prompts), self.per_batch):
            slots = range(start, min(start + self.per_batch, len(self.prompts)))
            yield [(slot, self.prompts[slot]) for slot in slots if slot % self.world_size == self.rank]
