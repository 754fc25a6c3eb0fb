"""What stands in the columns of a row, and which rows are wanted. Where rows come from is in `rows`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from asym_lit.tasks.rows import Row
from asym_lit.types import InputError


def lookup(row: Row, field: str) -> Any:
    """The value of a field, dots going inside: `extra_info.question`, `prompt.0.content`. None if there is none."""
    if field in row:
        return row[field]
    value: Any = row
    for part in field.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def as_text(value: Any) -> str | None:
    """A value as words: whole numbers without a decimal point, lists joined by commas; None for nothing."""
    if isinstance(value, float):
        return None if value != value else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(text for item in value if (text := as_text(item))) or None
    return None if value is None else str(value).strip() or None


def chat_turns(value: Any, where: str) -> tuple[Mapping[str, str], ...]:
    """The turns of a chat that a row holds.

    Args:
        value: A list of objects with `role` and `content`.
        where: It was read.

    Raises:
        InputError: If it is something else.
    """
    turns = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    texts = [(turn.get("role"), turn.get("content")) for turn in turns if isinstance(turn, Mapping)]
    if not turns or len(texts) < len(turns) or not all(isinstance(text, str) for turn in texts for text in turn):
        raise InputError(f"{where} is {str(value)[:80]!r}; expected turns of a chat: [{{role: user, content: ...}}].")
    return tuple({"role": str(role), "content": str(content)} for role, content in texts)


def listed(fields: str | Sequence[str]) -> list[str]:
    """One field or several, as a list."""
    return [fields] if isinstance(fields, str) else list(fields)


def passes(row: Row, keep: Mapping[str, Sequence[Any]], between: Mapping[str, Sequence[float]]) -> bool:
    """Whether a row has one of the values of each column of `keep`, and a number within the bounds of each of `between`."""
    for column, allowed in keep.items():
        value = lookup(row, column)
        if value not in allowed and as_text(value) not in [as_text(a) for a in allowed]:
            return False
    return all(_within(lookup(row, column), *bounds) for column, bounds in between.items())


def _within(value: Any, low: float, high: float) -> bool:
    try:
        return low <= float(value) <= high
    except (TypeError, ValueError):
        return False


def check_columns(
    where: str, rows: Sequence[Row], one_of: Mapping[str, Collection[str]], all_of: Mapping[str, Collection[str]]
) -> None:
    """Refuse fields that no row has.

    Args:
        where: The rows were read.
        rows: All of them.
        one_of: Fields by setting, of which one must be there.
        all_of: Likewise, all of which must be there.

    Raises:
        InputError: With the columns that there are.
    """
    for setting, fields in [*one_of.items(), *all_of.items()]:
        missing = [f for f in fields if all(lookup(row, f) is None for row in rows)]
        if missing and (setting in all_of or len(missing) == len(fields)):
            columns = dict.fromkeys(column for row in rows for column in row)
            raise InputError(
                f"{setting} names {', '.join(map(repr, missing))}, which no row of {where} has; its columns: "
                f"{', '.join(columns)}. Dots go inside a column."
            )
