"""Every kind of the corpus, and pairs made anew, through the ladder of mathematics without a judge.

    pytest tests/verifiers/test_corpus.py

Tens of thousands: `python benchmarks/verifier_perturbations.py --gold FILE ...`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.evaluation.audit import Judged, LabelledAnswer, audit
from asym_lit.evaluation.perturbations import GoldRow, Pair, made, perturbed
from asym_lit.verifiers import Maths, Symbolic

CORPUS = Path(__file__).parent / "corpus"
KINDS = sorted(path.stem for path in CORPUS.glob("*.jsonl"))
LEAST = 10
"""Right pairs, and wrong ones, of a kind."""


def pairs_of(kind: str) -> list[Pair]:
    return [Pair(**json.loads(line)) for line in (CORPUS / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()]


def judged(pairs: list[Pair]) -> list[tuple[str, str, bool]]:
    """Question, gold and answer of those that are judged wrongly."""
    labelled = [LabelledAnswer(pair.kind, pair.question, pair.gold, pair.answer, pair.right) for pair in pairs]
    found = audit(Maths(symbolic=Symbolic(workers=1)), labelled).judged
    return [(one.answer.gold, one.answer.candidate, one.answer.right) for one in found if _wrongly(one)]


def _wrongly(one: Judged) -> bool:
    return one.accepted != one.answer.right


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_enough_pairs_of_both_sorts(kind):
    pairs = pairs_of(kind)
    assert {pair.kind.replace(" ", "_") for pair in pairs} == {kind}
    assert min(sum(pair.right == right for pair in pairs) for right in (True, False)) >= LEAST


@pytest.fixture(scope="module")
def misjudged() -> dict[str, list[tuple[str, str, bool]]]:
    """By kind, after one run of the ladder over everything."""
    everything = [pair for kind in KINDS for pair in pairs_of(kind)]
    wrongly = judged(everything)
    kinds = {(pair.gold, pair.answer, pair.right): pair.kind.replace(" ", "_") for pair in everything}
    found: dict[str, list[tuple[str, str, bool]]] = {kind: [] for kind in KINDS}
    for row in wrongly:
        found[kinds[row]].append(row)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_wrong_answer_of_a_kind_is_accepted_and_at_most_one_right_one_rejected(kind, misjudged):
    assert [row for row in misjudged[kind] if not row[2]] == []
    assert [row for row in misjudged[kind] if row[2]][1:] == []


def test_pairs_that_nobody_has_seen_are_judged_as_those_of_the_corpus():
    golds = {(pair.question, pair.gold) for kind in KINDS for pair in pairs_of(kind) if pair.source != "made"}
    rows = [GoldRow(question, gold, "corpus") for question, gold in sorted(golds)]
    pairs = perturbed(rows, seed=1, each=1)[::3] + made(1, seed=1)
    wrongly = judged(pairs)
    assert [row for row in wrongly if not row[2]] == []
    assert len(wrongly) <= 0.02 * len(pairs)
