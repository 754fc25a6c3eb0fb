from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from asym_lit.types import Outcome, Prompt, SubmittingVerifier, Verdict
from asym_lit.verifiers import Chain, Judge, LocalModel, Maths, Symbolic
from attacks import ATTACKS, asked
from tiny_judge import GOLD, OTHERS, QUESTION, TREES, tiny_judge

C, I, U = Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNDECIDED  # noqa: E741


class Says:
    """Always says the same, and counts."""

    def __init__(self, name: str, outcome: Outcome, final: bool = False) -> None:
        self.name, self.outcome, self.asked, self.final = name, outcome, 0, final

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        self.asked += 1
        return Verdict(self.outcome, self.name, "always", response, final=self.final)

    def self_test(self) -> None:
        raise RuntimeError(f"{self.name} was tested")


class SaysLater(Says):
    """Likewise, beside its caller."""

    pool = ThreadPoolExecutor(2)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        return self.pool.submit(self.verify, prompt, response)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("outcomes", "decided", "by", "asked_of"),
    [
        ([C, I], C, "0", 1),
        ([I, C], C, "1", 2),
        ([I, I], I, "1", 2),
        ([U, C], C, "1", 2),
        ([I, U], U, "1", 2),
        ([U, I], I, "1", 2),
        ([I, I, C], C, "2", 3),
    ],
)
def test_correct_is_final_and_anything_else_goes_up(later, outcomes, decided, by, asked_of):
    kind = SaysLater if later else Says
    rungs = [kind(str(i), outcome) for i, outcome in enumerate(outcomes)]
    verdict = Chain(rungs).verify(asked("1"), "2")
    assert (verdict.outcome, verdict.by) == (decided, by)
    assert [v.by for v in verdict.path] == [r.name for r in rungs if r.asked] and len(verdict.path) == asked_of


@pytest.mark.parametrize("kind", [Says, SaysLater])
def test_no_later_rung_is_asked_about_a_difference_with_a_name(kind):
    rungs = [kind("0", I), kind("1", I, final=True), kind("2", C)]
    verdict = Chain(rungs).verify(asked("1"), "2")
    assert (verdict.outcome, verdict.by, verdict.final, [rung.asked for rung in rungs]) == (I, "1", True, [1, 1, 0])


def test_a_fault_of_a_rung_is_the_fault_of_the_verdict():
    class Broken(SaysLater):
        def verify(self, prompt: Prompt, response: str) -> Verdict:
            raise OSError("no judge")

    with pytest.raises(OSError, match="no judge"):
        Chain([Says("0", I), Broken("1", C)]).verify(asked("1"), "2")


def test_every_rung_proves_itself_and_has_a_name_of_its_own():
    assert isinstance(Chain([Says("0", C)]), SubmittingVerifier)
    with pytest.raises(RuntimeError, match="0 was tested"):
        Chain([Says("0", C)]).self_test()
    with pytest.raises(ValueError, match=r"names of their own.*given: a, a"):
        Chain([Says("a", C), Says("a", I)])
    with pytest.raises(ValueError, match="decides nothing"):
        Chain([])


def test_rules_then_algebra_then_a_judge_and_attacks_reach_only_the_judge():
    judge = Says("judge", I)
    maths = Maths(symbolic=Symbolic(workers=1), judge=judge)
    try:
        easy = maths.verify(asked("\\frac{1}{2}"), "\\boxed{0.5}")
        assert (easy.by, len(easy.path), judge.asked) == ("rule", 1, 0)
        differs = maths.verify(asked("5 m"), "\\boxed{5 cm}")
        assert (differs.outcome, differs.final, differs.reason, judge.asked) == (I, True, "another unit", 0)
        hard = maths.verify(asked("\\int_0^1 x dx"), "\\boxed{\\frac{1}{2}}")
        assert (hard.outcome, hard.by, judge.asked) == (C, "symbolic", 0)
        for gold in ("12", "\\frac{1}{2}", "\\text{odd}"):
            verdicts = [pending.result() for pending in [maths.submit(asked(gold), attack) for attack in ATTACKS]]
            assert {v.outcome for v in verdicts} == {I}
        asked_about = 3 * len(ATTACKS) - judge.asked
        assert 0 < asked_about < 20  # those with a named difference, such as x for 12, reach nobody
    finally:
        maths.close()


def test_number_of_workers_and_order_change_no_verdict():
    pairs = [("\\frac{1}{2}", "0.5"), ("x^2-1", "(x-1)(x+1)"), ("3", "4"), ("\\sqrt{8}", "2\\sqrt{2}"), ("e^{i\\pi}", "-1")] * 4
    said = []
    for workers, order in ((1, pairs), (2, pairs[::-1])):
        verifier = Symbolic(workers=workers)
        pending = [(pair, verifier.submit(asked(pair[0]), f"\\boxed{{{pair[1]}}}")) for pair in order]
        said.append(sorted((pair, str(p.result().outcome), p.result().reason) for pair, p in pending))
        verifier.close()
    assert said[0] == said[1]


def test_the_same_rows_twice_give_the_same_verdicts(tmp_path: Path) -> None:
    model = tiny_judge(tmp_path)
    maths = [("\\frac{1}{2}", "0.5"), ("\\int_0^1 x dx", "\\frac{1}{2}"), ("3", "4"), ("\\text{odd}", "even")]
    rows = [*maths, *[(GOLD, word) for word in (GOLD, *TREES, *OTHERS)]]
    texts = [(gold, f"\\boxed{{{answer}}}") for gold, answer in rows] + [(GOLD, attack) for attack in ATTACKS]

    def ladder(workers: int) -> Maths:
        return Maths(symbolic=Symbolic(workers=workers), judge=Judge(LocalModel(model)))

    def verdicts(maths: Maths, order: list[tuple[str, str]]) -> dict[tuple[str, str], object]:
        pending = {row: maths.submit(asked(row[0], QUESTION), row[1]) for row in order}
        found = {row: later.result() for row, later in pending.items()}
        return {row: (v.outcome, v.by, v.extracted, [(step.by, step.outcome) for step in v.path]) for row, v in found.items()}

    one, other = ladder(workers=1), ladder(workers=2)
    try:
        first = verdicts(one, texts)
        asked_once = one.metrics()["judge/requests"]
        again, afresh = verdicts(one, texts), verdicts(other, texts[::-1])
        assert one.metrics()["judge/requests"] == asked_once  # the second time the judge's opinions are known
    finally:
        one.close()
        other.close()
    assert first == again == afresh
    assert {found[:2] for found in first.values()} == {(C, "rule"), (I, "rule"), (C, "symbolic"), (C, "judge"), (I, "judge")}
