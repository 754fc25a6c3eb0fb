"""How good a judge is: recall, false accepts, calibration, over thresholds. What it did in a run is in `counts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = (0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)


def best_threshold(chances: Sequence[float | None], labels: Sequence[bool], max_false_accepts: float) -> float:
    """Accepts as many right answers as can be with at most this share of wrong ones, and no wrong ones beyond that.

    Of all thresholds with the same recall it is the middle of the highest gap: a sure judge would else be believed at 1e-5.

    Args:
        chances: Probabilities that an answer is right; None where the judge is undecided.
        labels: True: it is.
        max_false_accepts: Share of wrong answers.
    """
    decided = [(c, label) for c, label in zip(chances, labels, strict=True) if c is not None]
    wrong = sorted((c for c, label in decided if not label), reverse=True)
    allowed = int(max_false_accepts * sum(not label for label in labels))
    lowest = 0.0 if len(wrong) <= allowed else float(np.nextafter(wrong[allowed], 2.0))
    edge = min((c for c, label in decided if label and c >= lowest), default=None)
    if edge is None:
        return lowest
    below = max((c for c, _ in decided if c < edge), default=0.0)
    return max(lowest, (edge + below) / 2)


@dataclass(frozen=True)
class JudgeQuality:
    """Figures of a judge on labelled answers.

    Args:
        right: Right answers among them.
        wrong: Wrong ones.
        undecided: Share without a verdict.
        threshold: Accepted from this probability on.
        recall: Share of right answers accepted.
        false_accepts: Share of wrong answers accepted.
        calibration_error: Expected calibration error: mean gap between stated and true share of right answers, over ten
            bins of equal width, weighted by what is in them.
        rows: Recall and false accepts at other thresholds.
    """

    right: int
    wrong: int
    undecided: float
    threshold: float
    recall: float
    false_accepts: float
    calibration_error: float
    rows: tuple[tuple[float, float, float], ...]

    @staticmethod
    def measure(chances: Sequence[float | None], labels: Sequence[bool], threshold: float) -> JudgeQuality:
        """The figures; an undecided answer is accepted by no threshold.

        Args:
            chances: Probabilities that an answer is right; None where the judge is undecided.
            labels: True: it is.
            threshold: From `best_threshold`.
        """
        p = np.array([np.nan if c is None else c for c in chances])
        y = np.array(labels, dtype=bool)

        def accepted(limit: float) -> tuple[float, float]:
            return _share(p[y] >= limit), _share(p[~y] >= limit)

        rows = tuple((limit, *accepted(limit)) for limit in THRESHOLDS)
        recall, false_accepts = accepted(threshold)
        undecided = _share(np.isnan(p))
        return JudgeQuality(int(y.sum()), int((~y).sum()), undecided, threshold, recall, false_accepts, _gap(p, y), rows)

    def table(self) -> str:
        """All of it in Markdown."""
        head = [
            f"{self.right} right and {self.wrong} wrong answers; undecided {self.undecided:.2%}; "
            f"expected calibration error {self.calibration_error:.4f}.",
            "",
            "| threshold | recall | false accepts |",
            "| ---: | ---: | ---: |",
            f"| **{self.threshold:.6f}** (chosen) | **{self.recall:.2%}** | **{self.false_accepts:.2%}** |",
        ]
        return "\n".join([*head, *(f"| {t:g} | {recall:.2%} | {wrong:.2%} |" for t, recall, wrong in self.rows)])


def by_source(chances: Sequence[float | None], labels: Sequence[bool], sources: Sequence[str], threshold: float) -> str:
    """Recall and false accepts of the answers of each source, in Markdown.

    Args:
        chances: Probabilities that an answer is right; None where the judge is undecided.
        labels: True: it is.
        sources: Where each answer is from.
        threshold: Accepted from this probability on.
    """
    lines = ["| source | right | recall | wrong | false accepts |", "| --- | ---: | ---: | ---: | ---: |"]
    for source in sorted(set(sources)):
        own = [(c is not None and c >= threshold, y) for c, y, s in zip(chances, labels, sources, strict=True) if s == source]
        right, wrong = np.array([a for a, y in own if y]), np.array([a for a, y in own if not y])
        shares = [f"{_share(flags):.2%}" if len(flags) else "-" for flags in (right, wrong)]
        lines.append(f"| {source} | {len(right)} | {shares[0]} | {len(wrong)} | {shares[1]} |")
    return "\n".join(lines)


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _gap(p: np.ndarray, y: np.ndarray) -> float:
    decided = ~np.isnan(p)
    p, y = p[decided], y[decided]
    if not len(p):
        return float("nan")
    bins = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())))
