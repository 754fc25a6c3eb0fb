"""A policy's own logits beside those of its LM head: how scores must be computed, or that they cannot be.

Found out on a few tokens, by what the model does and not by its class or config. Its head is made to answer with known
numbers, so what happens to logits afterwards can be read off, in fp64 whatever the policy's dtype. What stands between base
model and head shows in what the head is given. It is done once, at load, before anything is sharded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.policy.causality import check_causal
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.policy.logit_tiles import LOWEST_LOGIT
from asym_lit.shapes import Float, Int
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOKENS, SHARED = 4, 2
"""Of two rows that are read, and how many of their first tokens are the same."""
HUGE, TINY = 1e30, 2.0**-10
"""Logits so large that a soft cap answers with itself, and so small that none does much."""
RULER = (0.0, TINY, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, HUGE)
"""Logits, with either sign, that the head is made to answer with."""
EXACT = 1e-5
"""Largest relative error of a shaping that was read off; more where the model rounds its logits to half precision."""
ROUNDING = 1e-4
"""Largest gap in nats, for logits up to 1; more in half precision, where the model's own logits are rounded."""


@dataclass(frozen=True)
class HeadReading:
    """How the logits of a policy come from its base model."""

    shaping: LogitShaping
    is_direct: bool
    """Whether the head is given the base model's hidden states as they are; if not, `head_inputs` has what it is given."""


@dataclass
class _Seen:
    """What passed by in one forward pass."""

    hidden_BSH: Float[Tensor, "B S H"] | None = None
    """Of the base model."""
    input_BSH: Float[Tensor, "B S H"] | None = None
    """Of the head."""
    own_BSV: Float[Tensor, "B S V"] | None = None
    """Logits, at the very end."""


def read_head(model: PreTrainedModel) -> HeadReading:
    """How to compute a policy's logits from its hidden states and its LM head, tried on a few tokens.

    Raises:
        InputError: If its head is no plain linear layer, if what it does with the logits is more than a scale and a soft cap,
            if they are not those of the head, or if a token's hidden state hangs on later tokens.
    """
    name, head = type(model).__name__, model.get_output_embeddings()
    if not isinstance(head, nn.Linear) or head.weight.shape != (head.out_features, head.in_features):
        raise InputError(
            f"The policy's LM head is a {type(head).__name__}; scores are computed from its weight and bias alone. "
            "Allowed: a plain torch.nn.Linear (merge adapters into it, and leave it out of quantisation)."
        )
    ids_BS = _some_ids(model, head)
    ruler_BSW = _ruler(ids_BS, head)
    ruled, plain = (_seen(model, head, ids_BS, answer) for answer in (ruler_BSW, None))
    given_BSH, own_BSV, hidden_BSH = plain.input_BSH, plain.own_BSV, plain.hidden_BSH
    if given_BSH is None or own_BSV is None or ruled.own_BSV is None or own_BSV.shape[:2] != given_BSH.shape[:2]:
        raise InputError(
            f"The policy is a {name}, which does not give its LM head one hidden state for each token and answer with logits. "
            "Allowed: causal language models whose forward pass calls what get_output_embeddings() returns, once."
        )
    check_causal(model, given_BSH, lambda: _head_inputs(model, head, ids_BS), SHARED)
    shaping = _shaping(ruled.own_BSV, ruler_BSW)
    gap, allowed = _gap(shaping or LogitShaping(), head, given_BSH, own_BSV)
    if shaping is None or not gap <= allowed:
        does = "answers with other logits than its LM head"
        if shaping is None:
            does = "does more with the logits of its LM head than multiply them by one number and soft-cap them by one"
        raise InputError(
            f"The policy is a {name}, which {does}: its own log-probs of a few tokens are up to {gap:.3g} nats off those "
            f"computed from it. Allowed: {allowed:.1g} nats in {str(head.weight.dtype).removeprefix('torch.')}. "
            "Take another class."
        )
    is_direct = hidden_BSH is not None and torch.equal(hidden_BSH.to(given_BSH.dtype), given_BSH)
    return HeadReading(shaping, is_direct)


def _shaping(own_BSV: Float[Tensor, "B S V"], ruler_BSW: Float[Tensor, "B S W"]) -> LogitShaping | None:
    """What a model made of the ruler's logits; None if that is no scale, soft cap or shorter vocabulary."""
    vocabulary, whole = own_BSV.shape[-1], ruler_BSW.shape[-1]
    ruler_BSW, own_BSV, dtype = ruler_BSW[..., :vocabulary], own_BSV.double(), own_BSV.dtype
    if ruler_BSW.shape != own_BSV.shape or not (ruler_BSW == HUGE).any():
        return None
    largest, least = (float(own_BSV[ruler_BSW == mark][0]) for mark in (HUGE, TINY))
    cap = largest if 0 < largest < HUGE**0.5 else None
    scale = least / TINY
    if cap is not None and least < cap:
        # Rounded, for atanh(tanh(x)) is x but for its last digits.
        scale = float(f"{math.atanh(least / cap) * cap / TINY:.{12 if dtype == torch.float64 else 7}g}")
    found = LogitShaping(scale, cap, None if vocabulary == whole else vocabulary)
    expected_BSV = found(ruler_BSW).to(dtype).double()
    return found if torch.allclose(own_BSV, expected_BSV, rtol=max(EXACT, 2 * torch.finfo(dtype).eps), atol=0) else None


def _gap(
    shaping: LogitShaping, head: nn.Linear, given_BSH: Float[Tensor, "B S H"], own_BSV: Float[Tensor, "B S V"]
) -> tuple[float, float]:
    """The largest difference between a model's own log-probs and ours, and how large rounding can make it."""
    with torch.no_grad():
        logits_BSV = nn.functional.linear(given_BSH.to(head.weight.dtype), head.weight, head.bias)
    wide = torch.promote_types(logits_BSV.dtype, torch.float32)
    ours_BSV = shaping(logits_BSV.to(wide))
    if ours_BSV.shape != own_BSV.shape:
        return math.inf, 0.0
    possible_BSV = ~(ours_BSV <= LOWEST_LOGIT)  # a bias of -inf forbids a token; NaN is no bias
    off_N = (ours_BSV.log_softmax(-1) - own_BSV.to(wide).log_softmax(-1))[possible_BSV].abs()
    largest = max(1.0, float(ours_BSV[possible_BSV].abs().max()))
    eps = max(torch.finfo(dtype).eps for dtype in (logits_BSV.dtype, own_BSV.dtype))
    return float(off_N.max()), max(ROUNDING, 4 * eps) * largest


def _some_ids(model: PreTrainedModel, head: nn.Linear) -> Tensor:
    """Two rows of tokens that begin alike."""
    plain = plain_ids(model)[-2 * TOKENS :] or [0]
    rows = [plain[:TOKENS], [*plain[:SHARED], *plain[TOKENS:]]]
    width = min(TOKENS, *map(len, rows))
    return torch.tensor([row[:width] for row in rows], device=head.weight.device)


def plain_ids(model: PreTrainedModel) -> list[int]:
    """Some ids of a policy's vocabulary, at most 64; none that its config gives a meaning, such as padding or an image."""
    special: set[Any] = set()
    for name, value in getattr(model.config, "__dict__", {}).items():
        if "token_id" in name:
            special.update(value if isinstance(value, list) else [value])
    rows = len(model.get_output_embeddings().weight)
    return [i for i in range(min(rows, 64)) if i not in special]


def _ruler(ids_BS: Int[Tensor, "B S"], head: nn.Linear) -> Tensor:
    """Known logits for each token, in fp64."""
    marks = torch.tensor([*RULER, *(-mark for mark in RULER)], dtype=torch.float64, device=head.weight.device)
    size = ids_BS.numel() * len(head.weight)
    return marks.repeat(-(-size // len(marks)))[:size].view(*ids_BS.shape, len(head.weight))


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Without dropout, and then as it was, module by module."""
    were = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, was_training in were:
            module.training = was_training


def _head_inputs(model: PreTrainedModel, head: nn.Linear, ids_BS: Int[Tensor, "B S"]) -> Float[Tensor, "B S H"]:
    seen = _seen(model, head, ids_BS, None).input_BSH
    assert seen is not None
    return seen


def _seen(model: PreTrainedModel, head: nn.Linear, ids_BS: Int[Tensor, "B S"], answer: Tensor | None) -> _Seen:
    """One forward pass, in which the head answers with its logits or with given ones."""
    seen = _Seen()

    def after_base(_: Any, __: Any, output: Any) -> None:
        seen.hidden_BSH = getattr(output, "last_hidden_state", None)

    def after_head(_: Any, inputs: tuple[Tensor], __: Any) -> Tensor | None:
        seen.input_BSH = inputs[0]
        return answer

    hooks = [model.base_model.register_forward_hook(after_base)] if hasattr(model, "base_model") else []
    hooks.append(head.register_forward_hook(after_head))
    try:
        with _evaluating(model), torch.no_grad():
            seen.own_BSV = getattr(model(input_ids=ids_BS, use_cache=False), "logits", None)
    except Exception as fault:  # whatever the code of a class that nobody has tried may raise
        first_line = (str(fault).splitlines() or [""])[0]
        raise InputError(
            f"The policy is a {type(model).__name__}, whose forward pass over {ids_BS.shape[1]} tokens fails with "
            f"{type(fault).__name__}: {first_line.rstrip('.')}. Allowed: causal language models that read token ids alone."
        ) from fault
    finally:
        for hook in hooks:
            hook.remove()
    return seen
