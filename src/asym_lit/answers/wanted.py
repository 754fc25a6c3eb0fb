"""In what a question wants its answer: in metres, as a number of rows, as an area. What it only mentions is left out.

Whether an amount fits what is wanted: `fitting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from asym_lit.answers.measured import HEADS, measured_in
from asym_lit.answers.things import nouns_at, thing
from asym_lit.answers.units import Unit, unit_of

_POWER = r"(?:\s?\^-?\d|[ -](?:squared|cubed)\b)?"
_WORD = rf"(?:(?:square|cubic|sq\.?|cu\.?)[ -])?[A-Za-z\u00a2\u20ac\u00a3]+{_POWER}"
_NAME = rf"(?P<name>{_WORD}(?:\s*(?:/|\bper\b|\ban?\b(?= (?:second|minute|hour|day)\b))\s*{_WORD})?)"
_MORE = (
    r"(?:(?:more|fewer|less|total|whole|full|extra|additional|other|different|complete|of|the|these|those|its|his|her|their|US|"
    r"units of)\s+)*"
)
_COUNTED = re.compile(rf"\b(?:how many|(?<!in )(?<!is )numbers? of)\s+{_MORE}", re.IGNORECASE)
_HOW_MUCH = re.compile(rf"\b(?:how much|what)\s+{_MORE}", re.IGNORECASE)
_MADE = re.compile(
    rf"\b(?:convert\w*|conversion|chang\w+|turn\w*|express\w*|rewrit\w+|writ\w+)\b[^?!]*\b(?:to|into)\s+(?:a |an )?{_MORE}"
    rf"{_NAME}|^\W*[\d.,]+ [a-z]+ (?:to|into) {_NAME.replace('name', 'bare')}",
    re.IGNORECASE,
)
_IN = re.compile(rf"(?:\b(?:in|as|nearest(?: whole| full)?|using)\s+{_MORE}|\(\s*){_NAME}(?P<end>[^A-Za-z]|$)", re.IGNORECASE)
_BLANK = re.compile(rf"(?:_{{2,}}|\\_|=\s*\?|\\underline\{{[^{{}}]*\}}|\\(?:square|Box)(?![A-Za-z])|\.{{3,}})[\s_\\]*{_NAME}")
_ASKS = re.compile(
    r"\?|\b(?:find|compute|calculate|determine|convert|change|express|(?:re)?write|restate|translate|evaluate|give|state|"
    r"work out|figure out|turn|what|"
    r"how (?:many|much|long|far|fast|tall|high|wide|deep|heavy|old)|round|estimate|fill)\b|_{2,}",
    re.IGNORECASE,
)
_OF_FORM = re.compile(
    r"\b(?:give|express|state|write|round|enter|report|leave|submit|provide|put|assume|use|your|the)\b[^.?!]*\b"
    r"(?:answers?|results?|responses?|solutions?)\b|^\W*(?:round|answer|express it|give it|in )\b",
    re.IGNORECASE,
)
"""How an answer is to be written, not what is asked."""
_SPLIT = re.compile(r"(?<=[.?!])\s+(?=[A-Z$\\(\d_])|\n+|(?<=\S)\s+(?=\(\w\)\s+[A-Z])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """In what a question wants its answer; all empty where it cannot be seen."""

    units: tuple[Unit, ...] = ()
    """Units of measure and money, any of which will do."""
    things: frozenset[str] = frozenset()
    """Nouns of what is counted, in the singular, with the words before them."""
    dimensions: tuple[str, ...] = ()
    """What the noun measures: an area is a length squared."""
    asking: str = ""
    """The sentence that asks."""
    sentence: frozenset[str] = frozenset()
    """Words of the sentence that asks; empty if it denies something."""


@lru_cache(maxsize=1024)
def wanted_in(question: str) -> Wanted:
    """What is seen from a question's text: how the answer is to be written, else its last sentence that asks."""
    sentences = [part for part in _SPLIT.split(_plain(question)) if _ASKS.search(part)]
    for sentence in reversed(sentences):
        if (_OF_FORM.search(sentence) or not HEADS.search(sentence)) and (units := _said(sentence)):
            return Wanted(units)
    asking = [part for part in sentences if not _OF_FORM.search(part) or "?" in part] or sentences
    return _of_sentence(asking[-1]) if asking else Wanted()


def _of_sentence(sentence: str) -> Wanted:
    words = re.findall(r"[A-Za-z]+(?:n['\u2019]t)?", sentence.lower())
    denied = any(
        word in ("not", "no", "neither", "non", "without", "never") or (word.endswith("t") and "n'" in word) for word in words
    )
    said = frozenset() if denied else frozenset(map(thing, words))
    units, things = _counted(sentence)
    if units or things:
        return Wanted(units, things, (), sentence, said)
    return Wanted(_said(sentence), frozenset(), measured_in(sentence), sentence, said)


def _counted(sentence: str) -> tuple[tuple[Unit, ...], frozenset[str]]:
    """Units or nouns behind `how many`, all of the sentence's."""
    units, things = list[Unit](), set[str]()
    for found in _COUNTED.finditer(sentence):
        behind = sentence[found.end() :]
        if here := list(_units(behind)):
            units += here
        else:
            things |= nouns_at(behind)
    return tuple(units), frozenset(things) if not units else frozenset()


def _units(text: str) -> Iterator[Unit]:
    """Units that a text begins with: hours and minutes."""
    while (found := re.match(_NAME, text)) and (unit := _unit(found["name"])):
        yield unit
        text = (
            re.sub(r"^\s*(?:,|and|or)\s+", "", text[found.end() :])
            if re.match(r"\s*(?:,|and|or)\s", text[found.end() :])
            else ""
        )


def _said(sentence: str) -> tuple[Unit, ...]:
    """The unit behind `convert to`, a blank, `in` or `to the nearest`, or in brackets."""
    for made in reversed(list(_MADE.finditer(sentence))):
        if unit := _unit(made["name"] or made["bare"]):
            return (unit,)
    for blank in reversed(list(_BLANK.finditer(sentence))):
        if unit := _unit(blank["name"]):
            return (unit,)
    places = [place for place in _IN.finditer(sentence) if _is_spelled(place)]
    rounding = [place for place in places if place[0].lower().startswith("nearest")]
    for place in (*rounding, *(place for place in places if place not in rounding))[::-1]:
        if (unit := _unit(place["name"])) and not (place in rounding and unit.dimension == "angle"):
            return (unit,)  # to the nearest degree may be one of temperature
    return ()


def _is_spelled(place: re.Match[str]) -> bool:
    """True for a name that is meant as a unit: in hours, in cm, in m; but not in second place, in a."""
    name, first = place["name"], place[0].split()[0].lower()
    if len(name) == 1:
        return name in "mshgLl" and (place["end"] in ".?!,;)" or not place["end"])
    if first.startswith("nearest") or not name.isalpha() or len(name) <= 3:
        return name not in ("in", "bar", "ton", "day", "cup", "sec", "mol") or first.startswith("nearest")
    return name.lower().endswith("s") or name.lower() in (
        "feet",
        "celsius",
        "fahrenheit",
        "yen",
        "yuan",
        "hertz",
        "kelvin",
        "kmph",
    )


def _unit(name: str) -> Unit | None:
    """A unit of measure or of money; of dollars per kilogram, dollars."""
    name = re.sub(r"\s+", " ", name).strip().replace("-", " ") if "^-" not in name else name
    if name.lower() in ("in", "a", "an", "at"):
        return None
    name = re.sub(r"\s?\^", "^", re.sub(r" an? ", " per ", name))
    for text in (name, re.split(r"\s*(?:/|\bper\b)", name)[0]):
        unit = unit_of(text, spelled=True)
        if unit and unit.dimension not in ("count", "percent"):
            return unit
    first = name.split(" ")[0]
    behind = unit_of(first) if first != name and not re.search(r"/|\bper\b", name) else None
    return behind if behind and behind.dimension not in ("count", "percent") else None


def _plain(question: str) -> str:
    """A question without commands around units."""
    text = re.sub(r"\\(?:text|mathrm|mbox|textrm|operatorname|rm)\s*\{([^{}]*)\}", r" \1 ", question)
    text = text.replace("\u00b2", "^2").replace("\u00b3", "^3").replace("\u207b\u00b9", "^-1")
    text = re.sub(r"\^\s*\{\s*(-?\d)\s*\}", r"^\1", re.sub(r"\\?\$|\\[,;: ]|~", lambda m: " " if m[0] != "\\$" else m[0], text))
    degrees = r"(?:\^?\s*\{?\\circ\}?|\\degree|\u00b0|\bdegrees?)\s*"
    text = re.sub(rf"{degrees}(celsius|centigrade|C)\b", "celsius", text, flags=re.IGNORECASE)
    return re.sub(rf"{degrees}(fahrenheit|F)\b", "fahrenheit", text, flags=re.IGNORECASE)
