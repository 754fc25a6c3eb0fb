"""Spellings that mean one thing: dots over a period, a sign in words or braces, a currency behind, units with exponents."""

from __future__ import annotations

import re

_DOTS = re.compile(r"(?<=[.\d])\\(dot|bar|overline)\s*(?:\{\s*(\d+)\s*\}|(\d))(\d*)(?:\\(dot)\s*(?:\{\s*(\d)\s*\}|(\d)))?")
_RUN = re.compile(r"(\d*\.\d*)((?:\\dot\s*(?:\{\s*\d\s*\}|\d)){3,})")
_BRACED = re.compile(r"(?<![\^_\\A-Za-z}])\{\s*([:;=<>+-])\s*\}|\\math(?:bin|rel|punct|ord)\s*\{?\s*([:;=<>,+-])\s*\}?")
_MINUS = re.compile(
    r"^\s*(?:\\(?:text|mathrm|textrm)\s*\{\s*)?(?:minus|negative)\s*(?:\}\s*|(?<=s)\s|(?<=e)\s|\\[ ,])\s*"
    r"(?=\$?(?:\d|\.\d|\\[dt]?frac|\\sqrt|\\pi))(\$?[^{}]*(?:\{[^{}]*\}[^{}]*)*?)(\})?$",
    re.IGNORECASE,
)
_SIGN_WORDS = {
    "\\euro": "€", "\\texteuro": "€", "\\EUR": "€", "\\pounds": "£", "\\textsterling": "£", "\\yen": "¥", "\\textyen": "¥",
}  # fmt: skip
_SIGN_COMMAND = re.compile("|".join(re.escape(name) + r"(?![A-Za-z])(?:\{\})?" for name in _SIGN_WORDS))
_BEHIND = re.compile(
    r"^(\s*-?\s*\d[\d.,\s]*(?:(?:\{,\}|\\[,!])[\d.,]*)*?)"
    r"(?:\\[,;: ]|~|\s)*(?:\\(?:text|mathrm)\s*\{\s*)?([€£¥₹]|\\\$)\s*\}?\s*$"
)
_UNIT = r"(?:[kcmdnM\u00b5]?m|[kmM]?g|[mk]?[sLl]|h|hr|min|mi|ft|in|N|J|W|mol|km|cm|mm|kg|mg)"
_EXPONENT = r"\^\s*\{?\s*(-?\d)\s*\}?"
_SEPARATE = r"(?:\\[,;: !]|\\cdot(?![A-Za-z])|~|\u00b7|\s)*"
_PRODUCT = re.compile(
    rf"(?:(?<=[\d}}])|(?<=[\s~,;]))(?:\\(?:text|mathrm|textrm|rm)\s*\{{\s*)?({_UNIT})\s*\}}?{_SEPARATE}"
    rf"(?:\\(?:text|mathrm|textrm|rm)\s*\{{\s*)?(?:\\[,;: ])*({_UNIT})\s*\}}?\s*\^\s*\{{?\s*-\s*([123])\s*\}}?\s*\}}?\s*$"
)
_DIGITS = re.compile(r"\\(?:mathrm|text|texttt|mathtt|mathbf|textrm|mathsf)\s*\{\s*([0-9A-Fa-f]{1,40})\s*\}(?=\s*\)?\s*_)")
_WITHIN = re.compile(r"^\\(?:mathrm|text|mathtt|texttt)\s*\{\s*([0-9A-Fa-f]{1,40}\s*_\s*(?:\{\d+\}|\d))\s*\}$")


def spelled(text: str) -> str:
    r"""An answer with 0.\dot4\dot5 as 0.\overline{45}, minus 7 as -7, 15{:}40 as 15:40, 5 € as €5, m s^{-1} as m/s."""
    if "\\" in text and "." in text:
        text = _RUN.sub(lambda m: f"{m[1]}\\overline{{{re.sub('[^0-9]', '', m[2])}}}", text)
        text = _DOTS.sub(_period, text)
    text = _SIGN_COMMAND.sub(lambda m: _SIGN_WORDS[m[0].removesuffix("{}")], text)
    if "{" in text or "\\math" in text:
        text = _BRACED.sub(lambda m: m[1] or m[2], text)
        text = _WITHIN.sub(r"\1", _DIGITS.sub(r"\1", text))
    if minus := _MINUS.match(text):
        text = f"-{minus[1]}"
    if behind := _BEHIND.match(text):
        text = f"{behind[2]}{behind[1].strip()}"
    if "^" in text and "-" in text:
        text = _PRODUCT.sub(lambda m: f"\\text{{ {m[1]}/{m[2]}{'^' + m[3] if m[3] != '1' else ''}}}", text)
    return text


def _period(found: re.Match[str]) -> str:
    """The period under one or two dots, or under a bar without braces."""
    command, braced, single, between, second = found[1], found[2], found[3], found[4], found[5]
    digits = braced or single
    if second and command == "dot":
        return f"\\overline{{{digits}{between}{found[6] or found[7]}}}"
    return found[0] if between or second else f"\\overline{{{digits}}}" if command != "dot" or single else found[0]
