"""The addresses of several servers: given one by one, or as the file that `asym-lit serve` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

from asym_lit.types import InputError
from asym_lit.types.errors import shown

KEY = "urls"
"""Under which the addresses stand in the file."""
ALLOWED = "allowed: addresses such as [http://a:8000, http://b:8000], or the JSON file that `asym-lit serve` writes"


def check_urls(given: str | Sequence[str]) -> None:
    """See that these may be addresses; a file need not be there yet.

    Args:
        given: Addresses, or the name of a file.

    Raises:
        InputError: If they are none, or one stands there twice.
    """
    if isinstance(given, str):
        if given.startswith(("http://", "https://")):
            raise InputError(f"urls is {given!r}; {ALLOWED}. For one server write [{given}].")
        if Path(given).exists():
            read_urls(given)
        return
    wrong = [url for url in given if not str(url).startswith(("http://", "https://"))]
    if wrong or not given:
        raise InputError(f"urls holds {shown(wrong[0]) if wrong else 'nothing'}; {ALLOWED}.")
    twice = [url for place, url in enumerate(given) if url in given[:place]]
    if twice:
        raise InputError(f"urls holds {twice[0]} twice; each server stands there once.")


def read_urls(given: str | Sequence[str], seconds: float = 0.0) -> list[str]:
    """The addresses.

    Args:
        given: They themselves, or the name of a file that holds them.
        seconds: To wait for the file: servers that are being started write it when they are ready.

    Raises:
        InputError: If there is no such file in that time, or it holds something else.
    """
    if not isinstance(given, str):
        return list(given)
    path, end = Path(given), monotonic() + seconds
    while not path.is_file():
        if monotonic() >= end:
            raise InputError(f"urls is {given!r}, and there is no such file within {seconds:g} s; {ALLOWED}.")
        sleep(min(1.0, seconds / 10))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        urls = found[KEY] if isinstance(found, dict) else found
        assert isinstance(urls, list) and all(isinstance(url, str) for url in urls)
    except (ValueError, KeyError, AssertionError) as fault:
        raise InputError(f"urls is {given!r}, which holds no list of addresses; {ALLOWED}.") from fault
    check_urls(urls)
    return urls
