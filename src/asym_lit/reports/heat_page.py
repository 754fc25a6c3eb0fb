"""The token-heat page: one HTML file that needs nothing else, every text from outside escaped. Its style is in `heat_style`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from asym_lit.reports.escaping import for_page
from asym_lit.reports.heat_style import SCRIPT, STYLE
from asym_lit.reports.objective_tables import (
    Comparison,
    cosine_cells,
    entropy_cells,
    rank_cells,
    summary_cells,
)

Shade = Callable[[str, str], float]
"""A cell and the one in the first row to a colour in -1 ... 1: red, none, green."""
_VISIBLE = {"\n": "\u23ce", "\t": "\u21e5", "\r": "\u240d"}


@dataclass(frozen=True, slots=True)
class HeatToken:
    """One sampled token, and what each objective asks of it."""

    text: str
    logprob: float
    entropy: float
    """In nats."""
    rank: int
    """1 for the likeliest; 4 for all beyond the third."""
    pushes: list[float]
    """By objective: `- d loss / d log-prob`, in units of the objective's mean absolute one; above 0 makes it likelier."""
    advantages: list[float]
    """By objective."""


@dataclass(frozen=True, slots=True)
class HeatRollout:
    """One response, token by token."""

    prompt: str
    right: bool
    reason: str
    tokens: list[HeatToken]


def heat_page(compared: Comparison, rollouts: Sequence[HeatRollout]) -> str:
    """The whole page.

    Args:
        compared: The tables on top.
        rollouts: What is coloured below; pushes and advantages in the order of `compared.rows`.
    """
    names = [row.name for row in compared.rows]
    facts = "".join(f"<div><dt>{for_page(k)}</dt><dd>{for_page(v)}</dd></div>" for k, v in compared.facts.items())
    notes = "".join(f'<p class="note">{for_page(note)}</p>' for note in compared.notes)
    body = [
        f"<h1>Replay</h1><dl>{facts}</dl>{notes}",
        "<h2>What each objective does to the same rollouts</h2>",
        _table(summary_cells(compared)),
        '<p class="hint">Weight of a token: |d loss / d log-prob| of the sampled token. On right: the share of it in right '
        "responses. Other tokens: the share on candidates that were not sampled. Touched: the tokens that the loss depends on. "
        "Below, shares of weight that exceed those of the tokens themselves are green, smaller ones red.</p>",
        '<div class="pair"><section><h2>Share of weight by entropy, in fifths of the tokens</h2>',
        _table(entropy_cells(compared), _by_excess),
        "</section><section><h2>Share of weight by rank of the sampled token</h2>",
        _table(rank_cells(compared), _by_excess),
        "</section></div>",
        "<h2>Cosine between gradients</h2>",
        _table(cosine_cells(compared), _by_cosine),
        "<h2>Where it pushes</h2>",
        _controls(names),
        "".join(_rollout(rollout) for rollout in rollouts) or '<p class="hint">No rollouts were asked for.</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Replay: {for_page(', '.join(names[:4]))}</title><style>{STYLE}</style></head><body><main>"
        + "\n".join(body)
        + f'</main><div id="tip" hidden></div><script>{SCRIPT}</script></body></html>'
    )


def _table(cells: Iterable[Sequence[str]], shade: Shade | None = None) -> str:
    """A table whose cells may be shaded; a row named (tokens) is what the others are held against."""
    head, *rows = cells
    lines = ["<tr>" + "".join(f"<th>{for_page(cell)}</th>" for cell in head) + "</tr>"]
    for row in rows:
        line = f"<th>{for_page(row[0])}</th>"
        for cell, first in zip(row[1:], rows[0][1:], strict=True):
            line += f"<td{_shaded(shade(cell, first)) if shade else ''}>{for_page(cell)}</td>"
        lines.append(f'<tr class="baseline">{line}</tr>' if row[0] == "(tokens)" else f"<tr>{line}</tr>")
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


def _by_cosine(cell: str, _: str) -> float:
    return 0.0 if cell == "-" else float(cell)


def _by_excess(cell: str, first: str) -> float:
    """1 for twice the share of the first row, -1 for none of it."""
    if "-" in (cell, first) or first == "0.0%":
        return 0.0
    return float(cell.removesuffix("%")) / float(first.removesuffix("%")) - 1


def _shaded(value: float) -> str:
    if not value:
        return ""
    return f' class="{"up" if value > 0 else "down"}" style="--a:{min(abs(value), 1) * 0.7:.3f}"'


def _controls(names: Sequence[str]) -> str:
    options = "".join(f'<option value="{i}">{for_page(name)}</option>' for i, name in enumerate(names))
    return (
        f'<div class="controls"><label>objective <select id="shown">{options}</select></label>'
        f'<label>minus <select id="minus"><option value="">nothing</option>{options}</select></label>'
        '<span class="legend"><i class="down" style="--a:.9">pushed down</i><i class="down" style="--a:.4">&nbsp;</i>'
        '<i class="none">untouched</i><i class="up" style="--a:.4">&nbsp;</i><i class="up" style="--a:.9">pushed up</i></span>'
        '<span class="hint">full colour: 3 x the mean token of the objective; point at a token for its numbers</span></div>'
    )


def _rollout(rollout: HeatRollout) -> str:
    verdict = f'<b class="{"right" if rollout.right else "wrong"}">{"right" if rollout.right else "wrong"}</b>'
    tokens = "".join(_token(token) for token in rollout.tokens)
    return (
        f'<article><header>{verdict}<code>{for_page(rollout.prompt)}</code><span class="hint">{for_page(rollout.reason)}</span>'
        f'</header><div class="response">{tokens}</div></article>'
    )


def _token(token: HeatToken) -> str:
    data = {
        "p": [round(push, 4) for push in token.pushes],
        "a": [round(advantage, 4) for advantage in token.advantages],
        "l": round(token.logprob, 4),
        "e": round(token.entropy, 4),
        "r": token.rank,
    }
    shown = "".join(_VISIBLE.get(character, character) for character in token.text)
    return f'<span class="t" data-t="{for_page(json.dumps(data))}">{for_page(shown)}</span>'
