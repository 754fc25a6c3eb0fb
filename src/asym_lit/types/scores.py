"""What a policy says of each response token, and which parts of it somebody needs. How it is computed is in `policy/`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from asym_lit.shapes import Bool, Float


@dataclass(frozen=True, slots=True)
class Needs:
    """What a part must be given beside the log-prob of the sampled token; the union is computed, nothing more."""

    reference: bool = False
    """Log-probs of the sampled tokens under the frozen reference."""
    entropy: bool = False
    entropy_gradient: bool = False
    """Entropies that carry gradient, as a bonus on them wants; implies `entropy`."""
    top_n: int = 0
    """Log-probs of this many most likely tokens; 0 for none."""
    rank1: bool = False
    """Whether the sampled token is the most likely one."""
    rollout_scores: bool = False
    """Scores at the weights that sampled, before the first update; else they are taken from it, which saves a pass."""
    squares: bool = False
    """Sums of squared probabilities over the vocabulary."""
    greedy: bool = False
    """A greedy response to each prompt beside its group, verified and not trained on: asked of the engine, not of scores."""
    rewards: bool = False
    """Each of several rewards by itself, where there are several."""
    step: bool = False
    """Which rollout step it is."""

    def __post_init__(self) -> None:
        if self.entropy_gradient:
            object.__setattr__(self, "entropy", True)

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.reference or other.reference,
            self.entropy or other.entropy,
            self.entropy_gradient or other.entropy_gradient,
            max(self.top_n, other.top_n),
            self.rank1 or other.rank1,
            self.rollout_scores or other.rollout_scores,
            self.squares or other.squares,
            self.greedy or other.greedy,
            self.rewards or other.rewards,
            self.step or other.step,
        )

    @property
    def of_scores(self) -> bool:
        """Whether anything must be scored for it."""
        return replace(self, greedy=False, rewards=False, step=False) != Needs()


@dataclass(slots=True)
class TokenScores:
    """What a policy says of each response token, at the sampling temperature. Padding holds zeros."""

    logprobs_BT: Float[Tensor, "*BT"]
    """Log-prob of the sampled token; carries gradient in an update."""
    entropy_BT: Float[Tensor, "*BT"] | None = None
    """Entropy of the whole distribution in nats; detached unless its gradient is needed."""
    topk_logprobs_BTK: Float[Tensor, "*BT K"] | None = None
    """Log-probs of the K most likely tokens, in falling order; carries gradient in an update."""
    rank1_BT: Bool[Tensor, "*BT"] | None = None
    """Bool: the sampled token is the most likely one."""
    squares_BT: Float[Tensor, "*BT"] | None = None
    """Sum over the vocabulary of squared probabilities, from 1 / V to 1; detached."""
