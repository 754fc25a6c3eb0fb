"""A few rollouts as a table for loggers. The whole transcript is in `run_folder/transcripts.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asym_lit.reports.escaping import visible


def table_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is shown of rollouts: rows of text and numbers, with the same columns each; several rewards have one each.

    Args:
        rows: Of a transcript.
    """
    parts = list(dict.fromkeys(name for row in rows for name in row["rewards"]))
    return [
        {
            **{name: visible(row[name]) for name in ("prompt", "response")},
            "outcome": row["outcome"],
            "reason": visible(row["reason"] or ""),
            **{name: row[name] for name in ("reward", "advantage")},
            **{f"reward/{name}": row["rewards"].get(name) for name in parts},
            "tokens": len(row["token_ids"]),
        }
        for row in rows
    ]


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a markdown table; text is fenced so that it cannot format the page.

    Args:
        rows: Of text, numbers and None, with the same columns.
    """
    head = list(rows[0]) if rows else []
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(name, row[name]) for name in head) + " |" for row in rows]
    return "\n".join(lines)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _code(value)
    return f"{value:+.3f}" if name == "advantage" else str(value)


def _code(text: str, limit: int = 300) -> str:
    flat = visible(text).replace("|", "\\|").replace("`", "'").replace("\n", " ")
    return f"`{flat[:limit]}{'...' if len(flat) > limit else ''}`" if flat else ""
