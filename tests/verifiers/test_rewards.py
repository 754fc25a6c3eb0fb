from __future__ import annotations

import pytest

from asym_lit.types import Prompt
from asym_lit.verifiers import Function
from asym_lit.verifiers.rewards import formatted, overlong, repetition

PROMPT = Prompt("p", "?", {"answer": "a"}, "letters")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("<think>so\nit is</think>\n<answer>3</answer>\n", 1.0),
        ("<think>so</think> 3", 0.0),
        ("well, <think>so</think><answer>3</answer>", 0.0),
    ],
)
def test_a_format_holds_for_the_whole_response(response, expected):
    assert formatted(response) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, 0.0), (60, 0.0), (70, -0.25), (80, -0.5), (100, -1.0), (500, -1.0)],  # (100 - 40 - 70) / 40 = -0.25
)
def test_a_length_costs_on_a_line_within_the_buffer(length, expected):
    assert overlong("x" * length, longest=100, buffer=40) == expected


@pytest.mark.parametrize(
    ("response", "ngram", "expected"),
    [
        ("a b c d", 2, 0.0),
        ("a b a B a b", 2, -0.6),  # ab ba ab ba ab: 2 of 5 are distinct
        ("x x x x", 1, -0.75),
        ("a b", 3, 0.0),
        ("", 1, 0.0),
    ],
)
def test_repetition_costs_the_share_of_ngrams_that_were_there_before(response, ngram, expected):
    assert repetition(response, ngram) == pytest.approx(expected)
    assert repetition(response, ngram, most=0.5) == pytest.approx(expected / 2)
    assert repetition(response, ngram, most=0.0) == 0.0


def test_they_are_rewards_by_their_import_path():
    verifier = Function("asym_lit.verifiers.rewards.overlong", {"longest": 10, "buffer": 5})
    assert verifier.verify(PROMPT, "x" * 7).score == pytest.approx(-0.4)


@pytest.mark.parametrize(
    ("place", "arguments", "words"),
    [
        ("overlong", {"longest": 5, "buffer": 6}, "buffer 6 and longest 5; allowed: a buffer of 1 to longest"),
        ("repetition", {"ngram": 0}, "ngram 0 .*allowed: 1 or more"),
        ("formatted", {"pattern": "("}, "is no regular expression"),
    ],
)
def test_settings_that_cannot_be_end_the_run_and_are_no_undecided_verdict(place, arguments, words):
    with pytest.raises(ValueError, match=words):
        Function(f"asym_lit.verifiers.rewards.{place}", arguments).verify(PROMPT, "x")
