"""KOR-Bench: the published verdicts, and those that are wrong for spacing or brackets."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import pytest

from asym_lit.types import AuditingVerifier, Counting, InputError, Outcome, Prompt, Verifier
from asym_lit.verifiers import KorBenchRule
from asym_lit.verifiers.logic.kor_bench import official_answer, tolerant_answer

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data" / "kor_bench.jsonl").read_text("utf-8").splitlines()]


def asked(gold: str, category: str, rule: int = 1, number: int = 1, **more: str) -> Prompt:
    facts = {"answer": gold, "question": "?", "category": category, "rule_id": str(rule), "idx": str(number)}
    return Prompt("uid", "?", {**facts, **more}, "kor_bench")


def of(row) -> Prompt:
    return Prompt(
        "uid", row["question"], {k: row[k] for k in ("answer", "question", "category", "rule_id", "idx")}, "kor_bench"
    )


def right(comparison: str, prompt: Prompt, response: str) -> bool:
    return KorBenchRule(comparison).verify(prompt, response).outcome == Outcome.CORRECT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['category']}-{row['rule_id']}-{row['idx']}-{row['model'][:4]}")
def test_the_official_verdict_is_reproduced_and_the_tolerant_one_is_ours(row):
    assert right("official", of(row), row["response"]) == row["official_is_correct"]
    assert right("tolerant", of(row), row["response"]) == row["read_as_right"]


def test_the_two_part_where_the_label_is_wrong():
    parted = {(r["category"], r["official_is_correct"]) for r in ROWS if r["official_is_correct"] != r["read_as_right"]}
    assert parted == {("operation", False), ("logic", False), ("counterfactual", False), ("puzzle", False)} | {
        ("operation", True),  # its first brackets hold the answer, its last ones the form that was asked for
        ("puzzle", True),  # `ould` is contained in `could`
    }


def test_official_brackets_are_the_first_and_tolerant_ones_the_last():
    text = "[[1]] no, $\\boxed{2}$, [3]"
    assert official_answer(text, "operation") == "1" and tolerant_answer(text) == "2"
    assert official_answer("$\\boxed{2}$ [3]", "logic") == "2" and official_answer("so [3]", "logic") == "3"
    assert official_answer("$\\boxed{2}$ [3]", "puzzle") is None and official_answer("none", "cipher") is None
    assert tolerant_answer("\\[ [[x + 1]] \\]") == "x + 1" and tolerant_answer("<think>[[1]]</think>[[2]]") == "2"
    assert tolerant_answer("it is\nhard to say") is None


OFFICIAL = [
    ("cipher", 1, 1, "[[A B]]", '[["AB"]]', "[[ab]]"),
    ("counterfactual", 1, 1, "[[A]]", "[A]", "[[B]]"),
    ("logic", 1, 1, "[[p1 & p2]]", "[[p1&p2.]]", "[[p2&p1]]"),
    ("logic", 5, 41, "[[I,O];[+,-]]", "[[I, O];[+, -]]", "[[I,O];[-,+]]"),
    ("operation", 6, 6, "[[650or5or125]]", "[[5 or 125 or 650]]", "[[5 or 125]]"),
    ("operation", 18, 171, "[[{1,2,4}]]", "[[{4, 2, 1}]]", "[[{1,2}]]"),
    ("operation", 18, 178, "[[{x∣x≤0 or x≥1}]]", "[[x ≥ 1 or x ≤ 0]]", "[[x≤0]]"),  # noqa: RUF001
    ("operation", 24, 231, "[[((1,2),(3,4))]]", "[[1 2 3 4]]", "[[1 2 4 3]]"),
    ("operation", 22, 212, "[[2x+3]]", "[[2x+3]]", "[[2x + 3]]"),
    ("puzzle", 1, 1, "[[nine ten]]", "[[Nine, Ten]]", "[[ten nine]]"),
    ("puzzle", 2, 11, "[[t,tal]]", "[[-tal]]", "[[ta]]"),
    ("puzzle", 3, 21, "[[pea ape]]", "[[ape pea]]", "[[ape]]"),
    ("puzzle", 4, 31, "[[appel pepla]]", "[[pepla]]", "[[apple]]"),
    ("puzzle", 5, 42, "[[O=1,T=2]]", "[[T=2, O=1]]", "[[T=1,O=2]]"),
    ("puzzle", 9, 81, "[[6+2*3-2=10]]", "[[1+3×4-3=10]]", "[[2*6+3-5=10]]"),  # noqa: RUF001
    ("puzzle", 10, 92, "[[6*8/(9-7)]]", "[[8*6/(9-7)]]", "[[6+8+9+7]]"),
    ("puzzle", 18, 171, "[[← 9,↑ 1]]", "[[←9↑1]]", "[[→9↑1]]"),
    ("puzzle", 16, 151, "[[1 2,2 1]]", "[[1,2;2,1]]", "[[1 2,1 2]]"),
]


@pytest.mark.parametrize(("category", "rule", "number", "gold", "same", "other"), OFFICIAL)
def test_each_comparison_of_the_authors_has_its_own_idea_of_the_same(category, rule, number, gold, same, other):
    assert right("official", asked(gold, category, rule, number), same)
    assert not right("official", asked(gold, category, rule, number), other)


def test_the_tolerant_comparison_mends_spacing_and_form_and_no_more():
    equation = asked("[[2x+3]]", "operation", 22, 212)
    assert right("tolerant", equation, "[[f = 2x + 3]]") and right("tolerant", equation, r"\boxed{3 + 2x}")
    assert not right("tolerant", equation, "[[2x + 4]]")
    number = asked("[[16]]", "operation", 9, 82)
    assert right("tolerant", number, "[[2^4 = 16]]") and right("tolerant", number, "$16$")
    for response in ("[[2^4]]", "[[8+8]]", "[[16]] or [[17]]", "[[16, 17]]", "[[1.6]]"):
        assert not right("tolerant", number, response), response
    word = asked("[[could]]", "puzzle", 4, 40)
    assert right("official", word, "[[1]]"), "no letters are contained in any text"
    assert (
        not right("tolerant", word, "[[1]]")
        and not right("tolerant", word, "[[ould]]")
        and right("tolerant", word, "[[Could]]")
    )
    assert right("tolerant", asked("[[B]]", "counterfactual"), "[[B. blue]]")
    for response in ("[[Blue]]", "[[B or C]]", "[[C. Vitamin B]]", "[[A, B, C, D]]"):
        assert not right("tolerant", asked("[[B]]", "counterfactual"), response), response
    assert not right("tolerant", asked("[[AB]]", "cipher"), "[[ab]]")


def test_answers_of_the_real_world_are_counted():
    verifier = KorBenchRule()
    prompt = asked("[[C]]", "counterfactual", real_life_answer="[[A]]")
    for response in ("[[A]]", "[[C]]", "[[A]]", "nothing"):
        verifier.verify(prompt, response)
    assert isinstance(verifier, Counting)
    assert verifier.metrics() == {"kor_bench/counterfactual": 3.0, "kor_bench/real_life": 2.0}


def test_a_question_of_another_task_is_refused_and_an_empty_answer_listed():
    verifier = KorBenchRule("tolerant", format=r"<think>.*</think>\s*<answer>.*</answer>")
    verifier.self_test()
    assert isinstance(verifier, Verifier) and isinstance(verifier, AuditingVerifier)
    assert verifier.verify(asked("[[A]]", "cipher"), "[[A]]").reason == "has not the format"
    assert verifier.verify(asked("[[A]]", "cipher"), "<think>.</think><answer>[[A]]</answer>").outcome == Outcome.CORRECT
    with pytest.raises(InputError, match="is of 'riddle'; allowed: cipher, counterfactual, logic, operation, puzzle"):
        verifier.verify(asked("[[A]]", "riddle"), "[[A]]")
    with pytest.raises(InputError, match="needs str under 'category'"):
        verifier.verify(Prompt("uid", "", {"answer": "1"}, "sums"), "1")
    assert verifier.unreadable([asked("[[A]]", "cipher"), asked("[[ ]]", "logic")]) == {"uid": "no answer between the brackets"}


@pytest.mark.parametrize("comparison", ["official", "tolerant"])
@pytest.mark.parametrize(
    "text", ["[[" * 5_000_000, "[" * 20_000 + "1" + "]" * 20_000, "[[9**9**9**9=24]]", "$\\boxed{" * 900_000, "\x00"]
)
def test_hostile_responses_are_wrong_at_once(comparison, text):
    begun = process_time()
    for category, rule in (("operation", 1), ("puzzle", 10), ("puzzle", 9), ("logic", 5)):
        assert not right(comparison, asked("[[6+2*3-2=10]]", category, rule, 91), text)
    assert process_time() - begun < 4
