"""Tokens as a person can read them, one by one: parts of a character as their bytes, never as a replacement character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from asym_lit.responses import text_behind

BROKEN = "\ufffd"
_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def token_texts(tokenizer: Any, prompt_ids: Sequence[int], token_ids: Sequence[int]) -> list[str]:
    r"""What each token of a response says.

    A token that ends within a character shows the bytes it has of it, as `\xe6\x95`; the one that completes it shows the
    character.

    Args:
        tokenizer: The policy's.
        prompt_ids: Of the prompt.
        token_ids: Of the response.
    """
    shown, pending, before = [], b"", list(prompt_ids[-1:])
    for token in token_ids:
        text = text_behind(tokenizer, before, [token])
        raw = _bytes(str(tokenizer.convert_ids_to_tokens(token))) if BROKEN in text else None
        if raw is None:
            pending = b""
            shown.append(text.replace(BROKEN, r"\ufffd"))
        else:
            words, pending = _continued(pending, raw)
            shown.append(words)
        before = [] if pending or BROKEN in text else [token]  # behind half a character nothing can be told apart
    return shown


def _continued(pending: bytes, raw: bytes) -> tuple[str, bytes]:
    """What a token shows behind the bytes of an unfinished character, and the bytes that it leaves unfinished."""
    whole = pending + raw
    try:
        return whole.decode().replace(BROKEN, r"\ufffd"), b""
    except UnicodeDecodeError as fault:
        if fault.reason == "unexpected end of data":
            mine = whole[max(fault.start, len(pending)) :]
            return whole[: fault.start].decode() + mine.decode(errors="backslashreplace"), whole[fault.start :]
    if pending:  # nothing that goes on with it: it stays as it was shown
        return _continued(b"", raw)
    return raw.decode(errors="backslashreplace"), b""


def _bytes(token: str) -> bytes | None:
    """The bytes of a token of a byte-level vocabulary, or of a byte fallback; None for another."""
    if found := _FALLBACK.fullmatch(token):
        return bytes([int(found[1], 16)])
    table = _byte_of()
    return bytes(table[character] for character in token) if all(character in table for character in token) else None


@cache
def _byte_of() -> dict[str, int]:
    """The byte behind each character of a byte-level vocabulary (GPT-2's): itself where it can be seen, else moved up."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in seen]
    return {chr(byte): byte for byte in seen} | {chr(256 + place): byte for place, byte in enumerate(moved)}
