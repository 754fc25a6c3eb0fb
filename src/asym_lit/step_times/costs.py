"""What of a policy costs time: the weights that a token meets, the attention it pays, what an engine keeps of it.

Read off a configuration in `policy/costs.py`; what a step does with it is counted in `work`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicyCosts:
    """Numbers of weights, and of what hangs on tokens."""

    products: float
    """Weights of all layers that a token is multiplied with; of experts those that it visits."""
    head: float
    """Vocabulary x width."""
    attended: float
    """Layers x heads x size of a head: a forward pass takes four operations of each for a key."""
    cached: float
    """Numbers that an engine keeps of a token: keys and values of all layers."""
    weights: float
    """All of them."""
    trained: float
    """Those that are trained: all, or adapters alone."""
    number_bytes: int = 2
    """Of a weight, and of what is kept of a token, where it is generated with."""

    @property
    def only_adapters(self) -> bool:
        """Most weights are frozen, so that no gradient by them is computed."""
        return self.trained < 0.5 * self.weights


def dense_costs(
    layers: int, hidden: int, heads: int, kv_heads: int, head_size: int, intermediate: int, vocabulary: int, tied: bool = False
) -> PolicyCosts:
    """Of a Llama, Qwen or Mistral: gated feed-forward layers, grouped keys; norms and biases are left out.

    Args:
        layers: Number of them.
        hidden: Width.
        heads: Of queries.
        kv_heads: Of keys and of values.
        head_size: Width of a head.
        intermediate: Width of the feed-forward layer.
        vocabulary: Rows of the head.
        tied: Head and embedding are one.
    """
    layer = hidden * head_size * (2 * heads + 2 * kv_heads) + 3 * hidden * intermediate
    head = vocabulary * hidden
    weights = layers * layer + head * (1 if tied else 2)
    return PolicyCosts(layers * layer, head, layers * heads * head_size, 2 * layers * kv_heads * head_size, weights, weights)
