"""Words and tables of comparisons over every budget. Pictures are in `every_k_figure`, pages in `every_k_page`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.reports.comparison_words import bounds_words, signed

EVERY_K = (
    "A band over every k holds at all of them together, with 95 %: what it says of any k, or of where the curves cross, needs "
    "no correction for having looked everywhere. It is sup-t, by a Gaussian multiplier bootstrap over problems, with training "
    "seeds as a second level where there are several; with one seed an arm it is about those policies, not about the methods. "
    "Where every problem moved alike, it has no width: nothing in such data says how much others would differ."
)


def ranges(ks: Sequence[int]) -> str:
    """`1 to 10, 61`: numbers in rising order, neighbours joined."""
    parts: list[list[int]] = []
    for k in ks:
        if parts and k == parts[-1][1] + 1:
            parts[-1][1] = k
        else:
            parts.append([k, k])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in parts)


def every_k_sentence(found: EveryK) -> str:
    """What is sure over all budgets, and where a loss may begin."""
    band = found.difference
    if len(band.ks) and band.low[0] != band.low[0]:  # NaN
        return f"{found.arm} against {found.reference}: a single problem says nothing of others."
    open_ks = sorted(set(band.ks) - set(band.gain) - set(band.loss))
    sets = (("gain sure at k = ", band.gain), ("loss sure at k = ", band.loss), ("undecided at k = ", open_ks))
    parts = [words + ranges(ks) for words, ks in sets if ks]
    for words, ks in (("no gain is sure", band.gain), ("no loss is sure", band.loss)):
        if not ks:
            parts.append(words)
    head = f"{found.arm} against {found.reference}, over every k from 1 to {band.ks[-1]} at once: {'; '.join(parts)}."
    if not band.first_loss:
        return f"{head} There is no budget at which a loss may begin."
    never = "" if band.loss else ", or nowhere up to there"
    return f"{head} The loss may begin at k = {ranges(band.first_loss)}{never}."


def finding(one: EveryK) -> list[str]:
    """The finding in two paragraphs: the ends of the curve with their bounds; what is sure, and where a loss may begin."""
    band = one.difference
    if band.low[0] != band.low[0]:  # NaN: the sentence says why
        return [every_k_sentence(one)]
    ends = [f"{bounded(one, k)} at pass@{k}" for k in dict.fromkeys((1, band.ks[-1]))]
    return [f"{one.arm} less {one.reference}: {' and '.join(ends)}, with a 95 % band over every k.", every_k_sentence(one)]


def bounded(one: EveryK, k: int) -> str:
    """The difference at a budget with the bounds of its band."""
    band, i = one.difference, k - 1
    return f"{signed(band.mean[i])} [{bounds_words(band.low[i], band.high[i])}]"


def every_k_rows(found: EveryK, ks: Sequence[int]) -> Iterator[list[str]]:
    """Both curves and the difference with its band at some budgets; bold where the sign is sure."""
    yield ["k", found.reference, found.arm, "difference"]
    sure = {*found.difference.gain, *found.difference.loss}
    for k in ks:
        text = bounded(found, k)
        curves = [f"{one.mean[k - 1]:.3f}" for one in (found.reference_curve, found.arm_curve)]
        yield [str(k), *curves, f"**{text}**" if k in sure else text]


def at_budgets(band: Band, ks: Sequence[int], problems: int) -> PassAtKCurve:
    """A curve at some budgets, with the bounds of its band over all."""
    mean, low, high = ([float(values[k - 1]) for k in ks] for values in (band.mean, band.low, band.high))
    return PassAtKCurve(problems, len(band.ks), list(ks), mean, low, high)
