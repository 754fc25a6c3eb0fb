"""A comparison of objectives on the same rollouts, as plain numbers and as tables of them.

They are measured in `commands/replay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from asym_lit.reports.escaping import for_terminal

ENTROPY_PARTS = ("lowest fifth", "2nd", "3rd", "4th", "highest fifth")
RANK_PARTS = ("likeliest", "2nd", "3rd", "beyond")


@dataclass(frozen=True, slots=True)
class Shares:
    """Where something lies among the tokens; each is a share of 1, None where there is nothing to share out."""

    right: float | None
    """In right responses."""
    entropy: list[float | None]
    """By fifths of the policy's entropy, from the least uncertain tokens."""
    rank: list[float | None]
    """By the sampled token's rank: 1, 2, 3, beyond."""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """What one objective does to the rollouts. A token's weight is `|d loss / d log-prob|` of the sampled token."""

    name: str
    loss: float
    gradient_norm: float
    """Before clipping by norm."""
    touched: float
    """Share of the tokens whose log-prob, or whose candidates' log-probs, the loss depends on."""
    clipped: float
    """Share of the tokens that the trust region cut off."""
    candidates: float | None
    """Share of the whole weight, theirs included, that is on candidates which were not sampled."""
    weight: Shares


@dataclass(frozen=True, slots=True)
class Comparison:
    """All objectives on the same rollouts."""

    facts: dict[str, str]
    """What was compared, in words."""
    notes: list[str]
    """What a reader must know to trust it."""
    tokens: Shares
    """Where the tokens themselves lie: what the shares of weight are to be held against."""
    rows: list[MethodRow]
    cosines: list[list[float | None]] = field(default_factory=list)
    """Between gradients by all weights, in the order of `rows`; None where one of them is 0."""

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return asdict(self)


def share(value: float | None) -> str:
    """A share as a percentage."""
    return "-" if value is None else f"{100 * value:.1f}%"


def cosine(value: float | None) -> str:
    """A cosine with four decimals and its sign."""
    return "-" if value is None else f"{value:+.4f}"


def summary_cells(compared: Comparison) -> Iterator[list[str]]:
    """Head and rows of the first table."""
    first = compared.rows[0].name
    yield ["objective", "loss", "gradient norm", f"cosine to {first}", "touched", "clipped", "on right", "other tokens"]
    yield ["(tokens)", "", "", "", "", "", share(compared.tokens.right), ""]
    for row, cosines in zip(compared.rows, compared.cosines, strict=True):
        numbers = [f"{row.loss:+.4f}", f"{row.gradient_norm:.3g}", cosine(cosines[0]), share(row.touched), share(row.clipped)]
        yield [row.name, *numbers, share(row.weight.right), share(row.candidates)]


def entropy_cells(compared: Comparison) -> Iterator[list[str]]:
    """Head and rows of the table of weight by entropy."""
    yield ["objective", *ENTROPY_PARTS]
    yield ["(tokens)", *map(share, compared.tokens.entropy)]
    yield from ([row.name, *map(share, row.weight.entropy)] for row in compared.rows)


def rank_cells(compared: Comparison) -> Iterator[list[str]]:
    """Head and rows of the table of weight by the sampled token's rank."""
    yield ["objective", *RANK_PARTS]
    yield ["(tokens)", *map(share, compared.tokens.rank)]
    yield from ([row.name, *map(share, row.weight.rank)] for row in compared.rows)


def cosine_cells(compared: Comparison) -> Iterator[list[str]]:
    """Head and rows of the table of cosines; columns are numbered as the rows are."""
    yield ["gradient of", *(str(i) for i in range(1, len(compared.rows) + 1))]
    for i, (row, cosines) in enumerate(zip(compared.rows, compared.cosines, strict=True), start=1):
        yield [f"{i} {row.name}", *map(cosine, cosines)]


def comparison_tables(compared: Comparison, width: int) -> list[Table]:
    """Tables for a terminal; the cosines of all pairs only if they fit.

    Args:
        compared: What to show.
        width: Of the terminal, in characters.
    """
    tables = [_table(title, list(cells)) for title, cells in _titled(compared)]
    fits = max(len(row.name) for row in compared.rows) + 9 * len(compared.rows) + 6 <= width
    return tables if fits else tables[:-1]


def _titled(compared: Comparison) -> list[tuple[str, Iterator[list[str]]]]:
    return [
        ("What each objective does to the same rollouts", summary_cells(compared)),
        ("Share of weight by entropy, in fifths of the tokens", entropy_cells(compared)),
        ("Share of weight by rank of the sampled token", rank_cells(compared)),
        ("Cosine between gradients", cosine_cells(compared)),
    ]


def _table(title: str, cells: Sequence[Sequence[str]]) -> Table:
    table = Table(title=for_terminal(title), box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.title_justify, table.title_style = "left", "bold"
    for i, name in enumerate(cells[0]):
        width = max(len(row[i]) for row in cells[1:])  # a narrow terminal wraps the head, never a number
        table.add_column(for_terminal(name), justify="right" if i else "left", min_width=width if i else None, no_wrap=not i)
    for row in cells[1:]:
        table.add_row(*map(for_terminal, row))
    return table


def comparison_markdown(compared: Comparison) -> str:
    """All tables in one markdown document."""
    parts = ["# Replay", "\n".join(f"- {name}: {value}" for name, value in compared.facts.items())]
    parts += [f"> {note}" for note in compared.notes]
    for title, cells in _titled(compared):
        head, *rows = ["| " + " | ".join(row) + " |" for row in cells]
        parts += [f"## {title}", "\n".join([head, "|" + " --- |" * (head.count("|") - 1), *rows])]
    return "\n\n".join(parts)
