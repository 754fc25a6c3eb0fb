"""What many tests need: small nouns, a tiny policy, and token scores the plain way, from all logits at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.objective import LossTerms, Objective
from asym_lit.types import BatchPool, Experience, Outcome, Prompt, Rollout, TokenScores, Verdict


def make_prompt(token_ids: Sequence[int] = (3, 4, 5), uid: str = "p", **answer: Any) -> Prompt:
    return Prompt(uid, "text", answer, "fake", tuple(token_ids))


def make_rollout(token_ids: Sequence[int] = (6, 7), reward: float | None = 1.0, slot: int = 0, **changes: Any) -> Rollout:
    """A verified rollout: right if the reward is above 0, undecided if it is None."""
    outcome = Outcome.UNDECIDED if reward is None else Outcome.CORRECT if reward > 0 else Outcome.INCORRECT
    rollout = Rollout(
        prompt=make_prompt(),
        slot=slot,
        token_ids=list(token_ids),
        logprobs=[-0.5] * len(token_ids),
        finish_reason="stop",
        policy_version=0,
        verdict=Verdict(outcome, "fake", "said so"),
        reward=reward,
    )
    return replace(rollout, **changes)


def make_experience(mask_BT: Tensor | Sequence[Sequence[float]], **changes: Any) -> Experience:
    """An experience of right, valid, finished rollouts in one group, in float64 unless the mask says otherwise."""
    mask_BT = mask_BT if isinstance(mask_BT, Tensor) else torch.tensor(mask_BT, dtype=torch.float64)
    rows = len(mask_BT)
    experience = Experience(
        mask_BT=mask_BT,
        rewards_B=torch.ones(rows, dtype=mask_BT.dtype),
        correct_B=torch.ones(rows, dtype=torch.bool),
        valid_B=torch.ones(rows, dtype=torch.bool),
        truncated_B=torch.zeros(rows, dtype=torch.bool),
        group_size=rows,
        sampler_logprobs_BT=torch.zeros_like(mask_BT),
        old_logprobs_BT=torch.zeros_like(mask_BT),
    )
    return replace(experience, **changes)


def full_scores(
    logits_BTV: Tensor, response_BT: Tensor, mask_BT: Tensor, top_n: int = 3, temperature: float = 1.0
) -> TokenScores:
    """Token scores from all logits at once, everything included: what chunked ones must equal."""
    logprobs_BTV = (logits_BTV / temperature).log_softmax(-1)
    return TokenScores(
        logprobs_BT=logprobs_BTV.gather(-1, response_BT[..., None]).squeeze(-1) * mask_BT,
        entropy_BT=-(logprobs_BTV.exp() * logprobs_BTV).sum(-1).detach() * mask_BT,
        topk_logprobs_BTK=logprobs_BTV.topk(top_n, -1).values * mask_BT[..., None],
        rank1_BT=(logprobs_BTV.argmax(-1) == response_BT) & mask_BT.bool(),
        squares_BT=(2 * logprobs_BTV).exp().sum(-1).detach() * mask_BT,
    )


@dataclass(frozen=True)
class LossProblem:
    """Random rollouts of a policy that has moved since: enough to run any objective from rewards to gradient."""

    logits_BTV: Tensor
    response_BT: Tensor
    experience: Experience

    @staticmethod
    def random(seed: int = 0, groups: int = 3, size: int = 4, length: int = 6, vocabulary: int = 8) -> LossProblem:
        g = torch.Generator().manual_seed(seed)
        rows = groups * size
        lengths_B = torch.randint(1, length + 1, (rows,), generator=g)
        mask_BT = (torch.arange(length) < lengths_B[:, None]).double()
        old_BTV = 1.5 * torch.randn(rows, length, vocabulary, generator=g, dtype=torch.float64)
        drawn_BT = torch.randint(0, vocabulary, (rows, length), generator=g)
        # Half of the tokens are the likeliest ones, so that rank-1 rules have something to bite on.
        response_BT = torch.where(torch.rand(rows, length, generator=g) < 0.5, old_BTV.argmax(-1), drawn_BT)
        correct_B = torch.rand(rows, generator=g) < 0.5
        old_BT = full_scores(old_BTV, response_BT, mask_BT).logprobs_BT
        noise_BT = 0.3 * torch.randn(rows, length, generator=g, dtype=torch.float64)
        experience = make_experience(
            mask_BT,
            rewards_B=correct_B.double(),
            correct_B=correct_B,
            group_size=size,
            sampler_logprobs_BT=old_BT,
            old_logprobs_BT=old_BT,
            reference_logprobs_BT=(old_BT + noise_BT) * mask_BT,
        )
        at_rollout = full_scores(old_BTV, response_BT, mask_BT)
        experience.entropy_BT, experience.squares_BT = at_rollout.entropy_BT, at_rollout.squares_BT
        experience.greedy_rewards_B = (torch.arange(groups) % 2).double().repeat_interleave(size)
        experience.rewards_BC = torch.stack([correct_B.double(), -lengths_B.double()], -1)
        experience.reward_weights_BC = torch.tensor([1.0, 0.1], dtype=torch.float64).expand(rows, 2)
        experience.slots_B = torch.arange(groups).repeat_interleave(size)
        experience.prompt_tokens_B = mask_BT.sum(-1).view(groups, size).sum(-1).repeat_interleave(size)
        experience.pool = BatchPool(experience.entropy_BT[mask_BT.bool()].sort().values, old_BT[mask_BT.bool()].sort().values)
        moved_BTV = old_BTV + 0.3 * torch.randn(old_BTV.shape, generator=g, dtype=torch.float64)
        return LossProblem(moved_BTV, response_BT, experience)

    @property
    def counts(self) -> GlobalCounts:
        experience = self.experience
        rows, groups = len(experience.mask_BT), len(experience.mask_BT) // experience.group_size
        return GlobalCounts(float(experience.mask_BT.sum()), float(rows), float(groups))

    def estimated(self, objective: Objective) -> Experience:
        """The experience with shaped rewards and advantages."""
        shaped = replace(self.experience, rewards_B=objective.shape(self.experience))
        return replace(shaped, advantages_BT=objective.estimate(shaped))

    def terms(self, objective: Objective, logits_BTV: Tensor) -> LossTerms:
        """The loss of all rows at once."""
        experience = self.estimated(objective)
        top_n = min(max(objective.update_needs.top_n, 1), logits_BTV.shape[-1])
        scores = full_scores(logits_BTV, self.response_BT, experience.mask_BT, top_n)
        return objective.loss(scores, experience, self.counts)

    def loss_and_gradient(self, objective: Objective) -> tuple[Tensor, Tensor]:
        """The loss, and its gradient by the logits."""
        logits_BTV = self.logits_BTV.clone().requires_grad_()
        loss = self.terms(objective, logits_BTV).loss
        (gradient,) = torch.autograd.grad(loss, logits_BTV)
        return loss.detach(), gradient


def assert_same_objective(one: Objective, other: Objective) -> None:
    """Both give the same loss and the same gradient on several random problems, and neither is trivially zero."""
    for seed in range(4):
        problem = LossProblem.random(seed)
        (loss, gradient), (other_loss, other_gradient) = (problem.loss_and_gradient(o) for o in (one, other))
        assert gradient.abs().sum() > 0
        torch.testing.assert_close(loss, other_loss, rtol=0, atol=1e-14)
        torch.testing.assert_close(gradient, other_gradient, rtol=0, atol=1e-14)


def assert_different_objective(one: Objective, other: Objective) -> None:
    """The gradients differ on at least one random problem: the knob does something."""
    problems = [LossProblem.random(seed) for seed in range(4)]
    assert any((p.loss_and_gradient(one)[1] - p.loss_and_gradient(other)[1]).abs().max() > 1e-6 for p in problems)


def tiny_policy(seed: int = 0, vocabulary: int = 13, tied: bool = False, **changes: Any) -> Any:
    """A Qwen2 of two layers with random weights, large enough that its distributions are not flat."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "max_position_embeddings": 64}
    sizes = {**sizes, "initializer_range": 0.5, **changes}
    config = Qwen2Config(
        vocab_size=vocabulary,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
        **sizes,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)


class HeadOnly(nn.Module):
    """A policy that is nothing but an LM head; with the identity as its head, hidden states are logits."""

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self.config, self.head = object(), head

    @staticmethod
    def identity(vocabulary: int) -> HeadOnly:
        head = nn.Linear(vocabulary, vocabulary, bias=False, dtype=torch.float64)
        head.weight.data = torch.eye(vocabulary, dtype=torch.float64)
        return HeadOnly(head)

    def get_output_embeddings(self) -> nn.Linear:
        return self.head

    def forward(self, input_ids: Tensor, use_cache: bool = False) -> Any:
        """Logits of hidden states of ones."""
        weight_VH = self.head.weight
        return SimpleNamespace(logits=self.head(weight_VH.new_ones(*input_ids.shape, weight_VH.shape[1])))
