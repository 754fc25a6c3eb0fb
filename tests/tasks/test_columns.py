from __future__ import annotations

import pytest

from asym_lit.tasks.columns import as_text, chat_turns, lookup


def test_dots_go_inside_objects_and_lists_and_a_column_with_a_dot_is_itself():
    row = {"a": {"b": [{"c": 1}]}, "a.b": 2, "d": "text"}
    assert lookup(row, "a.b.0.c") == 1
    assert lookup(row, "a.b") == 2
    assert [lookup(row, name) for name in ("a.b.1.c", "d.0", "e.f")] == [None, None, None]


@pytest.mark.parametrize(
    ("value", "text"), [(27.0, "27"), (0.1, "0.1"), (float("nan"), None), (None, None), ("  ", None), ([], None), (0, "0")]
)
def test_values_as_words(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize("value", ["1+1?", [], None, ["1+1?"], [{"role": "user"}], [{"role": "user", "content": 3}]])
def test_what_is_no_chat_is_refused_with_where_it_stands(value):
    with pytest.raises(ValueError, match=r"rows.jsonl, row 3: prompt is .*; expected turns of a chat"):
        chat_turns(value, "rows.jsonl, row 3: prompt")
