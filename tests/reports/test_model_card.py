"""The card of a trained policy."""

from __future__ import annotations

import yaml

from asym_lit.reports.model_card import model_card

CURVE = {"ks": [1, 4], "mean": [0.25, 0.5], "low": [0.125, 0.25], "high": [0.375, 0.75], "problems": 8, "samples": 4}


def test_a_card_has_facts_for_the_hub_the_table_with_intervals_and_the_recipe():
    after = {**CURVE, "mean": [0.3, 0.45]}
    card = model_card(
        "me/mine", "them/base", 40, {"model": {"lr": 0.5}}, {"before": {"sums": CURVE}, "after 40 steps": {"sums": after}}
    )
    _, facts, text = card.split("---\n", 2)
    assert yaml.safe_load(facts)["base_model"] == "them/base"
    assert "# mine\n" in text
    assert "| pass@k | before | after 40 steps |" in text
    assert "| 4 | 0.500 [0.250, 0.750] | 0.450 [0.250, 0.750] |" in text
    assert "8 problems, 4 responses each" in text
    assert yaml.safe_load(text.split("```yaml\n")[1].split("```")[0]) == {"model": {"lr": 0.5}}


def test_a_base_that_is_no_name_of_the_hub_is_not_given_as_one():
    for policy in ("bundled", "/models/x", "./models/x"):
        assert "base_model" not in yaml.safe_load(model_card("mine", policy, 1, {}, {}).split("---\n")[1])
