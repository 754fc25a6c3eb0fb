from __future__ import annotations

import pytest

from asym_lit.types import Outcome, Prompt, Verifier
from asym_lit.verifiers import Function

PROMPT = Prompt("p", "1+1?", {"answer": "2", "question": "1+1?"}, "sums")


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (lambda response, gold: response == gold, Outcome.CORRECT),
        (lambda response: 0.49, Outcome.INCORRECT),
        (lambda prompt: 0.5, Outcome.CORRECT),
        (lambda question, gold: question == gold, Outcome.INCORRECT),
        (lambda response: 1 / 0, Outcome.UNDECIDED),
        (lambda response: None, Outcome.UNDECIDED),
    ],
)
def test_a_function_gets_what_it_names_and_decides(function, outcome):
    verifier = Function(function)
    assert isinstance(verifier, Verifier)
    assert verifier.verify(PROMPT, "2").outcome == outcome


def test_a_function_that_names_something_else_is_refused():
    with pytest.raises(ValueError, match="takes completion; it can be given response, gold, question, prompt"):
        Function(lambda completion: 1)
