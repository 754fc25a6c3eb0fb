from __future__ import annotations

import numpy as np

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.count_measures import measures_of
from asym_lit.evaluation.counted import CountedArm, compare_counts
from asym_lit.reports.counts_page import counts_page
from asym_lit.reports.counts_text import counts_text
from asym_lit.reports.every_k_figure import every_k_figure
from asym_lit.reports.every_k_words import at_budgets, every_k_rows, every_k_sentence, ranges


def band(mean, width):
    mean, width = np.array(mean), np.array(width)
    return Band(mean, mean - width, mean + width, 0.95, 2.5)


def found(*difference, width=0.1, arm="rl"):
    curve = band(np.full(len(difference), 0.5), 0.05)
    return EveryK(arm, "base", band(curve.mean + difference, 0.05), curve, band(difference, width))


def test_numbers_in_a_row_are_joined():
    assert ranges([1, 2, 3, 7, 9, 10]) == "1 to 3, 7, 9 to 10"
    assert ranges([]) == ""


def test_the_sentence_says_what_is_sure_and_where_the_loss_may_begin():
    assert every_k_sentence(found(0.3, 0.2, 0.05, -0.05, -0.2)) == (
        "rl against base, over every k from 1 to 5 at once: gain sure at k = 1 to 2; loss sure at k = 5; "
        "undecided at k = 3 to 4. The loss may begin at k = 3 to 5."
    )
    assert every_k_sentence(found(0.3, 0.0)).endswith(
        "gain sure at k = 1; undecided at k = 2; no loss is sure. The loss may begin at k = 2, or nowhere up to there."
    )
    assert every_k_sentence(found(0.3, 0.2)).endswith("no loss is sure. There is no budget at which a loss may begin.")
    assert every_k_sentence(found(-0.3)).endswith("loss sure at k = 1; no gain is sure. The loss may begin at k = 1.")


def test_one_problem_alone_makes_no_claim():
    arms = [CountedArm(name, {"0": {"p": (4, c)}}, name) for name, c in (("base", 1), ("rl", 4))]
    compared = compare_counts(arms)
    assert every_k_sentence(compared.arms[1].to_baseline) == "rl against base: a single problem says nothing of others."
    assert "a single problem says nothing of others" in counts_page(compared, measures_of(compared))


def test_rows_are_bold_where_the_sign_is_sure():
    head, first, last = every_k_rows(found(0.3, 0.0, 0.05), [1, 3])
    assert head == ["k", "base", "rl", "difference"]
    assert first == ["1", "0.500", "0.800", "**+0.300 [+0.200, +0.400]**"]
    assert last == ["3", "0.500", "0.550", "+0.050 [\N{MINUS SIGN}0.050, +0.150]"]
    curve = at_budgets(band([0.1, 0.2, 0.3], 0.05), [1, 3], 7)
    assert (curve.ks, curve.mean, curve.problems, curve.samples) == ([1, 3], [0.1, 0.3], 7, 3)


def test_the_picture_shades_where_the_loss_may_begin_and_marks_what_is_sure():
    figure = every_k_figure([found(0.3, 0.0, -0.3), found(0.3, 0.3, 0.3, arm="other")])
    assert len(figure.axes) == 4
    labels = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert labels == ["the loss may begin: k = 2 to 3", "rl less base", "gain sure: k = 1", "loss sure: k = 3"]
    labels = [text.get_text() for text in figure.axes[3].get_legend().get_texts()]
    assert labels == ["other less base", "gain sure: k = 1 to 3"]


def test_names_cannot_write_html_and_cells_with_bars_stay_cells():
    arms = [CountedArm(name, {"0": {"p": (4, 1), "q": (4, 3)}}, "a|b") for name in ("base", "<i>rl</i>")]
    compared = compare_counts(arms, title="<b>")
    page = counts_page(compared, measures_of(compared))
    assert "<i>rl" not in page and "&lt;i&gt;rl" in page
    assert "a\\|b" in counts_text(compared, measures_of(compared))
