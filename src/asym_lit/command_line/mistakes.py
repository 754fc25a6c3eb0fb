"""What jsonargparse says of a mistake, in one to three lines: what was given, what is allowed, the nearest allowed name.

Its own messages are trees: one branch per alternative of a type, each with the way down to the option. The deepest leaf is the
mistake; the way to it is the option's name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from asym_lit import types
from asym_lit.command_line.files import file_that_says, missing_file, unreadable_file
from asym_lit.command_line.kinds import kinds_in_words
from asym_lit.command_line.names import classes_in, hint_of, nearest, options_of, short_names
from asym_lit.command_line.program import typed_recipe
from asym_lit.objectives.part_names import part_meant
from asym_lit.types import lacking

LONGEST_LIST = 30
"""Names in an error; more are not read."""
LONGEST_OWNERS = 7
"""Classes that have an option of which another was given."""
KEY = re.compile(r'Parser key "([^"]+)":\s*(.*)')
OWNER = re.compile(r"Problem with given class_path '([^']+)':")
OPTION = re.compile(r"(?:Option '([^']+)' is not accepted|Subcommand '\w+' does not accept option '([^']+)')")
KIND = re.compile(r"Expected an? (<class '\w+'>|typing\.Literal\[.*?\])(?:\. Got value: (.*))?")
NAME = re.compile(r"Expected a dot import path string: (.*)|module '(.+)' has no attribute '(.+)'")
PROTOCOL = re.compile(r"Import path (\S+) does not implement protocol (\w+)")
FRAME = ("Does not validate", "Subtypes:", "Errors:", "Given value", "Expected a path but", "Expected a <class 'NoneType'>")


@dataclass(frozen=True)
class Leaf:
    """One thing that a message complains of."""

    words: str
    keys: tuple[str, ...]
    owner: str | None
    """Import path of the class or the preset whose option it is."""
    depth: int
    holder: str | None = None
    """Import path of what `owner` was given to."""

    @property
    def option(self) -> str:
        """As it is written on the command line."""
        return ".".join(self.keys)


def plain_words(message: str, parser: Any, words: Sequence[str]) -> str:
    """A parser's message, told shortly.

    Args:
        message: The parser's own.
        parser: The one that said so, with its actions.
        words: Of the command line.
    """
    return (
        unreadable_file(words)
        or missing_file(message, words)
        or _unknown_words(message, parser)
        or _leaf_words(message, parser, words)
    )


def _leaf_words(message: str, parser: Any, words: Sequence[str]) -> str:
    if needed := re.search(r"(?:arguments are required|are required): (.*)", message):
        recipe = words[:1] in (["fit"], ["validate"], ["test"], ["predict"])
        return f"{needed[1]} not given" + (f"; write --config RECIPE, e.g. --config {typed_recipe('grpo')}." if recipe else ".")
    leaves = _leaves(message)
    if not leaves:
        return message.strip()
    leaf = max(leaves, key=lambda one: (one.depth, bool(OPTION.search(one.words)), bool(NAME.search(one.words))))
    if found := OPTION.search(leaf.words):
        return _unknown_option(leaf, found[1] or found[2], parser, words)
    where = _place(leaf.option, words)
    if found := NAME.search(leaf.words):
        return _unknown_name(leaf, found[1] or _path_given(message, f"{found[2]}.{found[3]}"), parser, where)
    if (found := PROTOCOL.search(leaf.words)) and (lacks := _lacks(found[1], found[2])):
        return f"{leaf.option}{where} is {found[1]}, which {' and '.join(lacks)}."
    if found := KIND.search(leaf.words):
        alike = [KIND.search(one.words) for one in leaves if one.keys == leaf.keys]
        given = found[2] or next(iter(re.findall(r"Given value: (.*)", message)), "")
        return _wrong_kind(leaf.option + where, given, [one[1] for one in alike if one])
    return f"{leaf.option}{where}: {leaf.words}".removeprefix(": ")


def _leaves(message: str) -> list[Leaf]:
    way: list[tuple[int, str, str]] = []
    leaves = []
    for line in message.splitlines():
        words = line.lstrip(" -")
        indent = len(line) - len(words)
        if not words.strip() or words.startswith(FRAME):
            continue
        way = [one for one in way if one[0] < indent]
        if found := KEY.match(words):
            way.append((indent, "key", found[1]))
            words = found[2]
        elif found := OWNER.match(words):
            way.append((indent, "owner", found[1]))
            words = ""
        words = words.lstrip(" -")
        if words and not words.startswith(FRAME):
            owners = [value for _, kind, value in way if kind == "owner" and _imported(value) is not None]
            keys = tuple(value for _, kind, value in way if kind == "key")
            leaves.append(Leaf(words, keys, owners[-1] if owners else None, len(way), (None, *owners)[-2:][0]))
    return leaves


def _path_given(message: str, start: str) -> str:
    """The whole of an import path, of which a message names what could not be followed."""
    return max(re.findall(rf"{re.escape(start)}[\w.]*", message), key=len, default=start)


def _place(option: str, words: Sequence[str]) -> str:
    place = file_that_says(option.rpartition(".")[2], words)
    return f" (in {place})" if place else ""


def _unknown_option(leaf: Leaf, option: str, parser: Any, words: Sequence[str]) -> str:
    where = _place(option, words)
    if leaf.owner is None:
        return f"There is no option {option}{where}.{_hint(option, _options(parser))}"
    given, owner = ".".join([*leaf.keys, option]), leaf.owner.rpartition(".")[2]
    others = _owners(option, leaf, parser)
    said = f" {', '.join(others)} would take it" if others else ""
    said += f": write --{'.'.join(leaf.keys)} {others[0]} before it." if len(others) == 1 else "." * bool(others)
    return f"{given}{where} is not an option of {owner}.{_hint(option, options_of(_imported(leaf.owner)))}{said}"


def _owners(option: str, leaf: Leaf, parser: Any) -> list[str]:
    """Other classes and presets that could stand in the same place and have an option of the name; few enough to be read."""
    kinds = classes_in(_hint_at(replace(leaf, owner=leaf.holder), parser))
    found = {name: path for kind in kinds for name, path in short_names(kind).items()}
    having = [name for name, path in found.items() if option in options_of(_imported(path))]
    return having if len(having) <= LONGEST_OWNERS else []


def _unknown_name(leaf: Leaf, given: str, parser: Any, where: str) -> str:
    allowed = {name: path for kind in classes_in(_hint_at(leaf, parser)) for name, path in short_names(kind).items()}
    said = f"{leaf.option}{where} is {given!r}"
    if (meant := part_meant(given)) is not None:
        return f"{said}; a part of an objective that has options is written in full: {meant}."
    if not allowed:
        return f"{said}; allowed: the import path of a class, such as package.module.Name."
    last = given.rpartition(".")[2]
    path = allowed[nearest(last, list(allowed)) or next(iter(allowed))]
    return f"{said}; there is nothing of this name.{_hint(last, list(allowed))} Full paths too, such as {path}"


def _wrong_kind(option: str, given: str, kinds: Sequence[str]) -> str:
    literal = [name for kind in kinds for name in re.findall(r"'([^']+)'", kind.partition("Literal[")[2])]
    others = kinds_in_words(kinds, given)
    if literal:
        return f"{option} is {given!r}.{_hint(given, literal).removesuffix('.')}{''.join(f', {kind}' for kind in others)}."
    return f"{option} is {given!r}; allowed: {' or '.join(others)}."


def _lacks(path: str, protocol: str) -> list[str]:
    """What the class at an import path lacks of a protocol of ours."""
    kind, wanted = _imported(path), getattr(types, protocol, None)
    return lacking(kind, wanted) if inspect.isclass(kind) and inspect.isclass(wanted) else []


def _unknown_words(message: str, parser: Any) -> str | None:
    found = re.search(r"unrecognized arguments: (.*)", message)
    if not found:
        return None
    given = [word.partition("=")[0] for word in found[1].split() if word.startswith("-")] or found[1].split()
    option = given[0].lstrip("-")
    return f"There is no option {given[0]}.{_hint(option, _options(parser), '--' if given[0].startswith('-') else '')}"


def _options(parser: Any) -> list[str]:
    names = [action.dest for action in parser._actions]
    return [name for name in names if name.rpartition(".")[2] not in ("help", "print_config", "print_shtab", "config")]


def _hint_at(leaf: Leaf, parser: Any) -> Any:
    if leaf.owner is not None:
        return hint_of(_imported(leaf.owner), leaf.keys[-1])
    return next((getattr(action, "_typehint", None) for action in parser._actions if action.dest == leaf.option), None)


def _hint(given: str, allowed: list[str], mark: str = "") -> str:
    """The nearest name, and all of them if they can be read."""
    head, _, rest = given.partition(".")
    heads = list(dict.fromkeys(name.partition(".")[0] for name in allowed))
    if rest and head not in heads and (other := nearest(head, heads)):  # a parser knows `model`, not what is in it
        close: str | None = nearest(f"{other}.{rest}", [n for n in allowed if n.startswith(f"{other}.")]) or f"{other}.{rest}"
    else:
        close = nearest(given, allowed)
    words = f" Nearest: {mark}{close}." if close else ""
    if len(allowed) <= LONGEST_LIST:
        return f"{words} Allowed: {', '.join(allowed) or 'none'}."
    return words or f" Some of {len(allowed)}: {', '.join(allowed[:10])} ..."


def _imported(path: str) -> Any:
    """What is at an import path; None if there is nothing, which may be the very mistake."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name, None)
    except (ImportError, ValueError):
        return None
