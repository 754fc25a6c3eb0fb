"""The work of a rollout step, counted in floating-point operations: generating, scoring, updating.

A product of a token with a weight is two operations, its two gradients are two each: 2N a token forward, 6N in an update
(arXiv 2001.08361, 2.1). Attention adds four operations for each pair of query and key, layer, and number of a head. What they
take on a device is in `roofline` and `pace`.
"""

from __future__ import annotations

from dataclasses import dataclass

from asym_lit.step_times.costs import PolicyCosts


@dataclass(frozen=True, slots=True)
class StepWork:
    """What a rollout step asks for, over all devices."""

    prompts: int
    group: int
    """Responses to each prompt."""
    prompt: float
    """Tokens of a prompt, on average."""
    response: float
    """Tokens of a response, on average."""
    longest: float
    """Tokens of the longest response."""
    learning: float = 1.0
    """Share of the rollouts that have a gradient; the others are counted and not read."""
    scored: float = 0.0
    """Forward passes before the updates, in passes over all rollouts: old log-probs, reference."""
    inner_epochs: int = 1
    mini_batches: int = 1
    shares_prompts: bool = True
    """A prompt is read once for its group."""
    recomputes: bool = False
    """Layers are computed again in the backward pass."""

    @property
    def rollouts(self) -> int:
        """All responses."""
        return self.prompts * self.group

    @property
    def generated(self) -> float:
        """Tokens of all responses."""
        return self.rollouts * self.response

    @property
    def updates(self) -> int:
        """Optimizer steps."""
        return self.inner_epochs * self.mini_batches

    @property
    def read(self) -> float:
        """Tokens that a pass over all rollouts reads."""
        return self.generated + self.prompt * (self.prompts if self.shares_prompts else self.rollouts)

    @property
    def bend(self) -> float:
        """How lengths fall off: the share of responses longer than a share x of the longest is (1 - x)^bend.

        Their mean is `longest / (bend + 1)`, so 0 is all of one length, 1 evenly spread, more a longer tail.
        """
        return max(self.longest / max(self.response, 1e-9) - 1, 0.0)

    @property
    def pairs(self) -> float:
        """Pairs of a token and one that it sees, of a pass over all rollouts."""
        squared = 2 * self.longest**2 / ((self.bend + 1) * (self.bend + 2))  # mean square of such lengths
        own, across = squared / 2, self.response * self.prompt
        prompts = self.prompts if self.shares_prompts else self.rollouts
        return self.rollouts * (own + across) + prompts * self.prompt**2 / 2


def layers_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations of the layers in a forward pass over all rollouts."""
    return 2 * costs.products * work.read + 4 * costs.attended * work.pairs


def head_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations of the head in such a pass; only tokens of responses are scored."""
    return 2 * costs.head * work.generated


def score_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations of scoring before the updates."""
    return work.scored * (layers_flops(costs, work) + head_flops(costs, work))


def update_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations of forward and backward passes as they are done.

    Of layers three forward passes' worth, two where only adapters have gradients, one more with recomputing; of the head,
    which makes its logits again in the backward pass, one more than that.
    """
    passes = 2 if costs.only_adapters else 3
    layers = (passes + work.recomputes) * layers_flops(costs, work)
    return work.learning * work.inner_epochs * (layers + (passes + 1) * head_flops(costs, work))


def model_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations that an update cannot do without: three forward passes' worth. Shares of a chip's peak are told in these."""
    passes = 2 if costs.only_adapters else 3
    return work.learning * work.inner_epochs * passes * (layers_flops(costs, work) + head_flops(costs, work))


def prefill_flops(costs: PolicyCosts, work: StepWork) -> float:
    """Operations of reading each prompt once before it is answered."""
    return work.prompts * (2 * costs.products * work.prompt + 2 * costs.attended * work.prompt**2)
