"""Which rollouts of a step count, what is counted of them, and what verdicts say of each, as tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import Experience, Outcome, Rollout, RolloutBatch


def decided_and_chosen(batch: RolloutBatch, chooses: Callable[[Tensor], Tensor]) -> tuple[list[bool], list[bool]]:
    """Of each rollout: is it decided and in a group that is kept, and does the filter let it through?

    Args:
        batch: The step's rollouts on this rank.
        chooses: The objective's rollout filter.
    """
    right = [r.verdict is not None and r.verdict.outcome == Outcome.CORRECT for r in batch.rollouts]
    kept = [kept for kept in batch.kept for _ in range(batch.sampling.n)]
    decided = [k and r.reward is not None for k, r in zip(kept, batch.rollouts, strict=True)]
    return decided, chooses(torch.tensor(right, dtype=torch.bool)).tolist()


def prompt_tokens(batch: RolloutBatch, chooses: Callable[[Tensor], Tensor]) -> Float[Tensor, " B"]:
    """Tokens that are trained on of all responses to each rollout's prompt; groups are whole on a rank.

    Args:
        batch: The step's rollouts on this rank.
        chooses: The objective's rollout filter.
    """
    decided, chosen = decided_and_chosen(batch, chooses)
    tokens: Counter[int] = Counter()
    for rollout, is_decided, is_chosen in zip(batch.rollouts, decided, chosen, strict=True):
        tokens[rollout.slot] += len(rollout.token_ids) if is_decided and is_chosen else 0
    return torch.tensor([tokens[rollout.slot] for rollout in batch.rollouts], dtype=torch.float32)


def several_rewards(rollouts: Sequence[Rollout]) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B C"]] | tuple[None, None]:
    """Each reward of each rollout, and its weight; None where no verdict names several.

    A reward that a verdict does not name (of another task, or undecided) is 0 with a weight of 1; where a verdict names none,
    the reward itself is one without a name.
    """
    if not any(rollout.verdict and rollout.verdict.rewards for rollout in rollouts):
        return None, None
    named = [dict(r.verdict.rewards) if r.verdict and r.verdict.rewards else {"": r.reward or 0.0} for r in rollouts]
    weighed = [dict(r.verdict.weights) if r.verdict else {} for r in rollouts]
    names = list(dict.fromkeys(name for rewards in named for name in rewards))
    values = torch.tensor([[rewards.get(name, 0.0) for name in names] for rewards in named], dtype=torch.float32)
    weights = torch.tensor([[one.get(name, 1.0) for name in names] for one in weighed], dtype=torch.float32)
    return values, weights


def greedy_rewards(batch: RolloutBatch) -> Float[Tensor, " B"] | None:
    """The reward of the greedy response to each rollout's prompt, NaN where it is undecided; None where none were made."""
    if not batch.greedy:
        return None
    by_slot = {one.slot: float("nan") if one.reward is None else one.reward for one in batch.greedy}
    found = [by_slot[rollouts[0].slot] for rollouts in batch.problems for _ in rollouts]
    return torch.tensor(found, dtype=torch.float32)


def note_step(experience: Experience, batch: RolloutBatch, chooses: Callable[[Tensor], Tensor]) -> None:
    """Fill in what the rollouts alone do not say: the step, slots, the tokens of each prompt, greedy rewards.

    Args:
        experience: Of the batch.
        batch: The step's rollouts on this rank.
        chooses: The objective's rollout filter.
    """
    greedy, device = greedy_rewards(batch), experience.mask_BT.device
    experience.step, experience.prompt_tokens_B = batch.step, prompt_tokens(batch, chooses).to(device)
    experience.slots_B = torch.tensor([rollout.slot for rollout in batch.rollouts], device=device)
    experience.greedy_rewards_B = None if greedy is None else greedy.to(device)


def greedy_sums(greedy: Sequence[Rollout]) -> dict[str, tuple[float, float]]:
    """(sum, count) of what became of greedy responses, by metric name; empty where none were made."""
    if not greedy:
        return {}
    decided, count = [one for one in greedy if one.reward is not None], float(len(greedy))
    right = sum(one.verdict is not None and one.verdict.outcome == Outcome.CORRECT for one in decided)
    return {
        "greedy/reward": (sum(one.reward or 0.0 for one in decided), float(len(decided))),
        "greedy/correct": (float(right), float(len(decided))),
        "greedy/undecided": (count - len(decided), count),
        "greedy/length": (float(sum(len(one.token_ids) for one in greedy)), count),
    }
