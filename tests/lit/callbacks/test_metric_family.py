from __future__ import annotations

import pytest

from asym_lit.evaluation.answer_classes import answers_of
from asym_lit.evaluation.votes import Ballot, ballot
from asym_lit.lit.callbacks import MetricFamily
from asym_lit.types import InputError, Outcome, Verdict
from fakes import make_rollout
from runs import scalars

CALLBACK = ["--trainer.callbacks+=asym_lit.lit.callbacks.MetricFamily"]


def test_the_family_is_logged_before_and_after_training_and_hangs_together(fit):
    run = fit("grpo", *CALLBACK, "--trainer.callbacks.ks", "[1, 4]", "--trainer.num_sanity_val_steps", "1")
    found = {
        key: scalars(run, f"val/countdown/{key}") for key in ("pass@1", "pass^1", "maj@1", "distinct@4", "maj@4", "mG-Pass@4")
    }
    assert set(found["maj@4"]) == {0, 2, 4}
    for step in (0, 2, 4):
        # one response: right, all right, and elected are the same thing
        assert found["pass^1"][step] == pytest.approx(found["pass@1"][step], abs=1e-6)
        assert found["maj@1"][step] == pytest.approx(found["pass@1"][step], abs=1e-6)
    assert scalars(run, "val/countdown_interval/maj@4_low")[0] <= found["maj@4"][0]


def test_a_k_above_the_responses_of_a_set_is_refused(fit):
    with pytest.raises(SystemExit, match=r"MetricFamily asks for k = 8 of countdown with 4 responses; allowed: at most 4"):
        fit("grpo", *CALLBACK)


@pytest.mark.parametrize(("settings", "words"), [({"ks": [0]}, "ks holds 0"), ({"tau": 0.0}, "tau is 0")])
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        MetricFamily(**settings)


def test_an_answer_that_is_called_right_and_wrong_is_two_answers():
    group = []
    for text, outcome in (("7", "correct"), ("7", "incorrect"), ("7", "correct"), (None, "incorrect"), ("8", "undecided")):
        group.append(make_rollout(text="so"))
        group[-1].verdict = Verdict(Outcome(outcome), "judge", "", text)
    assert ballot(answers_of(group)) == Ballot((2,), (1,), 1)
