"""Updates that another dtype does not see are counted."""

from __future__ import annotations

import torch

from asym_lit.policy.rounding import rounded_away


def test_an_update_below_half_a_step_of_bfloat16_rounds_away() -> None:
    before = {"a": torch.tensor([1.0, 1.0, 1.0, 1.0]), "b": torch.ones(2)}
    # Above 1 the steps of bfloat16 are 2^-7: less than 2^-8 rounds back, more does not; two did not change.
    now = {"b": torch.ones(2) + 2**-10, "a": torch.tensor([1.0, 1.0, 1 + 2**-9, 1 + 2**-7])}
    assert rounded_away(before.items(), now.items(), torch.bfloat16) == (4, 3)
    assert rounded_away(before.items(), now.items(), torch.float32) == (4, 0)
    assert rounded_away(before.items(), before.items(), torch.bfloat16) == (0, 0)
