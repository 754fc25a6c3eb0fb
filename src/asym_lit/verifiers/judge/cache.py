"""A judge's opinions on disk, so that no question is asked twice. What an opinion is stands in `opinion`."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from asym_lit.types import InputError
from asym_lit.verifiers.judge.opinion import Opinion

_TABLE = """
    CREATE TABLE IF NOT EXISTS opinions (
        key BLOB PRIMARY KEY, text TEXT, true_logprob REAL, false_logprob REAL, certainty REAL
    )
"""


def cache_key(template: str, model: str, question: str, gold: str, answer: str) -> bytes:
    """One name for all that an opinion depends on; fields cannot run into each other."""
    digest = blake2b(digest_size=16)
    for field in (template, model, question, gold, answer):
        data = field.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


class OpinionCache:
    """Opinions by key, in an SQLite file that several processes may share.

    It holds opinions, not verdicts: another threshold needs no new call.

    Args:
        file: Made if missing, with its folder; None for one in memory.
    """

    def __init__(self, file: str | None = None) -> None:
        try:
            if file is not None:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file or ":memory:", timeout=30, check_same_thread=False, isolation_level=None)
            if file is not None:
                self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as fault:
            raise InputError(f"The judge's cache {file!r} cannot be used: {fault}. Write another path, or none.") from fault
        self._lock = Lock()

    def get(self, key: bytes) -> Opinion | None:
        """The opinion of a key, if it is known."""
        with self._lock:
            row = self._connection.execute(
                "SELECT text, true_logprob, false_logprob, certainty FROM opinions WHERE key = ?", (key,)
            ).fetchone()
        return Opinion(*row) if row else None

    def put(self, key: bytes, opinion: Opinion) -> None:
        """Keep an opinion; the first one stays."""
        with self._lock:
            self._connection.execute(
                "INSERT OR IGNORE INTO opinions VALUES (?, ?, ?, ?, ?)",
                (key, opinion.text, opinion.true_logprob, opinion.false_logprob, opinion.certainty),
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
