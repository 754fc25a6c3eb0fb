"""What a question asks for: a formula (`Find $m+n$`, `what is x`, the length of AB), or a thing in words (the area of ABC).

Whether the label of an answer names it: `labels`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from asym_lit.answers.splitting import cut
from asym_lit.answers.tokens import word_set
from asym_lit.answers.units import unit_of

_VERB = re.compile(
    r"\b(?:find|compute|evaluate|determine|calculate|(?<![a-z] )(?:give|state|enter|express|obtain)|"
    r"(?<=and |hen )(?:give|state|enter|express|obtain)|"
    r"what(?:['\u2019]s)?|(?:work|figure) out|which(?= (?:\w+ ){0,3}(?:value|number|integer)s?\b)|"
    r"how (?:many|much|long|large|big|wide|tall|high|far|old)|solve [^.?!]*?\bfor|solve)(?![\w'])",
    re.IGNORECASE,
)
_ATOM = (
    r"(?:\|[A-Z]{2}\||\[[A-Z]{3,4}\]|\d*[A-Za-z](?:_\{?\w+\}?)?'*(?:\([^()$]{1,20}\))?(?![A-Za-z])|[A-Z]{2,3}(?![A-Za-z])|"
    r"[a-z]{2,3}(?![A-Za-z])|\d+(?:\.\d+)?(?![A-Za-z.\d])|\([^()$]{1,30}\))(?:\s*\^\s*\{?\w+\}?)?"
)
_PLAIN = re.compile(rf"(?:\\?angle |∠\s*)?{_ATOM}(?:\s*(?:[-+*/^]|\\cdot|\\times)\s*{_ATOM})*")
_BLANK = re.compile(rf"(?:\$([^$=]+)|(?<![A-Za-z$])({_PLAIN.pattern}))\s*=\s*\$?\s*(?:\?|_{{2}}|\\_|\\underline)")
"""x = ?, AB = ___."""
_TOKEN = re.compile(r"\$+([^$]+)\$+|([A-Za-z][A-Za-z']*)|([.?!;:](?=\s|$|\")|[,()])|\S")
_ARTICLE = re.compile(r"[aAI]\s+(?!and\b|or\b|if\b|when\b|such\b|given\b|for\b|in\b|to\b|so\b|where\b|that\b|is\b)[A-Za-z$]")
_SKIPPED = word_set(
    "is are was were be must should would will can could does do has have might the an all any every each both following"
)
_TURNS = word_set(
    "for that such in on from between when with which whose where if to at by as than per so given is are do does did has "
    "have can must will into after before among"
)
"""Behind these words stands what the thing is seen from, not the thing."""
_AUXILIARY = word_set("is are do does did has have can must will")
_TRANSPARENT = word_set(
    "value values measure measures length lengths magnitude size maximum minimum max min coordinates choice degrees"
)
"""What is the same thing as that of which it is: the value of x."""
_OTHER_VALUES = word_set("absolute expected mean average median truth place present future")
_CLOSED = re.compile(r"\s+(?!and\b|or\b|if\b|when\b|in\b|as\b|to\b|by\b|for\b|where\b|with\b|given\b|is\b)[a-z]")
"""A noun follows."""
_IN = re.compile(r"(?:\s+(?:is|are)(?=\s+(?:there\s+)?in\b))?(?:\s+there(?=\s+in\b))?(?:\s+in\b)?")
_APART = re.compile(r"\s*-?\s*(?:(coordinate|intercept)|axis|axes|component|coefficient|th\b|st\b|nd\b|rd\b)")
"""What makes another thing of a formula before it: the x-coordinate, the nth."""
_STOP = re.compile(r"[.?!](?=\s|$)")
_NUMBER_OF = re.compile(r"\s*(?:is |are )?(?:the )?(?:total )?number of\b")
_EXTREMES = word_set("maximum minimum max min largest smallest greatest least")
_FORM = word_set("answer answers your response form separated letter")
_PRONOUNS = word_set("it this that they them")
_OF_SPEECH = word_set(
    "a an and are as at be by can do for had has he her him his how if in is it its let me my no not now of off on one or our "
    "out own per put see set she sum than the to too two up us via was way we who why yes you all any get got did few new old"
)
"""Short words that are no products of names."""
LONGEST = 300
"""Characters of what is asked for."""
_RELATIONS = word_set("= \\leq \\geq < > \\neq \\approx \\in \\equiv \\le \\ge \\ne")


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a question asks for."""

    formulas: tuple[str, ...]
    """By formula; empty where it is in words."""
    head: tuple[str, ...]
    """The words of it, in small letters, up to the first `of`, `that` and the like."""
    phrase: str
    """All that the question says of it."""

    @property
    def extreme(self) -> bool:
        """The largest or smallest of its values."""
        return not _EXTREMES.isdisjoint(self.head)


@lru_cache(maxsize=1024)
def asked_for(question: str) -> tuple[Asked, ...]:
    """What a question asks for, in turn; requests for a form of the answer are none."""
    text = re.sub(r"\\[()]|\\\[|\\\]", lambda m: "$" if m[0] in ("\\(", "\\)") else "$$", question)
    lone = frozenset(re.findall(r"(?<![A-Za-z\\])(?:[b-z]|a(?=\s*[-+*/=^,]))(?![A-Za-z])", text))
    found = [(verb.start(), _asked(text, verb.end(), verb[0].lower(), lone)) for verb in _VERB.finditer(text)]
    found += [(blank.start(), Asked(tuple(_parts(blank[1] or blank[2])), (), "")) for blank in _BLANK.finditer(text)]
    return tuple(one for _, one in sorted(found, key=lambda place: place[0]) if one)


def _asked(text: str, place: int, verb: str, letters: frozenset[str]) -> Asked | None:
    """The thing behind a verb that asks."""
    start, words, formulas, coordinate = place, list[str](), list[str](), ""
    counted = verb in ("how many", "how much")
    while (token := _next(text, place, letters)) and token[2] - start < LONGEST:
        kind, said, end = token
        if kind == "end":
            break
        if kind == "word" and counted and not words and _measures(said):
            counted, place = False, end + _IN.match(text[end:]).end()  # type: ignore[union-attr]  # how many degrees are there in
            continue
        if kind == "formula" and not counted and not _is_adjective(said, text[end:]):
            if found := _APART.match(text[end:]):
                coordinate = said if found[1] else ""
            elif _by_formula(words):
                formulas = _joined(text, end, said, letters)
            break
        if kind == "word":
            words.append(said.lower())
        place = end
    stop = _STOP.search(text, place)
    phrase = text[start : stop.start() if stop else len(text)]
    if (set(words) & _FORM or set(words[-1:]) & _PRONOUNS) and not formulas:
        return None
    if verb == "solve":
        formulas, words = _unknown(text[start:place] + " ".join(formulas) + text[place : place + 80]), ["solution"]
    head = (*(("coordinate", coordinate) if coordinate else ()), *(word for word in _head(words) if word not in _SKIPPED))
    if counted or _NUMBER_OF.match(phrase):
        head = ("count", *head)
    return Asked(tuple(formulas), head, phrase) if formulas or (head and verb != "give") else None


def _unknown(text: str) -> list[str]:
    """The unknown of the first equation, if it has a single letter."""
    formula = re.search(r"\$+([^$]+)\$+|\S*[A-Za-z\d)]\s*=.*", text)
    plain = re.sub(r"\\[A-Za-z]+", " ", formula[0]) if formula else ""
    letters = set(re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", plain)) - {"e", "i"}
    return list(letters) if len(letters) == 1 else []


def _measures(word: str) -> bool:
    """True for a unit of measure: how many degrees, not how many apples."""
    unit = unit_of(word)
    return word == "units" or (unit is not None and unit.dimension != "count")


def _is_adjective(formula: str, behind: str) -> bool:
    r"""True for a number before a thing: the $2 \times 2$ matrix."""
    return not re.search("[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", formula)) and _CLOSED.match(behind) is not None


def _next(text: str, place: int, letters: frozenset[str]) -> tuple[str, str, int] | None:
    """The next formula, word or end of a sentence, and where it ends."""
    while place < len(text) and text[place].isspace():
        place += 1
    if place >= len(text):
        return None
    if plain := _plain(text, place, letters):
        return "formula", plain, place + len(plain)
    found = _TOKEN.match(text, place)
    if found is None:
        return None
    if found[1]:
        return "formula", found[1], found.end()
    kind = "word" if found[2] else "end" if found[3] and found[3] not in ",()" else "sign"
    return kind, found[0], found.end()


def _plain(text: str, place: int, letters: frozenset[str]) -> str | None:
    """A formula without dollars; an article, a word and a bare number are none."""
    found = _PLAIN.match(text, place)
    if found is None or _ARTICLE.match(text, place) or not re.search("[A-Za-z]", found[0]):
        return None
    runs = re.findall(r"(?<![A-Za-z])[a-z]{2,3}(?![A-Za-z])", found[0].removeprefix("angle"))
    if any(run in _OF_SPEECH or not set(run) <= letters for run in runs):
        return None
    return found[0]


def _joined(text: str, place: int, first: str, letters: frozenset[str]) -> list[str]:
    """The formulas from the first on that commas and `and` join."""
    formulas = _parts(first)
    while joint := re.match(r"\s*(?:,\s*and\b|,|and\b|or\b)\s*", text[place:]):
        token = _next(text, place + joint.end(), letters)
        if token is None or token[0] != "formula" or "=" in token[1]:
            break
        formulas += _parts(token[1])
        place = token[2]
    return formulas


def _parts(formula: str) -> list[str]:
    """The names of what a formula says something about: x and y of `x, y > 0`; both sides of an equation."""
    formula = cut(re.sub(r"\\?[.,;:!?\s\\]+$", "", formula), lambda token: token == ":")[0][0]
    parts, signs = cut(formula, lambda token: token in _RELATIONS)
    kept = parts if signs and set(signs) == {"="} else parts[:1]
    return [name for part in kept for name in cut(part, lambda token: token == ",")[0] if name]


def _by_formula(words: list[str]) -> bool:
    """True if words before a formula say no more than what kind of a thing it is: the smallest integer n, the value of x."""
    joint = re.sub(r"\bsuch (?!that)", "", re.sub(r"\b(values?) for\b", r"\1 of", " ".join(words))).split()
    if set(joint) & _TURNS - _AUXILIARY:
        return False
    for place, word in enumerate(joint):
        if word == "of" and (joint[place - 1] not in _TRANSPARENT or set(joint[:place]) & _OTHER_VALUES):
            return False
    return True


def _head(words: list[str]) -> list[str]:
    kept = [word for word in words if word not in _SKIPPED]
    stop = next((place for place, word in enumerate(kept) if word == "of" or word in _TURNS), len(kept))
    return kept[:stop]
