"""A policy under TRL that answers with token scores: its forward pass takes them as a further argument.

So the call goes through whatever wraps the policy (DDP, PEFT, mixed precision), as TRL's own calls do.
"""

from __future__ import annotations

import copy
from functools import wraps
from types import MethodType
from typing import Any

from asym_lit.policy.token_scores import TokenScorer


def answer_with_scores(model: Any) -> None:
    """Let `model(scoring=(tokens, mask_BT, temperature, needs))` give `TokenScores`; without it the forward pass stays.

    Args:
        model: A causal language model, or one of PEFT's around it.
    """
    plain = _plain(model)
    scorer, own = TokenScorer(plain), plain.forward

    @wraps(type(plain).forward)  # `generate` reads the signature
    def forward(_: Any, *args: Any, scoring: tuple | None = None, **kwargs: Any) -> Any:
        return own(*args, **kwargs) if scoring is None else scorer(*scoring)

    plain.forward = MethodType(forward, plain)


def frozen(model: Any) -> TokenScorer:
    """What a policy is now, for good."""
    still = copy.deepcopy(_plain(model))
    vars(still).pop("forward", None)  # TRL's own, which calls the policy that it was made for
    return TokenScorer(still.requires_grad_(False)).eval()


def _plain(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model
