"""Every kind: its stored answers, official verdicts, planted violations, hostile answers."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from time import process_time

import pytest

from asym_lit.puzzles import KINDS, Game, check_kinds, fault_of, found_answer, gold_fault, kind_named
from asym_lit.puzzles.finding import LONGEST
from asym_lit.types import InputError
from planted import planted, solution

ROWS = [json.loads(line) for line in Path(__file__).with_name("synlogic.jsonl").read_text("utf-8").splitlines()]
BY_HAND = [
    {"task": "buggy_tables", "question": "", "answer": "12.34", "metadata": {}, "candidates": []},
    {"task": "buggy_tables", "question": "", "answer": "-0.50", "metadata": {}, "candidates": []},
    {"task": "word_sorting_mistake", "question": "", "answer": "4", "metadata": {}, "candidates": []},
]


def game_of(row) -> Game:
    answer = row["answer"] if isinstance(row["answer"], str) else json.dumps(row["answer"])
    return Game(row["task"], row["question"], answer, row["metadata"], "row 3")


def said(game: Game, response: str) -> str | None:
    """What is wrong with a whole response."""
    answer = found_answer(game, response)
    return "nothing found" if answer is None else fault_of(game, answer)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["task"])
def test_a_stored_answer_keeps_its_rules_and_every_verdict_is_the_official_one(row):
    game = game_of(row)
    assert gold_fault(game) is None
    for candidate in row["candidates"]:
        assert (said(game, candidate["response"]) is None) == candidate["official_verdict"], candidate


@pytest.mark.parametrize("kind", sorted({row["task"] for row in ROWS + BY_HAND}))
def test_at_least_twenty_planted_violations_of_a_kind_are_refused(kind):
    refused = set()
    for row in [row for row in ROWS + BY_HAND if row["task"] == kind]:
        game = game_of(row)
        right = solution(game, row["candidates"][0]["response"] if row["candidates"] else row["answer"])
        for wrong in planted(game, right):
            assert fault_of(game, wrong) is not None, (wrong, right)
            refused.add((row["question"], wrong))
    assert len(refused) >= 20


def test_every_kind_but_that_of_stars_has_rows():
    assert set(KINDS) - {row["task"] for row in ROWS + BY_HAND} == {"star_placement_puzzle"}


HOSTILE = {
    "ten megabytes": "[[1,2],[3,4]] " * 700_000,
    "deep brackets": "[" * 100_000,
    "deep literal": "[" * 5_000 + "1" + "]" * 5_000,
    "deep parentheses": "(" * 290 + "1" + ")" * 290,
    "powers": "9**9**9**9**9",
    "digits": "9" * 39_000,
    "factorials": "```python\n__import__('os').system('true')\n```",
    "fences": "```python\n" * 4_000,
    "boxes": "\\boxed{" * 6_000,
    "answers": "<answer>" * 5_000,
    "thoughts": "<think>" * 5_000,
    "braces": "{" * 39_000,
    "bytes": "\x00\ud800[[\x00]]",
    "nothing": "",
    "set": "{1, 2}",
    "mixed": "[[1, 'X', None, 2.5, True, (1,), b'x', 1j]]",
    "one": "1",
    "names": "[[a, b], [c, d]]",
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_answer_is_wrong_at_once_and_never_an_exception(hostile):
    games = {row["task"]: game_of(row) for row in ROWS + BY_HAND}
    begun = process_time()
    for kind, game in games.items():
        for response in (HOSTILE[hostile], f"\\boxed{{{HOSTILE[hostile][:LONGEST]}}}", f"```python\n{HOSTILE[hostile]}\n```"):
            assert said(game, response) is not None, (kind, hostile)
    assert process_time() - begun < 5


def test_metadata_that_are_missing_or_of_another_kind_are_told_and_no_wrong_answer():
    with pytest.raises(InputError, match=r"row 3 of the kind 'sudoku' has no 'original_sudoku' in its metadata; there is: n\."):
        fault_of(Game("sudoku", metadata={"n": 9}, origin="row 3"), "((1,),)")
    facts = {"grid": 5, "row_constraints": [1], "col_constraints": [1]}
    with pytest.raises(InputError, match="row 3: its metadata are not those of 'campsite': TypeError"):
        fault_of(Game("campsite", metadata=facts, origin="row 3"), "[['X']]")
    assert "has no 'grid'" in gold_fault(Game("numbrix", metadata={"solution": [[1]]}))


def test_a_kind_may_be_named_as_the_hub_does_and_a_slip_gets_the_nearest_name():
    assert kind_named("val/Sudoku") == kind_named("synlogic/sudoku") == "sudoku"
    assert kind_named("mathador") == "game_of_24" and kind_named("dyck-language") == "dyck_language"
    assert kind_named("wordscapes") is None
    with pytest.raises(InputError, match=r"kinds names 'campsit', .* Did you mean 'campsite'\? Allowed: arrow_maze, "):
        check_kinds(["sudoku", "campsit"], "kinds")


def test_rows_cover_every_kind_twice_where_there_are_two():
    found = defaultdict(int)
    for row in ROWS:
        found[row["task"]] += 1
    assert len(ROWS) == 54 and {kind for kind, count in found.items() if count == 1} == {"calcudoko", "futoshiki"}
