"""Answers rewritten into one spelling: symbols, markup, spaces, words around them."""

from __future__ import annotations

import re

from asym_lit.verifiers.maths.rules.catalogue import Switches

_CHARACTERS = str.maketrans(
    {
        "π": "\\pi ", "∞": "\\infty ", "≤": "\\leq ", "≥": "\\geq ", "≠": "\\neq ", "⩽": "\\leq ", "⩾": "\\geq ",
        "×": "\\times ", "·": "\\cdot ", "÷": "/", "−": "-", "–": "-", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ",
        "°": "\\degree ", "√": "\\sqrt ", "±": "\\pm ", "≈": "\\approx ", "∀": "\\forall ", "∅": "\\emptyset ",
        "＞": ">", "＜": "<", "＝": "=", "，": ",", "（": "(", "）": ")", "：": ":", "；": ";",
        "²": "^{2}", "³": "^{3}", "⁴": "^{4}", "½": "\\frac{1}{2}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
        "α": "\\alpha ", "β": "\\beta ", "θ": "\\theta ", "λ": "\\lambda ", "’": "'", "\u00a0": " ", "\u202f": " ",
    }
)  # fmt: skip
_ESCAPES = re.compile(r"\t(?=(?:ext|imes|heta|an|frac)(?![A-Za-z]))|[\b](?=[a-z])|\r(?=(?:ight|ho)(?![A-Za-z]))|\f(?=rac)")
"""Commands whose backslash and first letter were read as a control character on the way here."""
_SYMBOLS = [
    (re.compile(pattern), to)
    for pattern, to in (
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:leqslant|le|leqq)(?![A-Za-z])|<=", r"\\leq "),
        (r"\\(?:geqslant|ge|geqq)(?![A-Za-z])|>=", r"\\geq "),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\ne(?![A-Za-z])|!=", r"\\neq "),
        (r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|\\degree(?![A-Za-z])|(?<![A-Za-z\\])degrees?\b", r"\\degree "),
        (r"\\(?:varnothing)(?![A-Za-z])", r"\\emptyset "),
        (r"\\div(?![A-Za-z])", "/"),
        (r"\*\*", "^"),
        (r"\\(?:lbrace|\{)", r"\\{"),
        (r"\\(?:rbrace|\})", r"\\}"),
        (r"\\(?:infin)(?![A-Za-z])|(?<![A-Za-z\\])inf(?:inity|ty)?\b", r"\\infty "),
        (r"\\colon(?![A-Za-z])", ":"),
        (r"\\(?:mid|vert|lvert|rvert)(?![A-Za-z])", "|"),
        (r"(?<![A-Za-z\\])sqrt(?=[({\d])", r"\\sqrt"),
        (r"(?<![A-Za-z\\])(sin|cos|tan|cot|log|ln|exp|arcsin|arccos|arctan)(?=[\s({])", r"\\\1"),
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
        (r"\\(?:mathrm|mathit|text)\s*\{([eid])\}", r"\1"),
        (r"_\s*\{\s*\\(?:mathrm|text|mathit)\s*\{(\w{1,6})\}\s*\}", r"_{\1}"),
        (r"\\\$|\$|\*\*|`", ""),
        (r"(?<!\\)\\[()\[\]]", ""),
        (r"\\%", "%"),
    )
]
_SPACES = re.compile(r"(?<!\\)\\[,;:! ]|\\(?:quad|qquad|thinspace|hspace\{[^}]*\}|phantom\{[^}]*\})(?![A-Za-z])|~|\s+")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|normal|tt)?|textnormal|mbox|hbox|mathrm|operatorname|mathsf)\s*\{([^{}]*)\}")
_BOXED = re.compile(r"^\\(?:boxed|fbox)\s*\{(.*)\}$", re.DOTALL)
_GROUPED = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+)(?![\d,])")
_LEAD = re.compile(
    r"^(?:only|exactly|approximately|about|therefore|thus|hence|so|then|we get|it is|the (?:final )?answers? (?:is|are)|"
    r"the (?:value|solution|result)s? (?:is|are)|answer:)\s+(?=\S)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:,|;|\s|\()+\s*(?:for (?:all|any|every|each|some)|for (?=[a-z] ?(?:\\in|=|\\geq|>))|where|with (?=[a-z] ?\\in)|"
    r"\\forall|as (?:a|an|the) |(?=[a-z] ?\\in ?(?:\\mathbb\{?[ZNRQ]|[ZNRQ]\b)))[^{}]*(?:\{[^{}]*\}[^{}]*)*$",
    re.IGNORECASE,
)


def clean(answer: str, switches: Switches) -> str:
    """An answer in the spelling that the other rules read."""
    text = answer.strip()
    if "symbols" in switches.on:
        text = _ESCAPES.sub(lambda m: "\\" + "tbrf"["\t\b\r\f".index(m[0])], text)
        if "\\\\" in text and "\\begin" not in text:
            text = re.sub(r"\\\\(?=[A-Za-z])", r"\\", text)  # escaped once too often
        text = text.translate(_CHARACTERS)
        for pattern, to in _SYMBOLS:
            text = pattern.sub(to, text)
    if "markup" in switches.on:
        for pattern, to in _MARKUP:
            text = pattern.sub(to, text)
        while boxed := _BOXED.match(text.strip()):
            text = boxed[1]
    if "whitespace" in switches.on:
        text = text.replace("\\!", "").replace("{,}", ",")
        text = _SPACES.sub(" ", text).strip()
    if "markup" in switches.on:
        text = re.sub(r"[.。,;\s]+$", "", text)
        text = re.sub(r"\.(?=[\])}]$)", "", text)
    return _GROUPED.sub(lambda m: m[1].replace(",", ""), text) if _whole_number(text) else text


def _whole_number(text: str) -> bool:
    """True if the commas of a text can only group digits: it is one number, with words or signs around it."""
    return bool(re.fullmatch(r"[^\d,()\[\]{}]*\d{1,3}(?:,\d{3})+(?:\.\d+)?[^\d,()\[\]{}]*", text))


def without_explanation(text: str, switches: Switches) -> tuple[str, str]:
    """An answer without words around it, and the condition that stood behind it: `for all n`, `where k is an integer`."""
    if "explanation" not in switches.on:
        return text, ""
    plain = plain_text(text)
    tail = _TAIL.search(plain)
    cut = plain[: tail.start()] if tail else plain
    for _ in range(2):
        cut = _LEAD.sub("", cut)
    cut = cut.strip(" ,;.")
    if cut and cut != plain:
        switches.allow("explanation")
        return cut, tail[0].strip(" ,;(") if tail else ""
    return text, ""


def plain_text(text: str) -> str:
    r"""The contents of `\text{...}` without the command."""
    return re.sub(r"\s+", " ", _TEXT.sub(r" \1 ", text)).strip()


def compact(text: str) -> str:
    """For comparing letter by letter: no spaces, no braces around single characters."""
    text = re.sub(r"([\^_])\{(\w)\}", r"\1\2", text)
    text = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", text)
    return re.sub(r"\s+", "", text)
