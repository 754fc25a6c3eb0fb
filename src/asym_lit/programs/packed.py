"""LiveCodeBench's private tests: base64 of zlib of a pickled text. Nothing is unpickled, for that would run what it says."""

from __future__ import annotations

import base64
import binascii
import pickletools
import re
import zlib

MOST_BYTES = 1 << 29
HARMLESS = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "STOP"}
TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"}
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")


def unpacked(text: str) -> str | None:
    """The text inside; None if it is not packed so, or holds anything else than one text."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=False), MOST_BYTES)
        if reader.unconsumed_tail:
            return None
        steps = [(step.name, argument) for step, argument, _ in pickletools.genops(data)]
    except (binascii.Error, zlib.error, ValueError, EOFError):
        return None
    found = [argument for name, argument in steps if name in TEXTS]
    if len(found) != 1 or any(name not in HARMLESS | TEXTS for name, _ in steps):
        return None
    return str(found[0])
