"""Each constraint by name, on puzzles small enough to check by eye."""

from __future__ import annotations

import re

import pytest

from asym_lit.puzzles import Game, fault_of
from asym_lit.puzzles.arithmetic import evaluate
from asym_lit.puzzles.brackets import completed, first_error
from asym_lit.puzzles.game import Misread

CAMP = {"grid": [["T", "X", "X"], ["X", "X", "X"], ["X", "X", "T"]], "row_constraints": [1, 0, 1], "col_constraints": [0, 2, 0]}
WALLS = {"grid": [[2, "X", "X"], ["X", "X", "X"], ["X", "X", 1]]}
STARS = {"k": 1, "region_grid": [["A", "A", "B", "B"], ["A", "A", "B", "B"], ["C", "C", "D", "D"], ["C", "C", "D", "D"]]}
TOWERS = {"n": 2, "top": [2, 1], "bottom": [1, 2], "left": [2, 1], "right": [1, 2]}
DOMINOES = {"region_grid": [["A", "A", "X"], ["B", "B", "A"], ["B", "B", "B"]]}
SQUARE = {"grid_size": 2, "regions": [{"cells": ["(1,1)", "(2,1)"], "target": 2, "operator": "÷"}]}
ROUTE = {"maze": [["1", "X"], ["X", "1"]]}
LETTERS = {"letter_words": ["AB", "B", "AC"], "operators": ["+"]}
FOUR = {"numbers": [1, 3, 6, 7], "operators": ["+", "-", "*", "/"], "result": 24}
FUTOSHIKI = {"grid_size": 2, "constraints": [[[0, 0], [0, 1], ">"]]}
WORDS = {"words": ["egg", "ant", "4th", "6th"], "front_letters": "e", "order": 1}

CASES = [
    ("campsite", CAMP, '[["T","C","X"],["X","X","X"],["X","C","T"]]', None),
    ("campsite", CAMP, '[["T","C","X"],["X","C","X"],["X","X","T"]]', "row 2 has 1 tents, not 0"),
    ("campsite", CAMP, '[["T","C","X"],["X","X","X"],["C","X","T"]]', "column 1 has 1 tents, not 0"),
    ("campsite", CAMP, '[["T","C","X"],["X","X","X"],["X","T","C"]]', "the trees are not those"),
    ("campsite", {**CAMP, "row_constraints": [1, 1, 0]}, '[["T","C","X"],["X","C","X"],["X","X","T"]]', "touches another"),
    (
        "campsite",
        {**CAMP, "col_constraints": [1, 1, 0]},
        '[["T","C","X"],["X","X","X"],["C","X","T"]]',
        "not a tree of its own",
    ),
    (
        "number_wall",
        WALLS,
        '[[2,"X","A"],["A","A","A"],["A","A",1]]',
        "a wall of 2x2 at row 1, column 2|a wall of 2x2 at row 2",
    ),
    ("number_wall", WALLS, '[[2,"A","A"],["A","X","A"],["A","A",1]]', "the island of 2 has 1 cells"),
    ("number_wall", {"grid": [[1, "X"], ["X", 1]]}, '[[1,"A"],["A",1]]', "two islands touch"),
    ("number_wall", {"grid": [[1, "X", "X"]]}, '[[1,"A","X"]]', "an island of 1 cells has 0 numbers"),
    ("number_wall", {"grid": [[1, "X", 1]]}, '[[1,"A",1]]', None),
    ("star_placement_puzzle", STARS, "{'A': [(0, 1)], 'B': [(1, 3)], 'C': [(2, 0)], 'D': [(3, 2)]}", None),
    ("star_placement_puzzle", STARS, "{'A': [(0, 1)], 'B': [(0, 3)], 'C': [(2, 0)], 'D': [(3, 2)]}", "row 1 has 2 stars"),
    ("star_placement_puzzle", STARS, "{'A': [(0, 1)], 'B': [(1, 2)], 'C': [(2, 0)], 'D': [(3, 3)]}", "touches another"),
    ("star_placement_puzzle", STARS, "{'A': [(0, 0)], 'B': [(1, 2)], 'C': [(3, 1)], 'D': [(2, 3)]}", "touches another"),
    ("star_placement_puzzle", STARS, "{'B': [(0, 1)], 'A': [(1, 3)], 'C': [(2, 0)], 'D': [(3, 2)]}", "is in region A, not B"),
    ("star_placement_puzzle", STARS, "{'A': [(0, 1)], 'B': [(1, 3)], 'C': [(2, 0)]}", "row 4 has 0 stars, not 1"),
    ("skyscraper_puzzle", TOWERS, "[[1, 2], [2, 1]]", None),
    ("skyscraper_puzzle", TOWERS, "[[2, 1], [1, 2]]", "from the left, line 1 shows 1, not 2"),
    ("skyscraper_puzzle", {**TOWERS, "bottom": [2, 2]}, "[[1, 2], [2, 1]]", "from the bottom, line 1 shows 1, not 2"),
    ("skyscraper_puzzle", TOWERS, "[[1, 1], [2, 2]]", "row 1 is not 1 to 2"),
    ("norinori", DOMINOES, "[[(1, 1), (1, 2)], [(2, 3), (3, 3)]]", "a shaded cell is not covered"),
    ("norinori", DOMINOES, "[[(1, 3), (1, 2)], [(2, 1), (3, 1)]]", "1 cells of region A are covered, not 2"),
    ("norinori", DOMINOES, "[[(1, 3), (2, 3)], [(1, 1), (2, 1)]]", "1 cells of region B are covered|cells of region"),
    ("norinori", DOMINOES, "[[(1, 3), (2, 3)], [(1, 2), (1, 1)]]", "touches another"),
    ("norinori", DOMINOES, "[[(1, 3), (2, 2)]]", "is no domino"),
    ("norinori", DOMINOES, "[[(0, 1), (1, 1)]]", "is not in the grid"),
    ("calcudoko", SQUARE, "[[1 2,2 1]]", None),
    ("calcudoko", SQUARE, "[[1, 2], [2, 1]]", None),
    (
        "calcudoko",
        {**SQUARE, "regions": [{"cells": ["(1,1)", "(2,2)"], "target": 2, "operator": "+"}]},
        "[[1 2,2 1]]",
        "number twice",
    ),
    (
        "calcudoko",
        {**SQUARE, "regions": [{"cells": ["(1,1)", "(1,2)"], "target": 3, "operator": "*"}]},
        "[[1 2,2 1]]",
        r"make 3\*",
    ),
    ("futoshiki", FUTOSHIKI, "[[2 1,1 2]]", None),
    ("futoshiki", FUTOSHIKI, "[[1 2,2 1]]", r"was given as 2"),
    ("arrow_maze", ROUTE, '[["1","→"],["←","1"]]', None),
    ("arrow_maze", ROUTE, '[["1","→"],["↓","1"]]', "2 arrows leave the 1 of row 1, column 1"),
    ("arrow_maze", {"maze": [["1", "X", "X"]]}, '[["1","→","↑"]]', "the arrow of row 1, column 3 belongs to no number"),
    ("cryptarithm", LETTERS, "13 + 3 = 16", None),
    ("cryptarithm", LETTERS, "24 + 4 = 28.", None),  # another assignment, as right as the stored one
    ("cryptarithm", LETTERS, "10 + 0 = 10", "two letters have the same digit"),
    ("cryptarithm", LETTERS, "13 + 4 = 17", "B is 3 and 4"),
    ("cryptarithm", LETTERS, "03 + 3 = 06", "begins with 0"),
    ("cryptarithm", LETTERS, "13 + 3 = 15", "is 16, not 15"),
    ("game_of_24", FOUR, "(6*(7-(1*3)))", None),
    ("game_of_24", FOUR, "(7+1)*6/3+8", "uses"),
    ("game_of_24", FOUR, "1+3+6+7", "is 17, not 24"),
    ("game_of_24", {**FOUR, "operators": ["+"]}, "6*(7-1*3)", r"uses \* -, which is not allowed"),
    ("math_path", {"query_expr": "?+?=5"}, "[[2+3=5]]", None),
    ("math_path", {"query_expr": "?+?=5"}, "[[2+2=5]]", "is 4, not 5"),
    ("math_path", {"query_expr": "?+?=5"}, "[[7-2=5]]", r"'-' stands where the question has '\+'"),
    ("math_path", {"query_expr": "?+?=15"}, "[[12+3=15]]", "'12' stands where"),
    ("word_sorting", WORDS, "egg, ant, 4th, 6th", None),
    ("word_sorting", WORDS, "egg, ant, 6th, 4th", None),  # digits have no place in the alphabet: a tie
    ("word_sorting", WORDS, "ant, egg, 4th, 6th", "'ant' and 'egg' stand the wrong way round"),
    ("word_sorting", {**WORDS, "order": -1}, "6th, 4th, ant, egg", None),
    ("word_sorting", WORDS, "egg, ant, 4th", "not the 4 words"),
    (
        "survo",
        {"original_matrix": [[0, 2, 3], [5, 7, 12]], "candidate_numbers": [1]},
        "[[1, 2, 3], [5, 7, 12]]",
        "column 1 adds up",
    ),
    ("survo", {"original_matrix": [[0, 2, 3]], "candidate_numbers": [2]}, "[[1, 2, 3]]", "not the numbers to fill in"),
    ("numbrix", {"grid": [["X", 2], ["X", "X"]]}, "[[1, 2], [4, 3]]", None),
    ("numbrix", {"grid": [["X", 2], ["X", "X"]]}, "[[4, 2], [3, 1]]", "2 and 3 are no neighbours"),
    ("kukurasu", {"row_sums": [2, 1], "col_sums": [2, 1]}, '[["X","1"],["1","X"]]', None),
    ("kukurasu", {"row_sums": [2, 1], "col_sums": [2, 2]}, '[["X","1"],["1","X"]]', "column 2 makes 1, not 2"),
    ("minesweeper", {"current_mines": [[0, 1]]}, "[(0, 1), (1, 1)]", r"\(1, 1\) need not be a mine"),
    ("minesweeper", {"current_mines": [[0, 1], [2, 2]]}, "[(0, 1)]", r"\(2, 2\) must be a mine too"),
    ("goods_exchange", {"owns_after": "(('A','hat'),('B','cup'))"}, "(('B','cup'),('A','hat'))", None),
    ("goods_exchange", {"owns_after": "(('A','hat'),('B','cup'))"}, "(('A','hat'),('A','cup'))", "a name twice"),
    ("dyck_language_errors", {"bracket_string": "(]"}, "2", None),
    ("dyck_language_errors", {"bracket_string": "()"}, "valid", None),
    ("dyck_language_errors", {"bracket_string": "(]"}, "invalid", "is no place"),  # the official one takes it for valid
    ("dyck_language_reasoning_errors", {"error_indices": []}, "没有错误", None),
    ("dyck_language_reasoning_errors", {"error_indices": [7, 9]}, "Thoughts 9 and 7", None),
    ("dyck_language_reasoning_errors", {"error_indices": [7]}, "no errors", r"is \[\], not \[7\]"),
]


@pytest.mark.parametrize(("kind", "facts", "answer", "fault"), CASES, ids=lambda case: str(case)[:30])
def test_an_answer_is_refused_for_the_rule_that_it_breaks(kind, facts, answer, fault):
    question = "X X\nX 2" if kind == "futoshiki" else ""
    if kind == "futoshiki" and fault:
        question = "2 X\nX X"
    found = fault_of(Game(kind, question, "", facts), answer)
    if fault is None:
        assert found is None
    else:
        assert re.search(fault, found or ""), found


def stored(kind, gold, answer, question=""):
    return fault_of(Game(kind, question, gold), answer) is None


def test_stored_answers_are_compared_as_they_are_asked_for():
    assert stored("boolean_expressions", "A,B", r"\text{B}, A") and not stored("boolean_expressions", "A,B", "A and B")
    assert stored("web_of_lies", "yes, no", "**Yes, no**.") and not stored("web_of_lies", "no", "know")
    assert stored("web_of_lies", "否, 是", "否，是")  # noqa: RUF001
    assert stored("time_sequence", "[50, 1]", "50, 1") and stored("time_sequence", "0", "[0, 0]")
    assert stored("object_counting", "1240", "1,240") and not stored("object_counting", "1240", "124")
    assert (
        stored("operation", "2.375", r"\frac{19}{8}")
        and stored("operation", "-7", "-7.0")
        and not stored("operation", "8", "9")
    )
    assert stored("operation", "0.333333333", "1/3") and not stored("operation", "0.333333333", "0.33")
    assert stored("buggy_tables", "12.34", "The total is 12.34 euros") and not stored("buggy_tables", "12.34", "12.3")
    assert stored("space_reasoning", "Hair Wax", "hair wax.") and not stored("space_reasoning", "bed", "beds")
    assert stored("space_reasoning_tree", "a, b", "b, a") and not stored("space_reasoning_tree", "a, b", "a")
    assert stored("word_sorting_mistake", "No", "no")
    assert stored("time_sequence", "[50, 1]", r"\text{[50, 1]}") and not stored("time_sequence", "[50, 1]", r"\text{[50, 2]}")
    assert stored("operation", "1240", "1,240") and stored("operation", "2.375", r"\tfrac{19}{8}")
    assert stored("operation", "1240", "1{,}240") and not stored("operation", "1240", "1,24")


def fits(kind, answer, **facts):
    return fault_of(Game(kind, metadata=facts), answer) is None


@pytest.mark.parametrize("dressed", ["{}", "**{}**", "${}$", r"\text{{{}}}", r"$\mathrm{{{}}}$", "`{}`.", "{}."])
def test_answers_may_stand_in_the_clothes_of_markdown_and_latex(dressed):
    assert fits("dyck_language_errors", dressed.format(3), bracket_string="((]")
    assert not fits("dyck_language_errors", dressed.format(2), bracket_string="((]")
    assert fits("dyck_language_reasoning_errors", dressed.format("4, 2"), error_indices=[2, 4])
    assert not fits("dyck_language_reasoning_errors", dressed.format("4, 1"), error_indices=[2, 4])
    equation = {"letter_words": ["AB", "C", "AD"], "operators": ["+"]}
    assert fits("cryptarithm", dressed.format("12 + 3 = 15"), **equation)
    assert not fits("cryptarithm", dressed.format("12 + 3 = 16"), **equation)


@pytest.mark.parametrize("said", ["[{}]", r"[\{\}]", r"\text{[{}]}", r"$\text{[\{\}]}$", "**[{}]**", "[ { } ]"])
def test_a_sequence_with_braces_may_be_written_as_latex_wants_it(said):
    assert fits("dyck_language", said, question_sequence="[{}")
    assert not fits("dyck_language", said, question_sequence="[[{}")


def test_latex_has_signs_of_its_own():
    assert fits("game_of_24", r"8 \times 3", numbers=[8, 3], result=24) and fits(
        "game_of_24", r"48 \div 2", numbers=[48, 2], result=24
    )
    assert fits("game_of_24", r"8 \cdot 3", numbers=[8, 3], result=24) and not fits(
        "game_of_24", r"8 \div 3", numbers=[8, 3], result=24
    )


def test_a_sequence_is_completed_by_what_closes_it_and_an_open_one_errs_behind_its_end():
    assert completed("([") == "([])" and completed("(]") is None
    assert [first_error(s) for s in ("()", "(]", "((", "", ")")] == [-1, 2, 3, -1, 1]


def test_arithmetic_is_exact_and_refuses_what_would_not_come_back():
    assert evaluate("8/(3-8/3)") == 24  # floats give 23.999999999999989
    assert evaluate("7×2÷7 − 5%3") == 0 and evaluate("2**10") == 1024 and evaluate("-7//2") == -4  # noqa: RUF001  # noqa: RUF001
    for text in ("9**9**9", "1/0", "2(3)", "1 2", "a+1", "1;2", "", "(" * 250 + "1", "10**64", "1e5", "2**0.5"):
        with pytest.raises(Misread):
            evaluate(text)
