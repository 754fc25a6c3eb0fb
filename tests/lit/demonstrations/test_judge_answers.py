from __future__ import annotations

import pytest

from asym_lit.lit import PolicyAnswers
from asym_lit.tasks import Countdown, CountdownAnswers, CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.tasks.generated import split_of
from asym_lit.types import AnswerSource, LabelledAnswer, Prompt

SOURCE = PolicyAnswers(
    CountdownAnswers(train_size=30, val_size=20, test_size=20),
    Countdown(numbers=4, low=1, high=10, train_size=16, val_size=8, test_size=8),
    rollouts=8,
    wrong_per_right=2.0,
)


def prompt_of(answer: LabelledAnswer) -> Prompt:
    numbers, target = answer.question.removesuffix(":").split("=")
    return countdown_prompt([int(n) for n in numbers.split(",")], int(target), "countdown", answer.gold)


def test_a_policys_answers_follow_the_synthetic_ones_in_every_split_with_the_exact_verifiers_labels() -> None:
    assert isinstance(SOURCE, AnswerSource)
    for split in ("train", "val", "test"):
        answers, synthetic = SOURCE.answers(split), SOURCE.synthetic.answers(split)  # type: ignore[arg-type]
        assert answers[: len(synthetic)] == synthetic
        own = answers[len(synthetic) :]
        assert own and {a.source for a in own} == {"policy"} and {split_of(prompt_of(a).uid) for a in own} == {split}
        for answer in own:
            assert (CountdownVerifier().verify(prompt_of(answer), answer.candidate).outcome == "correct") == answer.label


def test_none_is_the_stored_solution_or_comes_twice_and_wrong_ones_are_limited_only_where_a_judge_learns() -> None:
    own = SOURCE.of_policy("train")
    right = sum(a.label for a in own)
    assert len(set(own)) == len(own) and all(a.candidate != a.gold for a in own)
    assert right > 0 and len(own) - right <= 2 * right
    assert len(SOURCE.of_policy("test")) <= 20


def test_the_same_seed_gives_the_same_answers() -> None:
    again = PolicyAnswers(SOURCE.synthetic, SOURCE.task, rollouts=8, wrong_per_right=2.0)
    other = PolicyAnswers(SOURCE.synthetic, SOURCE.task, rollouts=8, wrong_per_right=2.0, seed=1)
    assert again.of_policy("val") == SOURCE.of_policy("val") != other.of_policy("val")


@pytest.mark.parametrize("split", ["val", "test"])
def test_what_a_judge_is_measured_on_has_as_many_of_a_policy_as_synthetic_ones_or_all_there_are(split: str) -> None:
    assert 0 < len(SOURCE.of_policy(split)) <= len(SOURCE.synthetic.answers(split))  # type: ignore[arg-type]
