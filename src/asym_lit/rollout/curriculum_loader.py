"""The prompt loader of a run with a curriculum: the same stream of prompts, of which those are asked that teach.

What they teach is in `curricula`, what is known of them in `successes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from typing_extensions import override

from asym_lit.rollout.curricula import Curriculum
from asym_lit.rollout.prompts import PromptLoader, SlottedPrompts
from asym_lit.rollout.successes import Successes, Tally
from asym_lit.shapes import Float
from asym_lit.types import InputError, Outcome, Prompt, Rollout

Past = Mapping[str, Sequence[tuple[int, int]]]
"""By uid, (decided, right) responses at each visit."""


class CurriculumLoader(PromptLoader):
    """Walks the stream of `PromptLoader` and passes over a prompt with one less its chance.

    Whether a prompt is passed over hangs on (seed, pass, prompt) and on what is known of it: where every chance is 1 the stream
    is served as it is. A problem that the policy seldom solves gets several groups, in slots that stand together and on one
    rank; slots are as many as without. What is known moves once a step, by the responses of all ranks, so it is the same on any
    number of them.

    Args:
        curriculum: Says what is asked.
        responses: To a prompt in a group, `sampling.n`.
        past: What is known before the first step.
        prompts: As in `PromptLoader`, and so are the others.
        prompts_per_step: Groups of a rollout step, over all ranks.
        steps: Rollout steps of the run.
        seed: Of the orders.
        rank: This process.
        world_size: Number of processes.

    Raises:
        InputError: If a problem could get more groups than a process answers, if the curriculum cannot work with so many
            responses, if problems have no names of their own, or if no problem of the past is trained on.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        responses: int,
        past: Past | None,
        prompts: Sequence[Prompt],
        prompts_per_step: int,
        steps: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(prompts, prompts_per_step, steps, seed, rank, world_size)
        curriculum.check(responses, prompts_per_step, world_size)
        self.curriculum, self.responses = curriculum, responses
        self.known = Successes(prompts)
        if past is not None:
            self.known.begin(past, curriculum.forgetting, curriculum.start)
        self._check_gains()
        self._luck: tuple[int, torch.Tensor] = (-1, torch.empty(0))

    def _check_gains(self) -> None:
        chance_U = self.curriculum.chances(self.known)
        gain_U = self.curriculum.gain(self.known.right_U, self.known.wrong_U)
        if not bool((gain_U > 0).any()):
            raise InputError(
                f"The curriculum {type(self.curriculum).__name__} gives all {len(chance_U)} problems a gain of 0, so there is "
                "none to ask; allowed: above 0 for at least one."
            )

    @override
    def _step(self) -> SlottedPrompts:
        groups = self.curriculum.groups(self.known, self.responses).tolist()
        chance_U = self.curriculum.chances(self.known)
        served, self.groups_each, slot = [], {}, 0
        while slot < self.per_step:
            (prompt,) = self._next(1, chance_U)
            size = min(groups[self.known.places[prompt.uid]], self.per_step - slot)
            # No rank is left empty, for no problem has more groups than a rank has slots. One group each: the slots of a run
            # without a curriculum.
            if self.owns(slot, size):
                served += [(each, prompt) for each in range(slot, slot + size)]
            self.groups_each[slot] = size
            slot += size
        return served

    @override
    def draw(self, count: int) -> list[Prompt]:
        """The next prompts that are asked; must be called with the same count on every rank."""
        return self._next(count, self.curriculum.chances(self.known))

    def _next(self, count: int, chance_U: Float[torch.Tensor, " U"]) -> list[Prompt]:
        found: list[Prompt] = []
        chances = chance_U[self.known.problem_of]
        while len(found) < count:
            epoch, start = divmod(self.drawn, len(self.prompts))
            order = self._order_of(epoch)
            asked = (self._luck_of(epoch) < chances)[order[start:]].nonzero()[: count - len(found), 0] + start
            found += [self.prompts[place] for place in order[asked].tolist()]
            self.drawn = epoch * len(order) + (int(asked[-1]) + 1 if len(found) == count else len(order))
        return found

    def _luck_of(self, epoch: int) -> torch.Tensor:
        """Of each prompt, a number from 0 to 1 that belongs to it in this pass."""
        if self._luck[0] != epoch:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) ^ 0x5DEECE66D)  # not that of the order
            self._luck = (epoch, torch.rand(len(self.prompts), generator=generator, dtype=torch.float64))
        return self._luck[1]

    @override
    def learn(self, asked: Sequence[Sequence[Rollout]], gather: Callable[[list[Tally]], list[Tally]]) -> dict[str, float]:
        """Take in the verdicts of a step, those of groups that were dropped too; returns metrics. A collective."""
        self.known.visit(gather([tally(rollouts) for rollouts in asked]), self.curriculum.forgetting)
        return self.metrics()

    def metrics(self) -> dict[str, float]:
        """What is known of all problems, and how the next are drawn; the same on every rank.

        `effective_problems` is `(sum of chances)^2 / sum of squares`: so many problems of equal chance would vary as much.
        """
        known, chance_U = self.known, self.curriculum.chances(self.known)
        shares = {
            "retired": self.curriculum.retired(known),
            "never_solved": (known.visits_U > 0) & ~known.solved_U,
            "visited": known.visits_U > 0,
            "mean_success": known.mean_U,
        }
        found = {f"curriculum/{name}": float(values_U.double().mean()) for name, values_U in shares.items()}
        found["curriculum/effective_problems"] = float(chance_U.sum().square() / chance_U.square().sum())
        found["curriculum/groups_per_problem"] = self.per_step / max(len(self.groups_each), 1)
        return found

    @override
    def state_dict(self) -> dict[str, Any]:
        """The two counters, and what is known of the problems."""
        return {**super().state_dict(), "known": self.known.state_dict()}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another loader over the same prompts stopped; one without a curriculum knew nothing of them."""
        super().load_state_dict(state)
        if "known" in state:
            self.known.load_state_dict(state["known"])


def tally(rollouts: Sequence[Rollout]) -> Tally:
    """What the responses to a problem say of it: those with a reward are decided, and right by the verifier's word."""
    decided = [r for r in rollouts if r.reward is not None and r.verdict is not None]
    right = sum(r.verdict is not None and r.verdict.outcome == Outcome.CORRECT for r in decided)
    return rollouts[0].prompt.uid, len(decided), right
