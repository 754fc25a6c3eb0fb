import pytest

from asym_lit.evaluation.alignment import (
    BINS,
    Label,
    Thresholds,
    measure_alignment,
    measure_continuations,
    rouge_l,
)
from asym_lit.reports.alignment_page import alignment_page
from asym_lit.reports.alignment_words import alignment_text, headline, recommendation
from asym_lit.types import InputError


def test_a_task_is_labelled_by_pass_at_16_and_the_thresholds():
    strong = measure_alignment("t", [32] * 50, [8] * 50)  # 1 - C(24, 16) / C(32, 16) = .9988
    weak = measure_alignment("t", [32] * 50, [0] * 40 + [16] * 10)  # a fifth of them is solved
    middle = measure_alignment("t", [32] * 50, [0] * 20 + [16] * 30)
    assert (strong.label, weak.label, middle.label) == (Label.STRONG, Label.WEAK, Label.MIDDLE)
    assert strong.at_k.mean == pytest.approx(0.9988, abs=1e-4)
    assert weak.never.mean == 0.8
    assert strong.sure and weak.sure
    assert measure_alignment("t", [32] * 50, [0] * 20 + [16] * 30, Thresholds(strong=0.59)).label == Label.STRONG
    assert not measure_alignment("t", [32] * 50, [0] * 20 + [16] * 30, Thresholds(strong=0.59)).sure  # .6 is near the edge


def test_the_thresholds_tell_the_bundled_tasks_apart():
    """The bundled policy's measured pass@16: Countdown 0.81, Operation 0.15."""
    assert [Thresholds().label(value) for value in (0.81, 0.15)] == [Label.STRONG, Label.WEAK]
    assert [Thresholds().label(value) for value in (0.8, 0.79, 0.41, 0.4)] == [
        Label.STRONG,
        Label.MIDDLE,
        Label.MIDDLE,
        Label.WEAK,
    ]


def test_problems_are_sorted_by_difficulty():
    right = [0, 1, 2, 3, 10, 11, 19, 20]
    found = measure_alignment("t", [20] * 8, right)
    # 0; .05, .1; .15; .5, .55; .95; 1
    assert dict(zip(BINS, found.histogram, strict=True)) == {
        "never": 1,
        "up to 10 %": 2,
        "10-30 %": 1,
        "30-50 %": 1,
        "50-70 %": 1,
        "70-90 %": 0,
        "above 90 %": 1,
        "always": 1,
    }


def test_too_few_responses_for_the_k_that_decides_are_refused():
    with pytest.raises(InputError, match="pass@16 of problems with as few as 8"):
        measure_alignment("t", [8, 8], [1, 1])


def test_rouge_is_the_f1_of_the_longest_common_subsequence():
    assert rouge_l([1, 2, 3, 4], [1, 3, 4, 5, 6]) == pytest.approx(2 * 3 / 9)
    assert rouge_l([1], [1]) == 1
    assert rouge_l([1], [2]) == 0
    assert rouge_l([], [1]) == 0


def test_word_for_word_beyond_chance_is_suspicious_and_a_common_form_is_not():
    known = measure_continuations(0.6, [[1, 2, 9, 9], [3, 4], [5, 6]], [[1, 2], [3, 4], [5, 6]])
    assert (known.exact.mean, known.exact_chance, known.rouge.mean) == (1, 0, 1)  # what is said beyond the cut does not count
    form = measure_continuations(0.6, [[7], [7], [7]], [[7], [7], [7]])
    assert (form.exact.mean, form.exact_chance) == (1, 1)
    counts = ([16] * 3, [16] * 3)
    assert measure_alignment("t", *counts, continuations=[known]).colour == "red"
    assert measure_alignment("t", *counts, continuations=[form]).colour == "green"
    assert measure_alignment("t", *counts).contaminated is None
    assert measure_alignment("t", [16] * 3, [0] * 3, continuations=[known]).colour == "gray"


def test_the_report_says_what_to_expect_and_that_the_thresholds_are_ours():
    weak = measure_alignment("<task>", [16] * 20, [0] * 19 + [1])
    assert recommendation(weak)["one-shot"].startswith("Not expected to work")
    strong = measure_alignment("easy", [16] * 20, [16] * 20)
    assert recommendation(strong)["negative-only"].startswith("Expected to come close")
    assert "95% of 20 problems are never solved in 16 responses" in headline(weak, Thresholds())
    text = alignment_text([weak, strong], Thresholds(), {"policy": "p"})
    assert "the paper gives none" in text and "| + random reward | 10.0 | 57.5 | 10.2 | 53.6 | 3.6 |" in text
    page = alignment_page([weak, strong], Thresholds(), {"policy": "<p>"})
    assert "&lt;task&gt;" in page and "<task>" not in page and "<p>" not in page.replace("<p></p>", "").split("</dl>")[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"k": 0}, "thresholds.k is 0"),
        ({"strong": 0.3}, "weak is 0.4 and thresholds.strong 0.3"),
        ({"weak": -0.1}, "0 <= weak < strong <= 1"),
    ],
)
def test_thresholds_out_of_order_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Thresholds(**settings)
