"""Micro-batches of whole groups; those by length and with shared prompts are in `test_microbatches.py`."""

from asym_lit.rollout.microbatches import Cutting
from asym_lit.rollout.packing import pack_whole
from fakes import make_prompt, make_rollout


def rollouts_of(*groups):
    """Each group a prompt length and lengths of responses, in slot order."""
    return [
        make_rollout((1,) * length, slot=slot, prompt=make_prompt((2,) * prompt, uid=str(slot)))
        for slot, (prompt, *lengths) in enumerate(groups)
        for length in lengths
    ]


def test_whole_groups_are_never_cut_up_and_share_micro_batches_within_the_budget():
    rollouts = rollouts_of((10, 5, 5), (10, 9, 9), (10, 5, 4))  # 20, 28 and 19 tokens with the prompt once
    assert pack_whole(rollouts, range(6), 67, True) == [[2, 3, 0, 1, 4, 5]]
    assert pack_whole(rollouts, range(6), 48, True) == [[2, 3, 0, 1], [4, 5]]
    assert pack_whole(rollouts, range(6), 3, True) == [[2, 3], [0, 1], [4, 5]]
    # Padded: 2 x 19 = 38, 4 x 19 = 76, 6 x 19 = 114.
    assert pack_whole(rollouts, range(6), 76, False) == [[2, 3, 0, 1], [4, 5]]
    assert pack_whole(rollouts, range(6), 114, False) == [[2, 3, 0, 1, 4, 5]]
    assert pack_whole(rollouts, [], 10, True) == []
    assert pack_whole(rollouts, [1], 10, False) == [[1]]
    cutting = Cutting(1, 3, 0, 3, whole_groups=True)
    assert cutting.pack(rollouts, range(6)) == [[2, 3], [0, 1], [4, 5]]
