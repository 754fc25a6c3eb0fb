from __future__ import annotations

from collections.abc import Sequence

import pytest

from asym_lit.types import InputError, Intervention, Outcome, Prompt, Rollout, Verdict, Verifier
from asym_lit.verifiers import (
    BackwardCorrection,
    FormatOnly,
    ForwardCorrection,
    IncorrectReward,
    LabelNoise,
    MajorityVote,
    Mixed,
    RandomReward,
    Rule,
)
from asym_lit.verifiers.interventions import innermost_of

RIGHT, WRONG, OPEN = Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNDECIDED


class Gold:
    """Right: the response is the gold answer; a question mark leaves it undecided."""

    name = "gold"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        if response == "?":
            return Verdict(OPEN, self.name, "timeout")
        found = response.split(">")[-1]
        return Verdict(RIGHT if found == "7" else WRONG, self.name, "compared", found or None)

    def self_test(self) -> None:
        pass


def group_of(texts: Sequence[str], uid: str = "p", version: int = 0, slot: int = 0) -> list[Rollout]:
    prompt = Prompt(uid, "3+4?", {"answer": "7"}, "t")
    return [Rollout(prompt, slot, [], [], "stop", version, text=text) for text in texts]


def revised(verifier: Intervention, group: Sequence[Rollout]) -> list[Verdict]:
    inner = innermost_of(verifier)
    return verifier.revise(group, [inner.verify(r.prompt, r.text) for r in group])


def outcomes(verifier: Intervention, group: Sequence[Rollout]) -> list[Outcome]:
    return [v.outcome for v in revised(verifier, group)]


def test_every_intervention_is_a_verifier_that_notes_the_truth() -> None:
    group = group_of(["7", "8", "?"])
    for verifier in (
        RandomReward(Gold()),
        IncorrectReward(Gold()),
        FormatOnly(Gold()),
        MajorityVote(Gold()),
        LabelNoise(Gold(), 0.5, 0.5),
        BackwardCorrection(Gold(), 0.1, 0.2),
        ForwardCorrection(Gold(), 0.2),
        IncorrectReward(LabelNoise(Gold(), 1.0, 1.0)),
    ):
        assert isinstance(verifier, Verifier) and isinstance(verifier, Intervention)
        assert [v.truth for v in revised(verifier, group)] == [RIGHT, WRONG, OPEN], verifier.name
        assert verifier.verify(group[0].prompt, "7").truth == RIGHT


def test_random_reward_has_its_rate_and_knows_nothing_of_the_answer() -> None:
    group = group_of(["7", "8"] * 2000)
    drawn = outcomes(RandomReward(Gold(), p=0.3), group)
    # Standard error of 2000 draws: 0.0102.
    assert drawn[0::2].count(RIGHT) / 2000 == pytest.approx(0.3, abs=0.04)
    assert drawn[1::2].count(RIGHT) / 2000 == pytest.approx(0.3, abs=0.04)
    assert set(outcomes(RandomReward(Gold(), p=0.0), group)) == {WRONG}
    assert set(outcomes(RandomReward(Gold(), p=1.0), group)) == {RIGHT}


def test_draws_hang_on_seed_prompt_step_and_place_and_on_nothing_else() -> None:
    def drawn(seed: int = 0, **where: object) -> list[Outcome]:
        return outcomes(RandomReward(Gold(), seed=seed), group_of(["7"] * 64, **where))  # type: ignore[arg-type]

    assert drawn() == drawn()
    others = [drawn(seed=1), drawn(uid="q"), drawn(version=1), drawn(slot=1)]
    assert all(other != drawn() for other in others)
    first = drawn()
    assert len(set(first)) == 2  # equal texts, other draws
    # Another group in between changes nothing.
    verifier = RandomReward(Gold())
    outcomes(verifier, group_of(["8"] * 9, uid="between"))
    assert outcomes(verifier, group_of(["7"] * 64)) == first


def test_a_gate_lets_only_the_format_through_and_reads_over_line_ends() -> None:
    group = group_of(["<think>a\nb</think> <answer>8</answer>", "8"])
    gate = r"<think>.*</think>\s*<answer>.*</answer>"
    assert outcomes(RandomReward(Gold(), p=1.0, format=gate), group) == [RIGHT, WRONG]
    assert outcomes(IncorrectReward(Gold(), format=gate), group) == [RIGHT, WRONG]
    assert outcomes(FormatOnly(Gold()), group) == [RIGHT, WRONG]


def test_incorrect_turns_verdicts_around_and_leaves_undecided_ones() -> None:
    assert outcomes(IncorrectReward(Gold()), group_of(["7", "8", "?"])) == [WRONG, RIGHT, OPEN]


def test_the_majority_is_right_and_of_equals_the_first() -> None:
    assert outcomes(MajorityVote(Gold()), group_of(["8", "7", "8 ", "9"])) == [RIGHT, WRONG, RIGHT, WRONG]
    assert outcomes(MajorityVote(Gold()), group_of(["9", "7", "7", "9"])) == [RIGHT, WRONG, WRONG, RIGHT]
    assert outcomes(MajorityVote(Gold(), votes=1), group_of(["9", "7", "7"])) == [RIGHT, WRONG, WRONG]
    assert outcomes(MajorityVote(Gold()), group_of(["", "?", ""])) == [WRONG, WRONG, WRONG]  # nobody voted
    assert outcomes(MajorityVote(Gold()), group_of(["", "", "7"])) == [WRONG, WRONG, RIGHT]
    assert revised(MajorityVote(Gold()), group_of(["8", "7", "8"]))[0].reason == "2 of 3 votes are for '8'"


def test_the_majority_counts_answers_that_are_the_same_as_one_and_never_asks_the_gold_answer() -> None:
    prompt = Prompt("p", "What is the half of 1?", {"answer": "3"}, "t")
    texts = [f"\\boxed{{{answer}}}" for answer in ("1/2", "0.5", r"\frac12", "3", "3")]
    group = [Rollout(prompt, 0, [], [], "stop", 0, text=text) for text in texts]
    found = revised(MajorityVote(Rule()), group)
    # three of five, in three forms; as texts the two 3s won
    assert [v.outcome for v in found] == [RIGHT, RIGHT, RIGHT, WRONG, WRONG]
    assert found[0].reason == "3 of 5 votes are for '0.5'"
    assert [v.truth for v in found] == [WRONG, WRONG, WRONG, RIGHT, RIGHT]


def test_long_answers_are_voted_on_to_their_end() -> None:
    long = ["7" * 300 + "1", "7" * 300 + "2", "7" * 300 + "2"]
    prompt = Prompt("p", "?", {"answer": "1"}, "t")
    group = [Rollout(prompt, 0, [], [], "stop", 0, text=f"\\boxed{{{text}}}") for text in long]
    assert [v.outcome for v in revised(MajorityVote(Rule()), group)] == [WRONG, RIGHT, RIGHT]


def test_noise_has_the_rates_it_was_given() -> None:
    group = group_of(["7", "8"] * 3000)
    noisy = outcomes(LabelNoise(Gold(), false_positive_rate=0.1, false_negative_rate=0.385), group)
    # Standard errors: 0.0055 and 0.0089.
    assert noisy[1::2].count(RIGHT) / 3000 == pytest.approx(0.1, abs=0.022)
    assert noisy[0::2].count(WRONG) / 3000 == pytest.approx(0.385, abs=0.035)
    assert outcomes(LabelNoise(Gold()), group_of(["7", "8", "?"])) == [RIGHT, WRONG, OPEN]


def test_the_backward_correction_is_unbiased() -> None:
    scores = [v.score for v in revised(BackwardCorrection(Gold(), 0.1, 0.3), group_of(["7", "8"]))]
    # (1 - 0.1) / 0.6 and (0 - 0.1) / 0.6
    assert scores == [pytest.approx(1.5), pytest.approx(-1 / 6)]
    accepted, rejected = 1.5, -1 / 6
    assert 0.7 * accepted + 0.3 * rejected == pytest.approx(1)  # expectation on right responses
    assert 0.1 * accepted + 0.9 * rejected == pytest.approx(0)  # and on wrong ones


def test_the_forward_correction_expects_nothing_of_right_responses() -> None:
    accepted, rejected = (v.score for v in revised(ForwardCorrection(Gold(), 0.3), group_of(["7", "8"])))
    assert (accepted, rejected) == (0.3, pytest.approx(-0.7))
    assert accepted is not None and rejected is not None
    assert 0.7 * accepted + 0.3 * rejected == pytest.approx(0)
    assert 0.1 * accepted + 0.9 * rejected == pytest.approx(-(1 - 0.1 - 0.3))


def test_corrections_change_nothing_where_there_is_no_noise() -> None:
    assert [v.score for v in revised(BackwardCorrection(Gold(), 0.0, 0.0), group_of(["7", "8"]))] == [1.0, 0.0]


def test_corrections_of_noise_keep_the_truth_below_it() -> None:
    verifier = BackwardCorrection(LabelNoise(Gold(), 0.0, 0.99), 0.0, 0.5)
    found = revised(verifier, group_of(["7"] * 50))
    assert {v.truth for v in found} == {RIGHT}
    assert [v.outcome for v in found].count(WRONG) > 40
    assert {v.by for v in found} == {"backward_correction"}


class Always(Gold):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.name = outcome, f"always_{outcome}"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return Verdict(self.outcome, self.name, "always", response)


@pytest.mark.parametrize(
    ("rule", "judge", "weight", "outcome", "score"),
    [
        (WRONG, RIGHT, 0.7, RIGHT, 0.7),
        (WRONG, RIGHT, 0.3, WRONG, 0.3),
        (RIGHT, WRONG, 0.3, RIGHT, 0.7),
        (RIGHT, RIGHT, 0.3, RIGHT, 1.0),
        (WRONG, WRONG, 0.3, WRONG, 0.0),
        (RIGHT, OPEN, 0.3, OPEN, None),
        (OPEN, RIGHT, 0.3, OPEN, None),
    ],
)
def test_mixed_weighs_rule_and_judge(
    rule: Outcome, judge: Outcome, weight: float, outcome: Outcome, score: float | None
) -> None:
    verdict = Mixed(Always(rule), Always(judge), weight).verify(group_of(["8"])[0].prompt, "8")
    assert verdict.outcome == outcome
    assert verdict.score == (score if score is None else pytest.approx(score))
    assert [step.by for step in verdict.path] == [f"always_{rule}", f"always_{judge}"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomReward(Gold(), p=1.2), "p is 1.2; allowed: 0 to 1"),
        (lambda: RandomReward(Gold(), format="("), "format is '\\(', which is no regular expression"),
        (lambda: FormatOnly(Gold(), format=""), "format is empty; write the regular expression"),
        (lambda: MajorityVote(Gold(), votes=-1), "votes is -1; allowed: 0"),
        (lambda: LabelNoise(Gold(), false_negative_rate=2), "false_negative_rate is 2; allowed: 0 to 1"),
        (lambda: BackwardCorrection(Gold(), 0.5, 0.5), "rates are 0.5 and 0.5; allowed: .*below 1"),
        (lambda: ForwardCorrection(Gold(), 1.0), "false_negative_rate is 1.0; allowed: 0 to below 1"),
        (lambda: Mixed(Gold(), Gold(), 1.5), "weight is 1.5; allowed: 0 to 1"),
    ],
)
def test_impossible_settings_are_refused(make: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()  # type: ignore[operator]
