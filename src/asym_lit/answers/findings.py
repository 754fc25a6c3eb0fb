"""What a comparison may say: the same, different for a reason with a name, or that it cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison's word."""

    same: bool | None
    """True: the same. False: different, and no later rung need be asked. None: cannot tell."""
    reason: str = ""


SAME, UNKNOWN = Finding(True), Finding(None)


def different(reason: str) -> Finding:
    """Both were understood in full, and this tells them apart."""
    return Finding(False, reason)


def all_of(findings: Iterable[Finding]) -> Finding:
    """The same if all are; different if one is; else unknown. Stops at the first difference."""
    known = True
    for finding in findings:
        if finding.same is False:
            return finding
        known = known and finding.same is True
    return SAME if known else UNKNOWN
