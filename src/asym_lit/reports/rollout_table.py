"""A few rollouts as a table for TensorBoard. The whole transcript is in `run_folder/transcripts.py`."""

from __future__ import annotations

from typing import Any

from asym_lit.reports.escaping import visible


def markdown_table(rows: list[dict[str, Any]]) -> str:
    """A few rollouts as a markdown table; text is fenced so that it cannot format the page."""
    head = ["prompt", "response", "outcome", "reason", "reward", "advantage", "tokens"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        advantage = "" if row["advantage"] is None else f"{row['advantage']:+.3f}"
        cells = [_code(row["prompt"]), _code(row["response"]), row["outcome"], _code(row["reason"] or "")]
        cells += [row["reward"], advantage, len(row["token_ids"])]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _code(text: str, limit: int = 300) -> str:
    flat = visible(text).replace("|", "\\|").replace("`", "'").replace("\n", " ")
    return f"`{flat[:limit]}{'...' if len(flat) > limit else ''}`" if flat else ""
