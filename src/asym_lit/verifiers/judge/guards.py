"""What stands between a policy and its judge: candidates that are refused unread.

Whether the judge itself can be fooled is tried in `canaries`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from asym_lit.types import InputError

_WORDLIKE = re.compile(r"\w")
_VERDICTS = {"true", "correct", "right", "yes", "valid", "accepted"}
_INSTRUCTIONS = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|above|previous|rule|everything)
    | \b(?:output|print|return|say|write|answer|respond|reply|choose)\b\W{0,3}(?:with\b\W{0,3})?(?:only\b\W{0,3})?
      (?:["'`*]{0,2})(?:true|correct|yes)\b
    | \b(?:answer|solution|response|result|candidate|output|it|this|that)\b\s+(?:above\s+)?(?:is|was|should\sbe|must\sbe|are)
      \s+(?:marked\s+|judged\s+|graded\s+|considered\s+|indeed\s+|definitely\s+|absolutely\s+)*
      (?:as\s+)?(?:correct|right|true|equivalent|valid|accepted)\b
    | \b(?:mark|grade|judge|accept|score|rate|treat|count)\b.{0,30}\b(?:correct|right|true|valid|full)\b
    | \b(?:matches|equals|equivalent\sto|same\sas|identical\sto|agrees\swith)\b.{0,20}\b(?:ground.truth|reference|gold)
    | \b(?:system|assistant|user|judge|grader|verifier|evaluator)\s*:
    | \b(?:you\s(?:are|must|should|will|have\sto)|as\san?\s(?:ai|assistant|expert|language\smodel)|thought\sprocess|
      let'?s\s(?:think|solve|verify)|step\sby\sstep|final\sverdict|verdict\s*:)
    | <\|.{0,40}?\|> | \[/?(?:inst|system)\] | <</?sys>>
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MARKUP = re.compile(
    r"</?[a-z][a-z0-9_-]*(?:\s[^<>]*=[^<>]*)?/?>|<!--|<!doctype|```|!\[[^\]]*\]\(|^#{1,6}\s", re.IGNORECASE | re.M
)


@dataclass(frozen=True)
class CandidateGuard:
    """Refuses candidates without asking the judge: empty, nothing but signs, too long, or speaking to the judge.

    A refused candidate is incorrect: its own text is the reason. A candidate that is the reference, letter by letter, is
    never refused.

    Args:
        max_characters: Longest candidate that is read.
        instructions: Refuse texts that praise themselves or instruct the reader.
        markup: Refuse HTML and Markdown.
    """

    max_characters: int = 300
    instructions: bool = True
    markup: bool = True

    def __post_init__(self) -> None:
        if self.max_characters < 1:
            raise InputError(f"max_characters is {self.max_characters}; allowed: 1 or more.")

    def refusal(self, candidate: str, gold: str) -> str | None:
        """Why a candidate is refused; None if the judge may read it."""
        text = candidate.strip()
        if not text:
            return "the answer is empty"
        if text == gold.strip():
            return None
        if len(text) > self.max_characters:
            return f"the answer has {len(text)} characters; at most {self.max_characters} are read"
        if not _WORDLIKE.search(_bare(text)):
            return "the answer has neither letters nor digits"
        if self.instructions and (_INSTRUCTIONS.search(text) or _bare(text).strip(" .!\"'*`").lower() in _VERDICTS):
            return "the answer speaks to its judge"
        if self.markup and _MARKUP.search(text):
            return "the answer holds markup"
        return None


def _bare(text: str) -> str:
    r"""The text without names of LaTeX commands around it: `\boxed{}` has nothing in it."""
    return re.sub(r"\\(?:boxed|fbox|text|mathrm|left|right|quad|,|;|!| )", "", text)
