"""Verdicts that are made while responses are still being generated, and what is measured of them.

Who judges is in `verifiers/`.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from time import perf_counter

import numpy as np

from asym_lit.processes.progress import PROGRESS
from asym_lit.types import InputError, Outcome, Rollout, SubmittingVerifier, Verdict, VerdictClock, Verifier, VerifierError


class PendingVerdicts:
    """Hands responses to a verifier and collects what it says; a verifier that cannot work beside its caller works at once.

    Args:
        verifier: Who decides.
    """

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.clock = VerdictClock()
        self._waiting: list[tuple[Rollout, Future[Verdict]]] = []
        self._change = threading.Condition()
        self._open, self._since = 0, 0.0

    def submit(self, rollouts: Sequence[Rollout]) -> None:
        """Take a group that is finished."""
        begun = perf_counter()
        if isinstance(self.verifier, SubmittingVerifier):
            for rollout in rollouts:
                self._began()
                future = self.verifier.submit(rollout.prompt, rollout.text)
                self._waiting.append((rollout, future))
                future.add_done_callback(self._ended)
        else:
            for rollout in rollouts:
                rollout.verdict = self._judged(rollout, lambda: self.verifier.verify(rollout.prompt, rollout.text))  # noqa: B023
            self.clock.deepest = max(self.clock.deepest, len(rollouts))
            self.clock.worked += perf_counter() - begun
        self.clock.waited += perf_counter() - begun

    def collect(self) -> None:
        """Wait for what is open, and write it into the rollouts. A fault of the verifier is raised here."""
        begun = perf_counter()
        waiting, self._waiting = self._waiting, []
        for rollout, future in waiting:
            rollout.verdict = self._judged(rollout, future.result)
        with self._change:  # a result is there a moment before its end is noted
            self._change.wait_for(lambda: not self._open)
        self.clock.waited += perf_counter() - begun

    def _judged(self, rollout: Rollout, ask: Callable[[], Verdict]) -> Verdict:
        """What the verifier says of a response.

        Raises:
            VerifierError: If it raised, or gave no verdict.
        """
        name, about = self.verifier.name, f"a response to {rollout.prompt.uid!r}"
        try:
            verdict = ask()
        except InputError:
            raise
        except Exception as fault:
            raise VerifierError(f"The verifier {name!r} raised {type(fault).__name__} on {about}: {fault}.") from fault
        if not isinstance(verdict, Verdict):
            raise VerifierError(f"The verifier {name!r} gave {verdict!r:.80} for {about}; allowed: a Verdict.")
        PROGRESS.mark("verify")
        return verdict

    def read_clock(self) -> VerdictClock:
        """What was measured since it was read last."""
        clock, self.clock = self.clock, VerdictClock()
        return clock

    def _began(self) -> None:
        with self._change:
            if not self._open:
                self._since = perf_counter()
            self._open += 1
            self.clock.deepest = max(self.clock.deepest, self._open)

    def _ended(self, _: Future[Verdict]) -> None:
        with self._change:
            self._open -= 1
            if not self._open:
                self.clock.worked += perf_counter() - self._since
                self._change.notify_all()


Trace = tuple[float, str, tuple[tuple[str, str], ...], tuple[tuple[str, float], ...]]
"""Of one verdict, as plain types: seconds, why it is undecided (or ""), (rung, outcome) along its path, (name, reward)."""


def traces(rollouts: Iterable[Rollout]) -> list[Trace]:
    """What the metrics need of each verdict."""
    found: list[Trace] = []
    for verdict in (r.verdict for r in rollouts if r.verdict):
        reason = (verdict.reason or "unknown") if verdict.outcome == Outcome.UNDECIDED else ""
        rungs = verdict.path or (verdict,)
        found.append((verdict.seconds, reason, tuple((rung.by, str(rung.outcome)) for rung in rungs), verdict.rewards))
    return found


def _kind(reason: str) -> str:
    """The kind of a reason: what stands before its first colon, as part of a metric's name."""
    return re.sub(r"\W+", "_", reason.split(":")[0].strip().lower())[:40] or "unknown"


def reasons_told(found: Sequence[Trace], most: int = 3) -> str:
    """The most frequent kinds of reasons of undecided verdicts, each with its number and an example."""
    reasons = [reason for _, reason, _, _ in found if reason]
    kinds = Counter(reason.partition(":")[0].strip() for reason in reasons)
    lines = []
    for kind, count in kinds.most_common(most):
        example = next(reason for reason in reasons if reason.partition(":")[0].strip() == kind)
        _, colon, what = example.partition(":")
        lines.append(f"{kind} ({count} of {len(found)}{f', such as {what.strip()}' if colon else ''})")
    return f"Most frequent reasons: {'; '.join(lines)}."


def verdict_metrics(found: Sequence[Trace]) -> dict[str, float]:
    """Accept rate of each rung among what it was asked, the share it was asked, undecided ones by reason, latencies, rewards.

    What a later rung accepts, an earlier one has rejected: `verifier/judge/accepted` is the share of judge calls that flip.
    """
    if not found:
        return {}
    asked, accepted = Counter[str](), Counter[str]()
    for _, _, rungs, _ in found:
        for by, outcome in rungs:
            asked[by] += 1
            accepted[by] += outcome == Outcome.CORRECT
    metrics = {}
    for by in sorted(asked):
        metrics[f"verifier/{by}/asked"] = asked[by] / len(found)
        metrics[f"verifier/{by}/accepted"] = accepted[by] / asked[by]
        if by.startswith("judge"):
            metrics[f"verifier/{by}/calls"] = float(asked[by])
            metrics[f"verifier/{by}/flips"] = float(accepted[by])
    rewards = [one for *_, part in found for one in part]
    for name in sorted({name for name, _ in rewards}):
        metrics[f"reward/{name}"] = float(np.mean([value for called, value in rewards if called == name]))
    reasons = Counter(_kind(reason) for _, reason, _, _ in found if reason)
    metrics |= {f"verifier/undecided/{reason}": count / len(found) for reason, count in sorted(reasons.items())}
    p50, p95, p99 = np.percentile([seconds for seconds, *_ in found], (50, 95, 99))
    return metrics | {
        "verifier/latency_p50": float(p50),
        "verifier/latency_p95": float(p95),
        "verifier/latency_p99": float(p99),
    }


def verdict_sums(rollouts: Sequence[Rollout], n: int, clock: VerdictClock) -> dict[str, tuple[float, float]]:
    """Sums and counts of what is a mean over rollouts, groups or processes.

    Args:
        rollouts: Verified, groups together.
        n: Size of a group.
        clock: Of these verdicts.
    """
    rewards = [r.reward for r in rollouts if r.reward is not None]
    outcomes = Counter(r.verdict.outcome for r in rollouts if r.verdict)
    count = len(rollouts)
    groups = [rollouts[i : i + n] for i in range(0, count, n)]
    mixed = sum(len({r.verdict.outcome for r in group if r.verdict} - {Outcome.UNDECIDED}) == 2 for group in groups)
    return {
        "reward/mean": (sum(rewards), len(rewards)),
        "reward/square": (sum(r * r for r in rewards), len(rewards)),
        "verifier/undecided": (outcomes[Outcome.UNDECIDED], count),
        "verifier/prompt_efficiency": (mixed, len(groups)),
        "verifier/seconds": (sum(r.verdict.seconds for r in rollouts if r.verdict), count),
        "verifier/seconds_waited": (clock.waited, 1),
        "verifier/seconds_hidden": (clock.hidden, 1),
        "verifier/queue_depth": (clock.deepest, 1),
    }


def oracle_sums(rollouts: Iterable[Rollout], rewards: Mapping[Outcome, float | None]) -> dict[str, tuple[float, float]]:
    """Sums and counts of what the oracle says beside the rewards in use, over rollouts that have both."""
    pairs = [(r.reward, r.verdict, r.verdict.oracle) for r in rollouts if r.verdict and r.verdict.oracle]
    known = [
        (used, rewards[oracle], v, oracle) for used, v, oracle in pairs if used is not None and oracle != Outcome.UNDECIDED
    ]
    truth = [true for _, true, _, _ in known if true is not None]
    right = [v.outcome for _, _, v, oracle in known if oracle == Outcome.CORRECT]
    wrong = [v.outcome for _, _, v, oracle in known if oracle == Outcome.INCORRECT]
    return {
        "reward/oracle_mean": (sum(truth), len(truth)),
        "reward/gap": (sum(used for used, _, _, _ in known) - sum(truth), len(truth)),
        "verifier/false_negatives": (right.count(Outcome.INCORRECT), len(right)),
        "verifier/false_positives": (wrong.count(Outcome.CORRECT), len(wrong)),
    }
