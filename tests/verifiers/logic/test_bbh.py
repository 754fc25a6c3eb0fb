"""BBH: the published labels, and other ways of writing the same answer."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import pytest

from asym_lit.types import AuditingVerifier, InputError, Outcome, Prompt, Verifier
from asym_lit.verifiers import BBHRule

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data" / "bbh.jsonl").read_text("utf-8").splitlines()]
LETTERS = "Which?\nOptions:\n(A) red\n(B) blue\n(C) green"


def asked(target: str, question: str = "?") -> Prompt:
    return Prompt("uid", question, {"answer": target, "question": question}, "bbh")


def right(verifier: BBHRule, target: str, response: str, question: str = "?") -> bool:
    return verifier.verify(asked(target, question), response).outcome == Outcome.CORRECT


@pytest.mark.parametrize("comparison", ["official", "tolerant"])
def test_a_right_and_a_wrong_response_of_each_subset_are_judged_as_published(comparison):
    verifier = BBHRule(comparison)
    verifier.self_test()
    assert isinstance(verifier, Verifier) and isinstance(verifier, AuditingVerifier)
    assert len({row["subset"] for row in ROWS}) == 27
    for row in ROWS:
        assert right(verifier, row["target"], row["response"], row["question"]) == row["label"], row["subset"]


def test_the_official_comparison_is_letter_by_letter_behind_its_phrase():
    official = BBHRule()
    assert right(official, "(B)", "So the answer is (A). So the answer is (B).")
    for response in (
        "So the answer is (B). ",
        "So the answer is (b).",
        "The answer is (B).",
        "(B)",
        "So the answer is **(B)**.",
    ):
        assert not right(official, "(B)", response), response


SAME = [
    (
        "(B)",
        [
            "So the answer is (B). ",
            "the answer is (b)",
            "**Answer: B**",
            r"\boxed{B}",
            r"\boxed{\text{(B)}}",
            "<answer>(B)</answer>",
        ],
    ),
    ("(B)", ["The answer is (B) blue.", "So the answer is B. blue", "Answer: B) blue", "B", "(A)? No. So the answer is: (B)"]),
    ("True", ["So the answer is true.", r"\boxed{True}", "The answer is **True**."]),
    ("No", ["The answer is no.", "Answer: No, they do not.", "<think>Yes</think>No"]),
    ("invalid", ["So the answer is Invalid", "The answer is: invalid."]),
    ("-1200", ["So the answer is -1,200.", r"\boxed{-1200}", "The answer is -1200.0"]),
    ("] ) }", ["So the answer is ])}.", "Answer: ] ) }"]),
    ("apple pear zoo", ["So the answer is apple, pear, zoo.", "The answer is Apple pear zoo"]),
]
OTHER = [
    (
        "(B)",
        [
            "So the answer is (A) or (B).",
            "The answer is (A) and (B)",
            "It is (B), I think,\nas all can see",
            "Blue",
            "AB",
            "(BB)",
        ],
    ),
    ("(A)", ["The answer is a dog.", "(None of the above) A"]),
    ("True", ["The answer is not True, it is False.", "The answer is True or False", "Untrue", "not True"]),
    ("No", ["The answer is nothing", "I do not know", "Yes and no", "Norway"]),
    ("valid", ["The answer is invalid.", "invalid"]),
    ("12", ["The answer is 12 or 13.", "120", "1.2", "-12", "12.5", "twelve"]),
    ("] ) }", ["So the answer is ] ).", "[ ] ) }"]),
    ("apple pear zoo", ["So the answer is pear apple zoo.", "apple pear"]),
]


@pytest.mark.parametrize(("target", "responses"), SAME)
def test_the_tolerant_comparison_bears_blanks_case_markdown_and_marks(target, responses):
    for response in responses:
        assert right(BBHRule("tolerant"), target, response, LETTERS), response


@pytest.mark.parametrize(("target", "responses"), OTHER)
def test_the_tolerant_comparison_takes_no_answer_for_another(target, responses):
    for response in responses:
        assert not right(BBHRule("tolerant"), target, response, LETTERS), response


def test_a_target_that_is_a_text_among_letters_is_listed():
    found = BBHRule().unreadable(
        [asked("(A)", LETTERS), Prompt("text", "", {"answer": "red, blue", "question": LETTERS}, "bbh")]
    )
    assert found == {"text": "the target is a text where the question asks for the letter of an option"}
    assert BBHRule().unreadable([asked("True", "not True is"), asked("a b", "Sort: b a")]) == {}


def test_a_format_gates_the_verdict_and_an_unknown_comparison_is_refused():
    gated = BBHRule("tolerant", format=r"<think>.*</think>\s*<answer>.*</answer>")
    gated.self_test()
    assert right(gated, "(B)", "<think>hm</think><answer>(B)</answer>") and not right(gated, "(B)", "<answer>(B)</answer>")
    assert gated.verify(asked("(B)"), "(B)").reason == "has not the format"
    with pytest.raises(InputError, match="comparison of BBHRule is 'mild'; allowed: official, tolerant"):
        BBHRule("mild")
    with pytest.raises(InputError, match="needs a text under 'answer'"):
        BBHRule().verify(Prompt("uid", "", {}, "bbh"), "So the answer is (A).")


@pytest.mark.parametrize("comparison", ["official", "tolerant"])
@pytest.mark.parametrize(
    "text", ["So the answer is " * 600_000, "So the answer is " + "(" * 9_000_000, "answer: " * 1_000_000, "\x00"]
)
def test_ten_megabytes_are_a_wrong_answer_at_once(comparison, text):
    begun = process_time()
    assert not right(BBHRule(comparison), "(B)", text, LETTERS)
    assert process_time() - begun < 2
