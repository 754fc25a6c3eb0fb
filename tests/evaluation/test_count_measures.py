from __future__ import annotations

import json

import numpy as np
import pytest

from asym_lit.evaluation.count_measures import measures_of
from asym_lit.evaluation.counted import CountedArm, compare_counts
from asym_lit.evaluation.rankings import ranks
from asym_lit.evaluation.reliability import cover_at


def arm(name, *seeds, n=8, sources=()):
    by_seed = {str(s): {f"p{i:02d}": (n, c) for i, c in enumerate(correct)} for s, correct in enumerate(seeds)}
    return CountedArm(name, by_seed, f"{name}.jsonl", dict(sources))


def test_all_of_k_right_is_the_mean_over_problems_and_seeds_and_its_difference_is_paired():
    found = measures_of(compare_counts([arm("base", [4, 8]), arm("rl", [8, 8], [6, 8])], ks=[1, 2, 8]))
    base, rl = found.arms
    assert found.trials == [1, 2, 8]
    # C(4, 2) / C(8, 2) = 6 / 28 and C(6, 2) / C(8, 2) = 15 / 28
    assert base.all_right == pytest.approx({1: 0.75, 2: (6 / 28 + 1) / 2, 8: 0.5})
    assert rl.all_right == pytest.approx({1: (1 + 1 + 0.75 + 1) / 4, 2: (1 + 1 + 15 / 28 + 1) / 4, 8: 0.75})
    assert base.all_right_gaps == []
    assert [gap.found.mean for gap in rl.all_right_gaps] == pytest.approx(
        [rl.all_right[k] - base.all_right[k] for k in (1, 2, 8)]
    )


def test_at_one_trial_its_difference_is_that_of_pass_at_one():
    compared = compare_counts([arm("base", [4, 8, 1, 0]), arm("rl", [8, 7, 2, 3])], ks=[1], correction="none")
    assert measures_of(compared).arms[1].all_right_gaps == compared.arms[1].gaps


def test_trials_go_to_eight_and_where_no_budget_is_so_small_the_smallest_is_taken():
    arms = [arm("base", [4, 8], n=64), arm("rl", [9, 8], n=64)]
    assert measures_of(compare_counts(arms)).trials == [1, 2, 4, 8]
    assert measures_of(compare_counts(arms, ks=[16, 64])).trials == [16]


def test_cover_is_the_mean_over_seeds_and_tau_is_left_out_where_responses_are_too_few():
    base, one, two = [0, 3, 12, 16], [4, 8, 16, 15], [5, 7, 16, 1]
    found = measures_of(compare_counts([arm("base", base, n=16), arm("rl", one, two, n=16)]))
    assert found.taus == [0.1, 0.5, 0.9]  # 16 responses: 1.6 are expected to be right at 0.1, and wrong at 0.9
    # 4, 8, 16 and 15 of 16: three at 0.5 or above; 5, 7, 16 and 1: one
    by_hand = [cover_at([16] * 4, c, 0.5).plug_in for c in (one, two)]
    assert found.arms[1].covers[0.5].plug_in == np.mean(by_hand)
    assert by_hand == [0.75, 0.25]
    assert found.arms[0].covers[0.9] == cover_at([16] * 4, base, 0.9)
    assert measures_of(compare_counts([arm("base", [0, 8]), arm("rl", [1, 8])])).taus == [0.5]
    assert measures_of(compare_counts([arm("base", [0, 1], n=1), arm("rl", [1, 1], n=1)])).taus == []


def test_three_arms_are_ranked_at_both_ends_and_two_are_not():
    some = {"base": [1] * 30 + [2] * 10, "worse": [0] * 30 + [1] * 10, "rl": [7] * 30 + [8] * 10}
    arms = [arm(name, c) for name, c in some.items()]
    found = measures_of(compare_counts(arms)).ranks
    assert list(found) == [1, 8]
    assert found[1] == ranks({name: np.array([c]) / 8 for name, c in some.items()})
    assert [(one.arm, one.rank, one.best, one.worst) for one in found[1]] == [
        ("rl", 1, 1, 1),
        ("base", 2, 2, 2),
        ("worse", 3, 3, 3),
    ]
    assert measures_of(compare_counts(arms[:2])).ranks == {}


def test_sources_have_their_own_means_and_an_arm_is_plain_types():
    sources = {"p00": "a", "p01": "b"}
    found = measures_of(compare_counts([arm("base", [4, 8, 8], sources=sources), arm("rl", [8, 8, 0])], ks=[1, 2]))
    assert found.arms[0].all_right_by_source == {"a": pytest.approx([0.5, 6 / 28]), "b": [1, 1], "without a source": [1, 1]}
    assert json.loads(json.dumps(found.arms[1].as_dict()))["cover"][0]["tau"] == 0.5
