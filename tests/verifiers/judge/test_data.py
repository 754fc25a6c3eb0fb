from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from asym_lit.cli import main
from asym_lit.tasks import CountdownVerifier, StrictCountdown
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import AnswerSource, InputError, LabelledAnswer, Outcome, Prompt, Verdict
from asym_lit.verifiers import AnswersFile, AnswerShapes
from asym_lit.verifiers.judge.data import JudgeData, balanced, split_by_question
from asym_lit.verifiers.judge.files import read_answers, write_answers

PROMPT = countdown_prompt([2, 3, 6], 9, "countdown", "6/2*3")


class Sulking:
    name = "sulking"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return Verdict(Outcome.UNDECIDED if "+" in response else Outcome.CORRECT, self.name, "moody")

    def self_test(self) -> None: ...


def test_only_rejects_on_which_all_teachers_agree_are_kept() -> None:
    responses = [(PROMPT, text) for text in ("6/2*3", "3*6/2", "2*3+6", "3-6*2", "3*6/2", "")]
    data = JudgeData(StrictCountdown(), [CountdownVerifier()])
    made = data.answers(responses)
    assert [(a.candidate, a.label) for a in made] == [("3*6/2", True), ("2*3+6", False), ("3-6*2", False)]
    assert made[0] == LabelledAnswer(PROMPT.text, "6/2*3", "3*6/2", True, "rule_reject")
    assert data.counts["rule_reject: accepted by the rule"] == data.counts["rule_reject: no answer in it"] == 1
    two = JudgeData(StrictCountdown(), [CountdownVerifier(), Sulking()])
    assert [(a.candidate, a.label) for a in two.answers(responses)] == [("3*6/2", True)]
    assert two.counts["rule_reject: teachers disagree or are undecided"] == 2
    with pytest.raises(InputError, match="no teachers; give at least one verifier"):
        JudgeData(StrictCountdown(), [])


@pytest.mark.parametrize(
    ("gold", "right", "wrong"),
    [
        ("1/2", {"0.5", r"\frac{1}{2}", r"\dfrac{3}{6}", "x = 1/2"}, {"-1/2", r"\frac{2}{1}", "2/2"}),
        (r"\frac{7}{3}", {"7/3", "2 1/3"}, {r"\frac{8}{3}", r"\frac{3}{7}"}),
        (r"\frac{14}{3}", {"14/3", "4 2/3"}, {r"\frac{3}{14}"}),
        ("12", {"12.0", "24/2"}, {"13", "11", "120", "-12"}),
        ("50\\%", {"50 percent", "0.5"}, {"51\\%"}),
        ("(1, 2)", {"(1,2)"}, {"(2, 1)", "(1)", "(2, 2)"}),
        (r"\{1, 2\}", {r"\{2, 1\}"}, {r"\{1\}"}),
        ("Tuesday", {"tuesday", r"\text{Tuesday}"}, {"none of these"}),
    ],
)
def test_shapes_of_an_answer_and_near_misses(gold: str, right: set[str], wrong: set[str]) -> None:
    shapes = AnswerShapes(letters="x")
    equivalents = set(shapes.equivalents("?", gold, random.Random(0)))
    misses = set(shapes.near_misses("?", gold, random.Random(0)))
    assert right <= equivalents
    assert wrong <= misses
    assert gold not in equivalents | misses
    assert not equivalents & misses


def test_a_set_turned_around_is_no_near_miss() -> None:
    assert r"\{2, 1\}" not in AnswerShapes().near_misses("?", r"\{1, 2\}", random.Random(0))


def answers_of(questions: int) -> list[LabelledAnswer]:
    return [LabelledAnswer(f"q{i}", "g", f"c{j}", j == 0) for i in range(questions) for j in range(3)]


def test_a_balance_has_as_many_right_as_wrong_answers() -> None:
    kept = balanced(answers_of(50))
    assert [sum(a.label for a in kept), len(kept)] == [50, 100]
    assert kept == balanced(answers_of(50)) != balanced(answers_of(50), seed=1)


def test_no_question_is_in_two_splits() -> None:
    splits = split_by_question(answers_of(1000), val=0.1, test=0.2)
    questions = {split: {a.question for a in answers} for split, answers in splits.items()}
    assert sum(len(q) for q in questions.values()) == 1000
    assert len(questions["val"]) == pytest.approx(100, abs=40)
    assert len(questions["test"]) == pytest.approx(200, abs=55)
    assert {s: {a.question for a in v} for s, v in split_by_question(answers_of(1200), 0.1, 0.2).items()}["val"] >= questions[
        "val"
    ]
    with pytest.raises(InputError, match=r"val is 0\.5 and test 0\.5"):
        split_by_question([], 0.5, 0.5)


def test_files_come_back_as_they_were_and_faults_are_named(tmp_path: Path) -> None:
    answer = LabelledAnswer("q", "g", "ü\n", True, "near_miss", "t")
    write_answers({"train": [answer], "val": []}, tmp_path)
    source = AnswersFile(str(tmp_path))
    assert isinstance(source, AnswerSource)
    assert source.answers("train") == [answer]
    assert source.answers("val") == source.answers("test") == []
    file = tmp_path / "bad.jsonl"
    for text, words in {
        '{"question": "q", "gold": "g", "label": true}': r"bad.jsonl, line 1 has no 'candidate'; a row needs question, gold",
        '{"question": "q", "gold": "g", "candidate": "c", "label": "no"}': "has the label 'no'; allowed: true, false",
        "[]": "line 1 is no JSON object",
        "{": "line 1 is no JSON:",
    }.items():
        file.write_text(text)
        with pytest.raises(InputError, match=words):
            read_answers(file)
    with pytest.raises(InputError, match="There is no folder"):
        AnswersFile(str(tmp_path / "none"))


def test_the_command_makes_files_from_a_transcript(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for i in range(2, 60):
        prompt = countdown_prompt([i, 1], i + 1, "countdown", f"{i}+1")
        for response in (f"{i}+1", f"1+{i}", f"{i}-1"):
            rows.append({"uid": prompt.uid, "prompt": prompt.text, "answer": dict(prompt.answer), "response": response})
    file = tmp_path / "train_000000.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    out = tmp_path / "data"
    main(
        [
            *("judge-data", "--transcripts", f"[{file}]", "--rule", "asym_lit.tasks.StrictCountdown"),
            *("--teachers", "[asym_lit.tasks.CountdownVerifier]", "--output", str(out)),
        ]
    )
    said = capsys.readouterr().out
    assert "58  rule_reject: accepted by the rule" in said
    assert "58  rule_reject: right" in said
    made = [a for split in ("train", "val", "test") for a in AnswersFile(str(out)).answers(split)]  # type: ignore[arg-type]
    assert len(made) == 116
    assert {a.candidate for a in made if a.label} == {f"1+{i}" for i in range(2, 60)}
