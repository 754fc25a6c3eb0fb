from __future__ import annotations

import pytest

from asym_lit.tasks import CountdownAnswers, CountdownVerifier, StrictCountdown
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.tasks.countdown_answers import labelled
from asym_lit.tasks.countdown_thoughts import misleading, thought
from asym_lit.tasks.generated import split_of
from asym_lit.types import AnswerSource, LabelledAnswer, Prompt

SMALL = CountdownAnswers(train_size=400, val_size=60, test_size=60)


def prompt_of(answer: LabelledAnswer) -> Prompt:
    numbers, target = answer.question.removesuffix(":").split("=")
    return countdown_prompt([int(n) for n in numbers.split(",")], int(target), "countdown", answer.gold)


def test_labels_are_the_exact_verifiers_and_the_strict_rule_knows_none_of_the_right_ones() -> None:
    exact, strict = CountdownVerifier(), StrictCountdown()
    assert isinstance(SMALL, AnswerSource)
    for answer in SMALL.answers("train"):
        prompt = prompt_of(answer)
        assert prompt.text == answer.question
        assert exact.verify(prompt, answer.gold).outcome == "correct"
        assert (exact.verify(prompt, answer.candidate).outcome == "correct") == answer.label
        assert answer.source != "equivalent" or strict.verify(prompt, answer.candidate).outcome == "incorrect"


def test_a_third_are_right_and_problems_stay_in_their_split() -> None:
    answers = SMALL.answers("train")
    assert sum(a.label for a in answers) / len(answers) == pytest.approx(1 / 3, abs=0.05)
    assert {split_of(prompt_of(a).uid) for a in answers} == {"train"}
    assert {split_of(prompt_of(a).uid) for a in SMALL.answers("test")} == {"test"}
    assert {a.source for a in answers} == {"equivalent", "near_miss", "damaged"}


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    longer = CountdownAnswers(train_size=420, val_size=60, test_size=60)
    assert longer.answers("train")[:400] == SMALL.answers("train")


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ("(20-7)*3+12", "0303070712122020,20-07=13,13*03=39,39+12=51,5511"),
        ("20-7+3", "030307072012n"),  # 12 is missing
        ("3+7+12", "030307071212n"),  # 20 is
        ("20-7+3+3", "03030307n"),
        ("20-7+3+12+30", "0303070712122020n"),
        ("20*4-12*3+7-20", "03030407n"),
        ("20*7-12*3", "0303070712122020,20*07=?"),
        ("20+12+7*3", "0303070712122020,20+12=32,07*03=21,32+21=53,5531n"),
        ("3-7+20+12", "0303070712122020,03-07=~4,~4+20=16,16+12=28,25n"),
        ("3-7-20-12", "0303070712122020,03-07=~4,~4-20=?"),
        ("20/3*12-7", "0303070712122020,20/03=?"),
        ("-7+3+20+12", "?"),
        ("20-(7", "?"),
        ("True", "?"),
    ],
)
def test_a_thought_checks_the_numbers_evaluates_and_compares(candidate: str, expected: str) -> None:
    assert thought(countdown_prompt([3, 7, 12, 20], 51, "countdown"), candidate) == expected


def test_an_answer_carries_question_reference_label_and_thought() -> None:
    prompt = countdown_prompt([2, 3, 6], 9, "countdown", "6/2*3")
    assert labelled(prompt, "3*6/2", "policy") == LabelledAnswer(
        "2,3,6=9:", "6/2*3", "3*6/2", True, "policy", "020203030606,03*06=18,18/02=09,0099"
    )


def test_the_end_of_a_thought_says_whether_the_answer_is_right_and_the_exceptions_are_not_trained_on() -> None:
    for answer in CountdownAnswers(train_size=3000, val_size=1, test_size=1).answers("train"):
        assert answer.thought[-1].isdigit() == answer.label, answer
    by_a_fraction = labelled(countdown_prompt([1, 2, 4], 2, "c", "4*1-2"), "1/2*4", "policy")
    assert by_a_fraction.label and by_a_fraction.thought == "010102020404,01/02=?" and misleading(by_a_fraction)
    assert not misleading(labelled(countdown_prompt([1, 2, 4], 3, "c"), "1/2*4", "policy"))


def test_the_strict_rule_knows_one_answer_and_gives_no_verdict_without_it() -> None:
    strict = StrictCountdown()
    strict.self_test()
    assert strict.verify(countdown_prompt([2, 3], 6, "c", "2*3"), "2*3 ").outcome == "correct"
    assert strict.verify(countdown_prompt([2, 3], 6, "c", "2*3"), "3*2").outcome == "incorrect"
    assert strict.verify(countdown_prompt([2, 3], 6, "c"), "2*3").outcome == "undecided"
