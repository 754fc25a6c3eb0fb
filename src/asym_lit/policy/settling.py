"""What is done to a policy as soon as it is loaded, in place, so that it scores a row alike whenever it is asked.

Most of it hangs on its configuration alone. Which numbers are noise is found out by passes; what was found of a copy of
the policy can be handed to another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from asym_lit.policy.capped_attention import cap_attention
from asym_lit.policy.frequencies import fix_frequencies
from asym_lit.policy.linear_products import take_wider_products
from asym_lit.policy.noise import remove_noise, silence

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def settle(model: PreTrainedModel, longest: int | None, kept: Iterable[str] | None = None) -> list[str]:
    """Cap its attention, fix its rotary frequencies, take its noise away, and choose how its products are made.

    Args:
        model: Whole, before it is wrapped or sharded; with `kept` it may be on the meta device, but for its buffers.
        longest: Tokens of the longest row it will see, prompt and response; None if it is not known.
        kept: Names of numbers that are no noise, as this returned them for the same policy; None to find them out.

    Returns:
        Names of numbers that look like noise and are none.

    Raises:
        InputError: If it cannot be made to score a row alike whenever it is asked.
    """
    cap_attention(model)
    fix_frequencies(model, longest)
    if kept is None:
        found = remove_noise(model)
    else:
        found = list(kept)
        silence(model, found)
    take_wider_products(model)
    return found
