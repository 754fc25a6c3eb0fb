"""Answers rewritten into one spelling: symbols, markup, spaces, words around them."""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.spelling import spelled
from asym_lit.answers.tokens import word_set

_CHARACTERS = str.maketrans(
    {
        **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},  # full width
        **{fraction: f"\\frac{{{above}}}{{{below}}}" for fraction, above, below in (
            ("½", 1, 2), ("⅓", 1, 3), ("⅔", 2, 3), ("¼", 1, 4), ("¾", 3, 4), ("⅕", 1, 5), ("⅖", 2, 5), ("⅗", 3, 5), ("⅘", 4, 5),
            ("⅙", 1, 6), ("⅚", 5, 6), ("⅐", 1, 7), ("⅛", 1, 8), ("⅜", 3, 8), ("⅝", 5, 8), ("⅞", 7, 8),
            ("⅑", 1, 9), ("⅒", 1, 10),
        )},
        **dict.fromkeys("∣❘", "|"), **dict.fromkeys("−–‐‑﹣", "-"), **dict.fromkeys("⁄∕÷", "/"),
        **dict.fromkeys("·⋅∙•", "\\cdot "),
        **dict.fromkeys("\u00a0\u202f\u2009\u3000", " "), **dict.fromkeys("’′", "'"),
        "π": "\\pi ", "∞": "\\infty ", "≤": "\\leq ", "≥": "\\geq ", "≠": "\\neq ", "⩽": "\\leq ", "⩾": "\\geq ",
        "×": "\\times ",
        "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "°": "\\degree ", "√": "\\sqrt ", "±": "\\pm ", "≈": "\\approx ",
        "∀": "\\forall ", "∅": "\\emptyset ", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}", "⟨": "(", "⟩": ")", "、": ",", "。": ".",
        "α": "\\alpha ", "β": "\\beta ", "γ": "\\gamma ", "θ": "\\theta ", "λ": "\\lambda ", "φ": "\\phi ", "ω": "\\omega ",
    }
)  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ₀₁₂₃₄₅₆₇₈₉", "0123456789+-n0123456789")
_SCRIPTS = ((re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+"), "^"), (re.compile("[₀₁₂₃₄₅₆₇₈₉]+"), "_"))
_MONEY = re.compile(r"\\\$|^(-?\s*)\$(?=\s*\d[^$]*$)|[€£¥₹](?=\s*[\d.])")
_CURRENCY = {"€": "EUR ", "£": "GBP ", "¥": "JPY ", "₹": "INR "}
_ESCAPES = re.compile(r"\t(?=(?:ext|imes|heta|an|frac)(?![A-Za-z]))|[\b](?=[a-z])|\r(?=(?:ight|ho)(?![A-Za-z]))|\f(?=rac)")
"""Commands whose backslash and first letter were read as a control character on the way here."""
_TEMPERATURE = (
    r"(?:\\text\s*\{\s*)?\\degree\s*(?:\\(?:text|mathrm|rm)\s*\{\s*|~|\\,|\{)*"
    r"([CF])(?:elsius|ahrenheit)?(?![A-Za-z])[\s}]*$"
)
_SCALE = {"C": "celsius", "F": "fahrenheit"}
_SYMBOLS = [
    (re.compile(pattern), to)
    for pattern, to in (
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:text(?:bf|it|rm|normal|sf|tt)|mbox|hbox)(?=\s*\{)", r"\\text"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:leqslant|le|leqq)(?![A-Za-z])|<=", r"\\leq "),
        (r"\\(?:geqslant|ge|geqq)(?![A-Za-z])|>=", r"\\geq "),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\ne(?![A-Za-z])|(?<![\d)}])!=", r"\\neq "),
        (r"\\(?:text|mathrm)\s*\{\s*degrees?\s*\}", r"\\degree "),
        (r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|\\degree(?![A-Za-z])|(?<![A-Za-z\\])degrees?\b", r"\\degree "),
        (
            r"\\frac\s*\{\s*\\(?:text|mathrm)\{([A-Za-z]+)\}\s*\}\s*\{\s*\\(?:text|mathrm)\{([A-Za-z]+)\}\s*\}$",
            r"\\text{ \1/\2}",
        ),
        (_TEMPERATURE, lambda m: f"\\text{{ {_SCALE[m[1].upper()]}}}" + "}" * (m[0].count("}") - m[0].count("{"))),
        (r"\^\s*(?:\{\s*\\prime\s*\}|\\prime(?![A-Za-z]))", "'"),
        (r"\\(?:varnothing)(?![A-Za-z])", r"\\emptyset "),
        (r"\\div(?![A-Za-z])", "/"),
        (r"\*\*", "^"),
        (r"\\(?:lbrace|\{)", r"\\{"),
        (r"\\(?:rbrace|\})", r"\\}"),
        (r"\\(?:infin)(?![A-Za-z])|(?<![A-Za-z\\])inf(?:inity|ty)?\b", r"\\infty "),
        (r"\\colon(?![A-Za-z])", ":"),
        (r"\\(?:langle|lt(?=\s*-?\d[^<>]*,))(?![A-Za-z])", "("),
        (r"\\rangle(?![A-Za-z])", ")"),
        (r"(\d)\s*(?:\^\s*)?\{?\s*(?:\\(?:text|mathrm|textsuperscript|rm)\s*\{?)?\s*(?:st|nd|rd|th)(?![A-Za-z])\s*\}*", r"\1 "),
        (r"\\(?:simeq|thickapprox)(?![A-Za-z])", r"\\approx "),
        (r"\\(?:mid|vert|lvert|rvert)(?![A-Za-z])", "|"),
        (r"(?<![A-Za-z\\])sqrt(?=[({\d])", r"\\sqrt"),
        (r"(?<![A-Za-z\\])(sin|cos|tan|cot|log|ln|exp|arcsin|arccos|arctan)(?=[\s({]|\\left)", r"\\\1"),
        (r"\\(?:tan|sin|cos)\^\{-1\}", lambda m: "\\arc" + m[0][1:4]),
        (r"(?<![A-Za-z\\])pi(?![A-Za-z])", r"\\pi "),
    )
]
_MARKUP = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), to)
    for pattern, to in (
        (r"<sup>(.*?)</sup>", r"^{\1}"),
        (r"<sub>(.*?)</sub>", r"_{\1}"),
        (r"</?(?:b|i|em|strong|span|p|br|div)\s*/?>", " "),
        (r"\\(?:left|right|bigg?[lr]?|Bigg?[lr]?|displaystyle|textstyle|limits|mathstrut)(?![A-Za-z])\.?", ""),
        (r"\\(?:text|mathrm|operatorname|mathop)\s*\{\s*(sin|cos|tan|cot|log|ln|exp)\s*\}", r"\\\1 "),
        (r"\\(?:mathbf|mathit|boldsymbol|mathcal|bm|vec|overrightarrow|overline)\s*\{([A-Za-z])\}", r"\1"),
        (r"\\(?:mathbf|boldsymbol|bm)\s*\{(-?\d[\d.]*)\}", r"\1"),
        (r"\\(?:mathrm|mathit|text)\s*\{([eid])\}", r"\1"),
        (r"_\s*\{\s*\\(?:mathrm|text|mathit)\s*\{(\w{1,6})\}\s*\}", r"_{\1}"),
        (r"\$|\*\*|`", ""),
        (r"(?<!\\)\\[()\[\]]", ""),
        (r"\\%", "%"),
    )
]
_SPACES = re.compile(r"(?<!\\)\\[,;:! ]|\\(?:quad|qquad|thinspace|hspace\{[^}]*\}|phantom\{[^}]*\})(?![A-Za-z])|~|\s+")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|normal|tt)?|textnormal|mbox|hbox|mathrm|operatorname|mathsf)\s*\{([^{}]*)\}")
_BOXED = re.compile(r"^\\(?:boxed|fbox)\s*\{(.*)\}$", re.DOTALL)
_BOLD = re.compile(r"\*\*\s*((?:(?!\*\*).)+?)\s*\*\*", re.DOTALL)
_QUOTED = re.compile(r"['\"“‘]([^'\"“‘’”]+)['\"”’]\.?")
_GROUPED = re.compile(r"(?<![\d.])([1-9]\d{0,2}(?:,\d{3})+)(?![\d,])")
_LEAD = re.compile(
    r"^(?:only|exactly|approximately|about|therefore|thus|hence|so|then|we get|it is|the (?:final )?answers? (?:is|are)|"
    r"(?:option|choice)(?= \(?[A-Z]\)?$)|"
    r"the (?:value|solution|result)s? (?:is|are)|answer:)\s+(?=\S)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:,|;|\s|\()+\s*(?:for (?:all|any|every|each|some|(?:an )?integers?(?= [a-z]\b))|(?:for|with) (?=[a-z] ?\\in)|where|"
    r"\\forall|as (?:a|an|the) |"
    r"(?=[a-z] ?\\in ?(?:\\mathbb ?\{?[ZNRQ]|[ZNRQ]\b)))[^{}]*(?:\{[^{}]*\}[^{}]*)*$",
    re.IGNORECASE,
)
_GENERAL = word_set(
    "for all any every each some where with is are an a the arbitrary constant constants integer integers real reals "
    "positive natural rational number numbers value values of and in as function ordered pair triple decimal fraction "
    "forall mathbb"
)
"""Words that say of what kind the names are, and leave none of the answers out."""


def clean(answer: str, switches: Switches) -> str:
    """An answer in the spelling that the other rules read."""
    text = _ESCAPES.sub(lambda m: "\\" + "tbrf"["\t\b\r\f".index(m[0])], answer) if "symbols" in switches.on else answer
    text = text.strip()
    if "markup" in switches.on and (bold := _BOLD.fullmatch(text) or _QUOTED.fullmatch(text)):
        text = bold[1]
    if "symbols" in switches.on:
        text = spelled(text)
        if "\\\\" in text and "\\begin" not in text:
            text = re.sub(r"\\\\(?=[A-Za-z])", r"\\", text)  # escaped once too often
        text = _MONEY.sub(lambda m: (m[1] or "") + _CURRENCY.get(m[0], "USD "), text).translate(_CHARACTERS)
        for scripts, mark in _SCRIPTS:
            text = scripts.sub(mark + r"{\g<0>}", text)
        text = text.translate(_RAISED)
        for pattern, to in _SYMBOLS:
            text = pattern.sub(to, text)
    if "markup" in switches.on:
        for pattern, to in _MARKUP:
            text = pattern.sub(to, text)
        while boxed := _BOXED.match(text.strip()):
            text = boxed[1]
    if "whitespace" in switches.on:
        text = re.sub(r",\s*\\!\s*", ",", text).replace("\\!", "").replace("{,}", ",").replace(",{}", ",")
        text = re.sub(r"(?<=\d)(?:\\,|~)(?=\d{3}(?!\d))", "", text)
        text = _SPACES.sub(" ", text).strip()
    if "markup" in switches.on:
        text = re.sub(r"[.。,;\s]+$", "", text)
        text = re.sub(r"\.(?=[\])}]$)", "", text)
        text = _bracketed(text)
    return _GROUPED.sub(lambda m: m[1].replace(",", ""), text) if _whole_number(text) else text


def _bracketed(text: str) -> str:
    """[[A]] is A; braces by themselves are LaTeX's, but around a list or a condition they are meant as a set's."""
    if text.startswith("[[") and text.endswith("]]") and _closes(text[1:-1]):
        text = text[2:-2].strip() if _closes(text[1:-1], whole=True) else text[1:-1].strip()
    if text.startswith("{") and text.endswith("}") and _closes(text, whole=True):
        text = f"\\{{{text[1:-1]}\\}}" if re.search("[,|]", text) else text[1:-1].strip() or text
    return text


def _closes(text: str, whole: bool = False) -> bool:
    """True if brackets are closed in turn; `whole`: the first only by the last character."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if depth < 0 or (whole and depth == 0 and place < len(text) - 1):
            return False
    return depth == 0


def _whole_number(text: str) -> bool:
    """True if the commas of a text can only group digits: it is one number, with words, signs, a unit or a root around it."""
    around = re.sub(r"\\sqrt\{\d+\}|\^(?:\d|\{-?\d\})(?!\d)", " ", _TEXT.sub(r" \1 ", text))
    return bool(re.fullmatch(r"[^\d,()\[\]{}]*[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?[^\d,()\[\]{}]*", around))


def without_explanation(text: str, switches: Switches) -> tuple[str, str]:
    """An answer without words around it, and the condition that stood behind it: `for all n`, `where k is an integer`."""
    if "explanation" not in switches.on:
        return text, ""
    plain = plain_text(text)
    tail = _TAIL.search(plain)
    cut = plain[: tail.start()] if tail else plain
    if tail and not all(len(word) == 1 or word.lower() in _GENERAL for word in re.findall(r"[A-Za-z]+|\d\d?", tail[0])):
        cut = plain  # it says more than for what names the answer holds
    for _ in range(2):
        cut = _LEAD.sub("", cut)
    cut = cut.strip(" ,;.")
    if cut and cut != plain:
        switches.allow("explanation")
        return cut, tail[0].strip(" ,;(") if tail else ""
    return text, ""


@lru_cache(maxsize=8192)
def plain_text(text: str) -> str:
    r"""The contents of `\text{...}` without the command."""
    return re.sub(r"\s+", " ", _TEXT.sub(r" \1 ", text)).strip()


@lru_cache(maxsize=16384)
def compact(text: str) -> str:
    """For comparing letter by letter: no braces around single characters, and no spaces but between letters or digits."""
    text = re.sub(r"([\^_])\{(\w)\}", r"\1\2", re.sub(r"\s+", " ", text))
    text = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"(\\[A-Za-z]+)\s+(?=\d)", r"\1", text)
    return re.sub(
        r"\s+(?![A-Za-z\d])|(?<![A-Za-z\d])\s+|(?<=\d)\s+(?=[A-Za-z])", "", re.sub(r"(\\[A-Za-z]+) (?=[A-Za-z])", r"\1{}", text)
    )
