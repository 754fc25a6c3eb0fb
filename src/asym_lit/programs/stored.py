"""Inputs and outputs as data sets store them, read into what is fed and compared. Where they stand in a row is for `forms`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


class TestsError(ValueError):
    """Tests that cannot be read, with why."""

    __test__ = False


def read_json(text: str) -> Any:
    """What a JSON says.

    Raises:
        json.JSONDecodeError: If it is none.
        TestsError: If Python does not read it all the same.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError as fault:  # Python's own bound, which is for the whole process
        raise TestsError(f"tests with an integer of more than {sys.get_int_max_str_digits():,} digits") from fault
    except RecursionError as fault:
        raise TestsError("tests that are nested too deeply") from fault


def is_list(value: Any) -> bool:
    """Whether a value is a list, and no text."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def text_of(value: Any) -> str:
    """Text for a pipe; some data have lists of lines."""
    if isinstance(value, str):
        return value
    return "\n".join(map(text_of, value)) if is_list(value) else json.dumps(value)


def arguments_of(value: Any) -> list[Any]:
    """A list of arguments, or a text with a JSON value a line."""
    if not isinstance(value, str):
        return list(value) if is_list(value) else [value]
    try:
        return [read_json(line) for line in value.split("\n") if line.strip()]
    except json.JSONDecodeError as fault:
        raise TestsError(f"an input of a function is no JSON value a line: {value[:60]!r}") from fault


def results_of(value: Any, as_texts: bool) -> list[Any]:
    """What will do as a result: a JSON value in a text; else the value, and what stands alone in its list, as APPS has it.

    Args:
        value: The stored output.
        as_texts: Whether the inputs are JSON in texts too. Where they are plain values a text stands for itself as well: "5".
    """
    if isinstance(value, str):
        try:
            return [read_json(value), *([] if as_texts else [value])]
        except json.JSONDecodeError:
            return [value]
    return [value, value[0]] if is_list(value) and len(value) == 1 else [value]
