import pytest

from asym_lit.reports.ledger_page import ledger_figure, ledger_page
from ledgers import AFTER, BEFORE, row


def test_the_page_shows_every_problem_and_escapes_what_it_shows():
    records = [*BEFORE, row("<i>", 0, 1, {"<b>": 1}), *AFTER, row("<i>", 5, 1, {"</td>": 1})]
    text = ledger_page("a <title>", records)
    assert "a &lt;title&gt;" in text and "<i>&" not in text
    assert "&lt;i&gt;" in text and "forgot &lt;b&gt;" in text and "found &lt;/td&gt;" in text
    assert text.count("data-fate=") == 7 + 6  # rows, and a button for each fate
    assert "1.2 would be lost" in text  # 1.029, and C(4, 2) / C(8, 2) = .214 for the seventh


def test_the_figure_puts_the_easiest_problem_of_the_base_first():
    axes = ledger_figure("set", [*BEFORE, *AFTER]).axes[0]
    image = axes.get_images()[0].get_array()
    assert image.shape == (6, 2)
    assert image[0].tolist() == pytest.approx([(3 / 4) ** 0.5, (1 / 4) ** 0.5])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "5"]
