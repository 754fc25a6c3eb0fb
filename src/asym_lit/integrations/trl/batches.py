"""TRL's tensors as ours: a micro-batch with its tokens and `Experience`, and the whole of a generation over all processes.

What is computed of them is in `trainer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from asym_lit.layouts import PaddedTokens
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import Experience, TokenScores


@dataclass(slots=True)
class Judged:
    """What the reward functions said of a generation, over all processes, groups together."""

    rewards_B: Float[Tensor, " B"]
    """Weighted sums; 0 where undecided."""
    correct_B: Bool[Tensor, " B"]
    valid_B: Bool[Tensor, " B"]
    """Bool: at least one function gave a reward."""
    rewards_BC: Float[Tensor, "B C"]
    """Of each function by itself; 0 where it gave none."""
    weights_C: Float[Tensor, " C"]
    """TRL's `reward_weights`."""


@dataclass(slots=True)
class MicroBatch:
    """Some rows of a generation, as TRL cut it up."""

    rows_B: Int[Tensor, " B"]
    """Where they stood before TRL shuffled them, on this process."""
    tokens: PaddedTokens
    experience: Experience
    counts: GlobalCounts = GlobalCounts(0, 0)
    """Of all micro-batches of its optimizer step, on all processes."""

    def keep(self, scores: TokenScores) -> None:
        """Note scores at the weights that sampled. The policy sampled by itself where no sampler tells its log-probs."""
        experience = self.experience
        experience.old_logprobs_BT, experience.entropy_BT = scores.logprobs_BT.detach(), scores.entropy_BT
        experience.squares_BT = scores.squares_BT
        told_BT = experience.sampler_logprobs_BT
        experience.sampler_logprobs_BT = torch.where(told_BT.isnan(), experience.old_logprobs_BT, told_BT)


def micro_batch_of(inputs: dict[str, Any], judged: Judged, first: int, eos_and_pad: Sequence[int]) -> MicroBatch:
    """A micro-batch of TRL's.

    Args:
        inputs: As `_prepare_inputs` gives it, with `row`.
        judged: Of the generation.
        first: Where the rows of this process begin among those of all.
        eos_and_pad: Tokens that end a response.
    """
    mask_BT = inputs["completion_mask"] * inputs.get("tool_mask", 1)
    width = max(int((mask_BT.sum(0) > 0).nonzero().max()) + 1 if mask_BT.any() else 1, 1)
    mask_BT = mask_BT[:, :width].float()
    rows_B = inputs["row"]
    whole_B = rows_B + first
    sampler_BT = inputs.get("sampling_per_token_logps")
    lengths_B = inputs["completion_mask"].sum(1)
    last_B = inputs["completion_ids"].gather(1, (lengths_B - 1).clamp(min=0)[:, None]).squeeze(1)
    ended_B = torch.isin(last_B, torch.tensor(eos_and_pad, device=last_B.device)) & (lengths_B > 0)
    experience = Experience(
        mask_BT=mask_BT,
        rewards_B=judged.rewards_B[whole_B],
        correct_B=judged.correct_B[whole_B],
        valid_B=judged.valid_B[whole_B],
        truncated_B=~ended_B,  # of a completion that TRL has masked nothing is left: mask_truncated_completions
        group_size=1,
        sampler_logprobs_BT=torch.full_like(mask_BT, torch.nan) if sampler_BT is None else sampler_BT[:, :width],
    )
    return MicroBatch(rows_B, _tokens(inputs, width), experience)


def _tokens(inputs: dict[str, Any], width: int) -> PaddedTokens:
    """Prompts without their padding, which TRL puts on the left; then the completions."""
    ids_BS = torch.cat([inputs["prompt_ids"], inputs["completion_ids"][:, :width]], 1)
    lengths_B = inputs["prompt_mask"].sum(1)
    left_B = inputs["prompt_ids"].shape[1] - lengths_B
    places_S = torch.arange(ids_BS.shape[1] - int(left_B.min()), device=ids_BS.device)
    places_BS = (places_S + left_B[:, None]).clamp(max=ids_BS.shape[1] - 1)
    return PaddedTokens(ids_BS.gather(1, places_BS), lengths_B)


def whole_of(parts: Sequence[MicroBatch], group_size: int, gather: Callable[[Tensor], Tensor], longest: int) -> Experience:
    """The rollouts of a generation on all processes, in the order in which groups stand together.

    Args:
        parts: The micro-batches of this process, all of them.
        group_size: Rollouts of a prompt.
        gather: Joins the rows of all processes, in their order.
        longest: Response tokens of the longest, on all processes.
    """
    order = torch.cat([part.rows_B for part in parts]).argsort()
    joined: dict[str, Any] = {"group_size": group_size}
    for item in fields(Experience):
        values = [getattr(part.experience, item.name) for part in parts]
        if all(isinstance(value, Tensor) for value in values):  # else not all of it is scored yet
            wide = [pad(v, (0, longest - v.shape[1])) if v.dim() == 2 else v for v in values]
            joined[item.name] = gather(torch.cat(wide)[order])
    return Experience(**joined)


def count(parts: Sequence[MicroBatch], first: int, group_size: int, prompts: int, reduce: Callable[[Tensor], Tensor]) -> None:
    """Note the size of an optimizer step, on all processes, in each of its micro-batches.

    Args:
        parts: The micro-batches of this process.
        first: Where the rows of this process begin among those of all.
        group_size: Rollouts of a prompt.
        prompts: Of the generation, on all processes; TRL may deal the rollouts of one out to several optimizer steps.
        reduce: Sums over processes.
    """
    numbers = [(part.rows_B + first) // group_size for part in parts]
    sizes = parts[0].experience.mask_BT.new_zeros(prompts + 1, dtype=torch.float64)
    for part, number_B in zip(parts, numbers, strict=True):
        sizes.index_add_(0, number_B, part.experience.lengths_B.double())
        sizes[-1] += part.experience.mask_BT.any(-1).sum()
    sizes = reduce(sizes)
    by_prompt_P, sequences = sizes[:-1], float(sizes[-1])
    counts = GlobalCounts(float(by_prompt_P.sum()), sequences, float((by_prompt_P > 0).sum()))
    for part, number_B in zip(parts, numbers, strict=True):
        part.counts, part.experience.prompt_tokens_B = counts, by_prompt_P[number_B].to(part.experience.mask_BT.dtype)
