"""A policy measured in one call: the numbers of a run's own evaluation, and what is refused before it begins."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

import asym_lit
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.policy.loading import locate
from asym_lit.tasks import Countdown, CountdownVerifier, Operation
from asym_lit.types import Outcome, Prompt, Verdict

SMALL = Countdown(train_size=16, val_size=6, test_size=4)


@pytest.fixture(scope="module")
def found():
    return asym_lit.evaluate("bundled", SMALL, n=4)


def test_counts_are_those_of_the_responses(found):
    verifier = CountdownVerifier()
    for group, uid, n, c in zip(found.rollouts.groups, found.problems, found.samples, found.correct, strict=True):
        assert (group[0].prompt.uid, n) == (uid, 4)
        assert c == sum(verifier.verify(one.prompt, one.text).outcome == Outcome.CORRECT for one in group)
    assert found.problems == tuple(prompt.uid for prompt in SMALL.prompts("val"))
    assert found.undecided == (0,) * 6


def test_pass_at_k_is_the_unbiased_estimate_with_an_interval_around_it(found):
    for k, estimate in found.pass_at_k.items():
        assert estimate.mean == pytest.approx(pass_at_k(found.samples, found.correct, k).mean())
        assert estimate.low <= estimate.mean <= estimate.high and estimate.problems == 6
    assert list(found.pass_at_k) == [1, 2, 4]
    assert found.pass_at(1).mean == sum(found.correct) / 24  # pass@1 is the share of right responses
    with pytest.raises(asym_lit.InputError, match="pass@5 of problems with as few as 4 responses"):
        found.pass_at(5)


def test_it_is_what_a_run_measures_before_training(fit):
    """Same problems, same seeds, same weights: the same numbers to the last digit."""
    run = fit("simko", "--trainer.num_sanity_val_steps", "-1", "--data.rollout_steps", "1", "--trainer.val_check_interval", "1")
    before = json.loads((run / "pass_at_k.json").read_text())["before"]["countdown"]
    small = Countdown(numbers=4, low=1, high=20, operators="+-*", train_size=64, val_size=8, test_size=8)
    mine = asym_lit.evaluate("bundled", small, n=4).curve().as_dict()
    assert {key: before[key] for key in ("ks", "mean", "low", "high")} == {
        key: mine[key] for key in ("ks", "mean", "low", "high")
    }


def test_a_directory_is_evaluated_as_a_name_is(found, tmp_path):
    shutil.copytree(locate("bundled"), tmp_path / "mine")
    again = asym_lit.evaluate(tmp_path / "mine", SMALL, n=4)
    assert (again.correct, again.policy) == (found.correct, str(tmp_path / "mine"))


def test_a_task_by_its_name_has_its_verifier_and_its_length():
    found = asym_lit.evaluate("bundled", "operation", n=2, prompts=3)
    assert (found.task, len(found.problems), found.rollouts.sampling.max_tokens) == ("operation", 3, 8)
    direct = asym_lit.evaluate("bundled", Operation(), n=2, prompts=3)
    assert direct.correct == found.correct


def test_a_function_decides_as_a_verifier_does():
    def short(prompt: str, response: str, answer: object) -> bool:
        return len(response) < 9

    found = asym_lit.evaluate("bundled", SMALL, n=4, verifier=short)
    lengths = [[len(one.text) for one in group] for group in found.rollouts.groups]
    assert found.correct == tuple(sum(length < 9 for length in group) for group in lengths)


def test_undecided_responses_are_counted_apart_and_are_in_no_estimate():
    class Sometimes:
        name = "sometimes"

        def verify(self, prompt: Prompt, response: str) -> Verdict:
            said = Outcome.UNDECIDED if len(response) % 2 else Outcome.CORRECT
            return Verdict(said, self.name, "by length", response)

        def self_test(self) -> None: ...

    found = asym_lit.evaluate("bundled", SMALL, n=4, verifier=Sometimes())
    odd = tuple(sum(len(one.text) % 2 for one in group) for group in found.rollouts.groups)
    assert found.undecided == odd and any(odd)
    assert found.samples == found.correct == tuple(4 - one for one in odd)
    assert "responses are undecided" in str(found)


def test_printed_it_is_a_table_and_shown_it_is_short(found):
    lines = str(found).splitlines()
    assert lines[0] == "bundled on countdown: 6 problems x 4 responses"
    assert lines[1].startswith(f"pass@1    {sum(found.correct) / 24:.3f}  [") and len(lines) == 4
    assert "rollouts" not in repr(found)


def test_counts_go_to_compare(found, tmp_path, monkeypatch, capsys):
    from asym_lit.cli import main

    monkeypatch.chdir(tmp_path)
    found.write_counts("base.jsonl")
    found.write_counts(tmp_path / "same.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "base.jsonl").read_text().splitlines()]
    assert rows[0] == {"id": found.problems[0], "n": 4, "c": found.correct[0]}
    main(["compare", "base=base.jsonl", "same=same.jsonl", "--out", "report"])
    assert (tmp_path / "report" / "index.html").is_file()


def test_gradients_are_not_kept_and_the_seed_decides(found):
    again = asym_lit.evaluate("bundled", SMALL, n=4)
    other = asym_lit.evaluate("bundled", SMALL, n=4, seed=2)
    texts = [[[one.text for one in group] for group in each.rollouts.groups] for each in (found, again, other)]
    assert texts[0] == texts[1] != texts[2]
    assert torch.is_grad_enabled()


class Bare:
    """A task that nothing is known of."""

    name = "bare"

    def prompts(self, split: str) -> list[Prompt]:
        return list(SMALL.prompts("val"))


@pytest.mark.parametrize(
    ("task", "more", "words"),
    [
        ("countdwn", {}, r"task is 'countdwn'\. Nearest: countdown\. Allowed: countdown, operation, or a task"),
        (Bare(), {}, r"Nothing decides on responses to Bare; write verifier=, a verifier or a function\."),
        (Bare(), {"verifier": CountdownVerifier()}, r"How long may a response to Bare be\? Write max_tokens=\."),
        (SMALL, {"n": 0}, r"Sampling\.n is 0; allowed: at least 1"),
        (SMALL, {"prompts": 7}, r"prompts is 7; allowed: 1 to 6, the val problems of countdown\."),
        (SMALL, {"prompts": 0}, r"prompts is 0; allowed: 1 to 6"),
        (SMALL, {"verifier": "nothing.py:reward"}, r"There is no file nothing\.py"),
        (SMALL, {"max_tokens": 400}, "with sampling.max_tokens 400 that is more than the policy's context"),
    ],
)
def test_what_cannot_be_evaluated_is_told(task, more, words):
    with pytest.raises(asym_lit.InputError, match=words):
        asym_lit.evaluate("bundled", task, **{"n": 2, **more})


def test_a_policy_that_is_nowhere_is_told():
    with pytest.raises(asym_lit.InputError, match="No policy at '/no/where'"):
        asym_lit.evaluate("/no/where", SMALL)
