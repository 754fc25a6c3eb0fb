from __future__ import annotations

import pytest

from asym_lit.evaluation.audit import Judged, LabelledAnswer, audit, score_of, scores_by
from asym_lit.reports.audit_page import audit_page
from asym_lit.types import Outcome, Prompt, Verdict

SAYS = {"yes": Outcome.CORRECT, "no": Outcome.INCORRECT, "?": Outcome.UNDECIDED}


class Reader:
    """Says what the candidate says."""

    name = "reader"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return Verdict(SAYS[response], self.name, "<read>", response, 0.25)

    def self_test(self) -> None: ...


def answers() -> list[LabelledAnswer]:
    said = [
        ("yes", True, "a"),
        ("yes", True, "a"),
        ("no", True, "b"),
        ("?", True, "b"),
        ("yes", False, "a"),
        ("no", False, "b"),
    ]
    return [LabelledAnswer(str(i), "q?", "<g>", text, right, where) for i, (text, right, where) in enumerate(said)]


def test_recall_false_accepts_and_undecided_are_counted_on_their_own_sides():
    found = audit(Reader(), answers(), boxed=False)
    assert found.score.recall == 2 / 4 and found.score.false_accepts == 1 / 2
    assert found.score.undecided_share == 1 / 6
    assert found.latencies == (0.25, 0.25, 0.25)
    assert [one.answer.row for one in found.judged if one.disagrees] == ["2", "4"]


def test_categories_are_scored_by_themselves_and_an_empty_side_has_no_rate():
    judged = audit(Reader(), answers(), boxed=False).judged
    by = {score.name: score for score in scores_by(judged, "category")}
    assert (by["a"].recall, by["a"].false_accepts, by["b"].recall) == (1.0, 1.0, 0.0)
    assert score_of([Judged(answers()[0], Verdict(Outcome.CORRECT, "r", ""))]).false_accepts is None


def test_the_page_escapes_what_it_shows_and_loads_nothing():
    page = audit_page(audit(Reader(), answers(), boxed=False), "a<b>.jsonl")
    assert "<g>" not in page and "&lt;g&gt;" in page and "a&lt;b&gt;.jsonl" in page
    assert "src=" not in page and "<script" not in page and "http" not in page
    assert "Wrong, but accepted: 1" in page and "Right, but rejected: 1" in page and "Undecided: 1" in page


def test_a_verifier_that_fails_its_own_test_is_not_audited():
    class Unfit(Reader):
        def self_test(self) -> None:
            raise RuntimeError("unfit")

    with pytest.raises(RuntimeError, match="unfit"):
        audit(Unfit(), answers())
