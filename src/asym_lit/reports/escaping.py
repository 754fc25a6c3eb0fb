r"""Text of models, data sets and folders, made harmless where it is shown: a function for each: terminal, page,
markdown, LaTeX.

A response may hold escape codes that clear a screen, a category `[/b]` that rich takes for its own, a prompt marks that turn
the direction of writing around. Such characters are shown by their code, in both media alike: `\x1b`.
"""

from __future__ import annotations

import html
import re

import rich.markup

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # of no width, or of direction
    "\ud800-\udfff]"  # halves of surrogate pairs, which cannot be encoded
)
"""Joiners are not among them: words of some languages are spelled with them."""


def visible(text: str) -> str:
    r"""Text with its unseen characters as codes: `\x1b`, `\u202e`."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def for_terminal(text: str) -> str:
    """Text for a console of rich that reads markup: no brackets of it are taken for markup."""
    return rich.markup.escape(visible(text))


def for_page(text: str) -> str:
    """Text for an HTML page, within an element or a quoted attribute."""
    return html.escape(visible(text), quote=True)


MARKDOWN = re.compile(r"[\\`<|]|\](?=[(\[:])")
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "\N{MINUS SIGN}": "$-$",
    "→": r"$\to$",
} | {mark: f"\\{mark}" for mark in "&%$#_{}"}


def for_markdown(text: str) -> str:
    """Text for one line of markdown, in a table or not: no HTML, no code, no cell and no link begins in it."""
    return MARKDOWN.sub(lambda found: f"\\{found[0]}", " ".join(visible(text).split("\n")))


def for_latex(text: str) -> str:
    """Text for LaTeX, outside formulas: no command begins in it."""
    return "".join(LATEX.get(letter, letter) for letter in " ".join(visible(text).split()))
