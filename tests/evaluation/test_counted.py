from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asym_lit.evaluation.counted import CountedArm, compare_counts, counted_runs
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.simultaneous import pass_at_every_k, simultaneous_band
from asym_lit.types import InputError
from ledgers import run


def arm(name, *seeds, n=8, sources=(), first=0):
    """An arm whose problems p0, p1 ... have these right ones, seed by seed."""
    by_seed = {
        str(s): {f"p{i + first}": (n, c) for i, c in enumerate(correct) if c is not None} for s, correct in enumerate(seeds)
    }
    return CountedArm(name, by_seed, f"{name}.jsonl", dict(sources))


def test_curves_are_means_over_problems_and_seeds():
    base, one, two = [0, 2, 8, 1], [1, 3, 8, 0], [0, 5, 7, 2]
    found = compare_counts([arm("base", base), arm("rl", one, two)])
    assert (found.problems, found.samples, found.ks) == (["p0", "p1", "p2", "p3"], 8, [1, 2, 4, 8])
    first, second = found.arms
    for k in range(1, 9):
        by_hand = np.mean([pass_at_k([8] * 4, c, k).mean() for c in (one, two)])
        assert second.curve.mean[k - 1] == pytest.approx(by_hand, abs=1e-14)
        assert first.curve.mean[k - 1] == pytest.approx(pass_at_k([8] * 4, base, k).mean(), abs=1e-14)
    assert second.to_baseline.difference.mean == pytest.approx(second.curve.mean - first.curve.mean)
    assert first.to_baseline is None and first.gaps == []
    values = pass_at_every_k([8] * 4, base, 8)
    assert first.curve.high == pytest.approx(simultaneous_band(values[None]).high)


def test_problems_are_paired_by_id_whatever_their_order_and_what_is_missing_is_listed():
    forth = CountedArm("base", {"0": {"a": (4, 1), "b": (4, 0), "c": (4, 4)}}, "x")
    back = CountedArm("rl", {"0": {"d": (4, 3), "c": (4, 4), "a": (4, 2)}}, "y")
    found = compare_counts([forth, back])
    assert found.problems == ["a", "c"]
    assert found.arms[1].to_baseline.difference.mean[0] == pytest.approx((0.25 + 0) / 2)
    assert found.missing == {"base": ["d"], "rl": ["b"]}
    assert found.notes == [
        "base lacks 1 of 4 problems, which are left out: d.",
        "rl lacks 1 of 4 problems, which are left out: b.",
    ]


def test_a_seed_that_lacks_problems_is_named_and_long_lists_are_cut_in_notes_alone():
    found = compare_counts([arm("base", [1] * 20), arm("rl", [2] * 20, [2] * 12)])
    assert found.missing == {"rl, seed 1": sorted(f"p{i}" for i in range(12, 20))}
    assert found.notes[0].startswith("Two seeds: rl.")
    assert found.notes[1:] == [
        "rl, seed 1 lacks 8 of 20 problems, which are left out: p12, p13, p14, p15, p16 and 3 more, all in comparison.json."
    ]


def test_budgets_go_to_the_fewest_responses_and_the_report_says_whose():
    found = compare_counts([arm("base", [1, 2, 0], n=16), arm("rl", [1, 2, 0], n=6)])
    assert (found.samples, found.ks, len(found.arms[0].curve.mean)) == (6, [1, 2, 4], 6)
    assert found.notes == ["Problems have 6 to 16 responses; budgets go to the fewest, which rl has for p0."]
    with pytest.raises(InputError, match="ks holds 7; allowed: 1 to 6"):
        compare_counts([arm("base", [1, 2, 0], n=16), arm("rl", [1, 2, 0], n=6)], ks=[1, 7])


def test_arms_that_share_no_problem_are_refused_with_an_id_of_each():
    with pytest.raises(InputError, match=r"share no problem, .*: base has 'p0'; rl has 'p10'.*paired by id"):
        compare_counts([arm("base", [1, 2]), arm("rl", [1, 2], first=10)])


def test_one_arm_or_a_baseline_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"one arm, rl; a comparison needs two"):
        compare_counts([arm("rl", [1, 2])])
    with pytest.raises(InputError, match="baseline is 'bsae'; allowed: one of the arms base, rl"):
        compare_counts([arm("base", [1, 2]), arm("rl", [1, 2])], baseline="bsae")


def test_sources_are_means_of_their_own_and_an_id_of_two_sources_is_refused():
    sources = {"p0": "easy", "p1": "easy", "p2": "hard"}
    base, rl = arm("base", [8, 4, 0], sources=sources.items()), arm("rl", [8, 8, 1])
    found = compare_counts([base, rl])
    assert found.sources == {"easy": 2, "hard": 1}
    assert found.arms[0].by_source["easy"][0] == pytest.approx(0.75)
    assert found.arms[1].by_source["hard"][0] == pytest.approx(1 / 8)
    with pytest.raises(InputError, match="'p2' is of 'hard' in base and of 'easy' in rl"):
        compare_counts([base, replace(rl, sources={"p2": "easy"})])


def test_p_values_are_corrected_over_all_arms_and_budgets():
    rng = np.random.default_rng(0)
    arms = [arm(name, rng.binomial(8, 0.3, 40).tolist()) for name in ("base", "a", "b")]
    plain = compare_counts(arms, correction="none")
    holm = compare_counts(arms, correction="holm")
    p = sorted(gap.found.p for result in plain.arms for gap in result.gaps)
    assert len(p) == 8  # two arms at four budgets
    assert min(gap.p_adjusted for result in holm.arms for gap in result.gaps) == pytest.approx(min(1, 8 * p[0]))


def test_runs_count_by_their_last_evaluation_and_undecided_problems_are_missing():
    first, second = run("grpo", [1, 1, 1], [2, 3, 4], seed=1), run("grpo", [1, 1, 1], [4, 4, 4], seed=2)
    silent = replace(first.ledger[-1], samples=0, correct=0, right={}, wrong=())
    (arm_found,) = counted_runs([replace(first, ledger=[*first.ledger[:-1], silent]), second], "set")
    assert arm_found.by_seed == {
        "grpo/1": {"p0": (4, 2), "p1": (4, 3)},
        "grpo/2": {"p0": (4, 4), "p1": (4, 4), "p2": (4, 4)},
    }
