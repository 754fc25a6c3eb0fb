"""Text of models and data sets does nothing where it is shown: in a terminal, on a page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.reports import escaping
from asym_lit.reports.escaping import for_page, for_terminal, visible
from asym_lit.reports.pass_at_k import pass_at_k_table

NASTY = "[/b] [red]a\x1b[2Jb\x00c\rd\x9be\u202ef\ud800g[link=x]"


def printed(*things: object) -> str:
    """What a terminal gets of a console with colours."""
    console = Console(file=io.StringIO(), force_terminal=True, width=200, color_system="truecolor")
    for thing in things:
        console.print(thing, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_brackets_and_codes_and_obeys_neither():
    assert printed(for_terminal(NASTY)) == r"[/b] [red]a\x1b[2Jb\x00c\rd\x9be\u202ef\ud800g[link=x]" + "\n"


def test_a_backslash_before_a_bracket_stays_one():
    assert printed(for_terminal(r"\frac[1] \[x\] \\")) == r"\frac[1] \[x\] \\" + "\n"


def test_a_page_shows_tags_and_codes_and_obeys_neither():
    assert for_page("<b a='1'>\x1b[1m\x0c&\"") == r"&lt;b a=&#x27;1&#x27;&gt;\x1b[1m\x0c&amp;&quot;"


@pytest.mark.parametrize("text", ["", "two\nlines\tand a tab", "x² ≤ ½, 数学, 👍🏽, क्\u200dष", "\\x1b"])
def test_text_that_can_be_seen_stays_as_it_is(text):
    assert visible(text) == text


def test_the_name_of_a_task_does_nothing_to_a_table_of_pass_at_k():
    curve = PassAtKCurve(30, 8, [1], [0.25], [0.2], [0.3])
    text = printed(pass_at_k_table(f"t{NASTY}", {f"r{NASTY}": curve}))
    assert text.count(r"\x1b[2J") == 2
    assert "\x1b[2J" not in text
    assert "t[/b] [red]a" in text


def test_only_one_file_escapes():
    source = Path(escaping.__file__).parents[1]
    others = [path for path in source.rglob("*.py") if path.name != "escaping.py"]
    assert [path.name for path in others if "html import" in path.read_text() or "rich.markup" in path.read_text()] == []
