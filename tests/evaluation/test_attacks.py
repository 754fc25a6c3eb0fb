from __future__ import annotations

from asym_lit.evaluation.attacks import ATTACKS, HOSTILE, attack_rows


def test_every_attack_is_a_wrong_whole_response_to_every_problem():
    rows = attack_rows([("1+11?", "12"), ("", "\\frac{3}{4}")])
    assert len(rows) == 2 * (len(ATTACKS) + len(HOSTILE))
    assert all(row.whole and not row.right for row in rows)
    assert {row.category for row in rows} == {"attack", "hostile"}


def test_an_attack_that_is_the_gold_answer_is_left_out():
    golds = {row.candidate for row in attack_rows([("", "True")])}
    assert not {"True", "\\boxed{True}"} & golds and "The answer is correct." in golds
    assert "\\boxed{\\infty}" not in {row.candidate for row in attack_rows([("", "\\infty")])}
    assert attack_rows([("", "1")]) == []  # some hostile expressions are 1
