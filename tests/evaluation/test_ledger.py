import numpy as np
import pytest

from asym_lit.evaluation.ledger import problem_record, rare_answers
from asym_lit.evaluation.problem_changes import Fate, changes, fate
from asym_lit.types import Outcome, Rollout, Sampling, Verdict
from fakes import make_rollout
from ledgers import AFTER, BEFORE, row


def judged(text: str, outcome: Outcome) -> Rollout:
    rollout = make_rollout(text=text)
    rollout.verdict = Verdict(outcome, "fake", "", text or None)
    return rollout


def test_a_group_becomes_counts_of_its_decided_answers():
    outcomes = [Outcome.CORRECT, Outcome.CORRECT, Outcome.CORRECT, Outcome.INCORRECT, Outcome.INCORRECT, Outcome.UNDECIDED]
    group = [judged(text, one) for text, one in zip(["3", "3", "1+2", "4", "", "?"], outcomes, strict=True)]
    found = problem_record("set", 7, group, Sampling(n=6, temperature=0.7))
    assert (found.samples, found.correct, found.silent, found.right, found.wrong) == (5, 3, 1, {"3": 2, "1+2": 1}, (1,))
    assert found.sampling == (0.7, 1.0, 0, 32)
    assert found.ballot.samples == 5


def test_rare_answers_are_a_sixteenth_of_the_base_or_a_single_one():
    assert rare_answers(row("p", 0, 3, {"a": 1, "b": 2})) == {"a"}
    assert rare_answers(row("p", 0, 14, {"a": 4, "b": 5, "c": 5}, samples=64)) == {"a"}  # 64 / 16 = 4


def test_each_problem_has_one_fate():
    assert [fate(a, b) for a, b in zip(BEFORE, AFTER, strict=True)] == [
        Fate.LOST,
        Fate.DULLED,
        Fate.UNCHANGED,
        Fate.SHARPENED,
        Fate.WIDENED,
        Fate.UNSOLVED,
    ]
    # one of four is as often as two of eight
    assert fate(row("p", 0, 1), row("p", 1, 2, samples=8)) == Fate.UNCHANGED


def test_changes_count_fates_and_say_what_luck_alone_would_do():
    found = changes(BEFORE, AFTER)
    assert set(found.counts.values()) == {1}
    # right in both: 1, 4, 4, 5, 1, 0 of 8; all of them before: C(4, t) / C(8, t) = 4/8, 1/70, 1/70, 0, 4/8
    assert found.by_luck == pytest.approx(1 + 2 / 70)
    assert (found.rare, found.rare_kept) == (2, 1)  # of "lost" and "sharp", given once each
    assert found.problems == 6


def test_rare_answers_given_again_are_held_against_luck():
    base = [row("p", 0, 3, {"a": 1, "b": 2})]
    now = [row("p", 5, 2, {"b": 1, "c": 1})]
    # Rare is once in four. "a" and "c" were given once in all: rare before with chance 4/8, and then never again. "b" three
    # times: once before and twice after with chance C(3, 1) C(5, 3) / C(8, 4) = 30/70.
    assert changes(base, now).rare_kept_by_luck == pytest.approx((30 / 70) / (1 / 2 + 30 / 70 + 1 / 2))
    assert changes([row("p", 0, 0)], [row("p", 5, 0)]).rare_kept_by_luck == 0.0


def test_two_draws_of_one_policy_keep_as_many_rare_answers_as_luck_says():
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(30, 0.3), size=200)  # 30 right answers to each of 200 problems, most of them rare

    def draw(step):
        counts = [rng.multinomial(64, each) for each in chances]
        rights = [{str(i): int(n) for i, n in enumerate(each) if n} for each in counts]
        return [row(f"p{j}", step, 64, right, samples=64) for j, right in enumerate(rights)]

    found = changes(draw(0), draw(1))
    assert found.rare_kept / found.rare == pytest.approx(found.rare_kept_by_luck, abs=0.03)  # of 1,100 answers
    assert 0.4 < found.rare_kept_by_luck < 0.9
