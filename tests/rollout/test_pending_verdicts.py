from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from asym_lit.lit.callbacks import VerifierReward
from asym_lit.rollout.pending_verdicts import PendingVerdicts, reasons_told, traces, verdict_metrics
from asym_lit.tasks import CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import InputError, Outcome, Prompt, Rollout, Verdict, VerifierError
from fakes import make_rollout

SAYS = {"yes": Outcome.CORRECT, "no": Outcome.INCORRECT, "?": Outcome.UNDECIDED}


def verdict(text: str) -> Verdict:
    return Verdict(SAYS[text], "slow", "timeout: 3 s" if text == "?" else "said so", text, 0.5)


class Slow:
    """Decides beside its caller, once it is let."""

    name = "slow"

    def __init__(self) -> None:
        self.let, self.pool, self.closed = threading.Event(), ThreadPoolExecutor(2), False

    def open(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def self_test(self) -> None:
        pass

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return self.submit(prompt, response).result()

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        return self.pool.submit(lambda: self.let.wait(5) and verdict(response))


def group(*texts: str) -> list[Rollout]:
    rollouts = [make_rollout(text=text) for text in texts]
    for rollout in rollouts:
        rollout.verdict = rollout.reward = None
    return rollouts


def test_submitting_does_not_wait_and_collecting_does():
    verifier = Slow()
    pending = PendingVerdicts(verifier)
    rollouts = group("yes", "no", "?")
    pending.submit(rollouts)
    assert [r.verdict for r in rollouts] == [None] * 3
    verifier.let.set()
    pending.collect()
    assert [r.verdict.outcome for r in rollouts if r.verdict] == list(SAYS.values())
    clock = pending.read_clock()
    assert clock.deepest == 3 and clock.worked > 0 and clock.hidden <= clock.worked
    assert pending.read_clock().worked == 0


def test_a_verifier_that_works_at_once_hides_nothing():
    pending = PendingVerdicts(CountdownVerifier())
    rollout = make_rollout(prompt=countdown_prompt([2, 3], 6, "countdown"), text="2*3")
    pending.submit([rollout])
    assert rollout.verdict and rollout.verdict.outcome == Outcome.CORRECT
    clock = pending.read_clock()
    assert clock.hidden == 0 and clock.waited > 0


@pytest.mark.parametrize(
    ("policy", "rewards"),
    [
        ("mask", [1.0, 0.0, None, 1.0, 0.0]),
        ("drop_group", [None, None, None, 1.0, 0.0]),
        ("wrong", [1.0, 0.0, 0.0, 1.0, 0.0]),
    ],
)
def test_what_becomes_of_an_undecided_rollout_is_a_setting(policy, rewards):
    verifier = Slow()
    verifier.let.set()
    reward = VerifierReward(verifier, undecided=policy)
    first, second = group("yes", "no", "?"), group("yes", "no")
    reward.submit(first)
    reward.submit(second)
    reward.collect()
    assert [r.reward for r in first + second] == rewards
    reward.close()
    assert verifier.closed


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="undecided is 'ignore'; allowed: mask, drop_group, wrong"):
        VerifierReward(Slow(), undecided="ignore")  # type: ignore[arg-type]


def test_a_fault_of_the_verifier_is_raised_not_rewarded():
    class Broken(Slow):
        def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
            return self.pool.submit(lambda: verdict(response + "!"))

    reward = VerifierReward(Broken())
    reward.submit(group("yes"))
    with pytest.raises(VerifierError, match=r"'slow' raised KeyError .*yes!"):
        reward.collect()


def test_metrics_follow_the_path_of_each_verdict():
    rule, judge = Verdict(Outcome.INCORRECT, "rule", "not equal"), Verdict(Outcome.CORRECT, "judge", "true")
    right = Verdict(Outcome.CORRECT, "rule", "exact")
    said = [
        Verdict(Outcome.CORRECT, "rule", "exact", seconds=1, path=(right,)),
        Verdict(Outcome.CORRECT, "judge", "true", seconds=2, path=(rule, judge)),
        Verdict(Outcome.UNDECIDED, "judge", "No reply: 503", seconds=3, path=(rule, verdict("?"))),
        verdict("?"),
    ]
    rollouts = group("", "", "", "")
    for rollout, one in zip(rollouts, said, strict=True):
        rollout.verdict = one
    metrics = verdict_metrics(traces(rollouts))
    assert metrics["verifier/rule/asked"] == 3 / 4 and metrics["verifier/rule/accepted"] == 1 / 3
    assert metrics["verifier/judge/calls"] == 1 and metrics["verifier/judge/flips"] == 1
    assert metrics["verifier/undecided/no_reply"] == metrics["verifier/undecided/timeout"] == 1 / 4
    assert metrics["verifier/latency_p50"] == 1.5  # between 1 and 2, of 0.5, 1, 2, 3
    assert verdict_metrics([]) == {}


def test_reasons_are_told_by_kind_each_with_its_number_and_an_example():
    reasons = ["raised KeyError: f on 'a'", "late: f on 'b'", "raised KeyError: f on 'c'", "no reply"]
    rollouts = group(*["?"] * 5)
    for rollout, reason in zip(rollouts, reasons, strict=False):
        rollout.verdict = Verdict(Outcome.UNDECIDED, "f", reason)
    rollouts[4].verdict = verdict("yes")
    told = "raised KeyError (2 of 5, such as f on 'a'); late (1 of 5, such as f on 'b'); no reply (1 of 5)"
    assert reasons_told(traces(rollouts)) == f"Most frequent reasons: {told}."


def judge(pending: PendingVerdicts) -> None:
    pending.submit(group("yes"))
    pending.collect()


class Asked:
    """Says what it is told to say, or raises it."""

    name = "asked"

    def __init__(self, says: object) -> None:
        self.says = says

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says  # type: ignore[return-value]

    def self_test(self) -> None:
        pass


class AskedBeside(Asked):
    """The same, from a thread of its own."""

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self.verify, prompt, response)


@pytest.mark.parametrize("kind", [Asked, AskedBeside])
@pytest.mark.parametrize(
    ("says", "words"),
    [
        (None, r"The verifier 'asked' gave None for a response to 'p'; allowed: a Verdict\."),
        (True, r"gave True for a response to 'p'; allowed: a Verdict\."),
        (KeyError("gold"), r"The verifier 'asked' raised KeyError on a response to 'p': 'gold'\."),
    ],
)
def test_a_verifier_that_raises_or_gives_no_verdict_is_named_with_what_it_did(
    kind: type[Asked], says: object, words: str
) -> None:
    with pytest.raises(VerifierError, match=words) as fault:
        judge(PendingVerdicts(kind(says)))
    assert fault.value.__cause__ is (says if isinstance(says, Exception) else None)


def test_what_a_verifier_says_of_a_persons_input_stays_what_it_is() -> None:
    pending = PendingVerdicts(Asked(InputError("no gold answer; write one")))
    with pytest.raises(InputError, match=r"^no gold answer; write one$"):
        pending.submit(group("yes"))
