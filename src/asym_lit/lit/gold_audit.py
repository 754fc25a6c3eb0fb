"""Gold answers read before the first batch: one that cannot be read makes every right response wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn

from asym_lit.lit.distributed import all_lists, world_size
from asym_lit.run_folder.paths import UNREADABLE_GOLD
from asym_lit.run_folder.writing import write_json_lines
from asym_lit.types import AuditingVerifier, InputError, Prompt
from asym_lit.types.errors import shown

SHOWN = 5


def audit_gold(verifier: AuditingVerifier, prompts: Sequence[Prompt], rank: int, allowed: float, folder: Path) -> float:
    """Have all gold answers read, and list those that cannot be in `<folder>/unreadable_gold.jsonl`.

    Args:
        verifier: Who reads them.
        prompts: The same on every process; they share the work.
        rank: Of this process.
        allowed: Largest share that may be unreadable.
        folder: Of the run.

    Returns:
        The share that is.

    Raises:
        InputError: If it is larger than allowed.
    """
    mine = list(verifier.unreadable(prompts[rank :: world_size()]).items())
    unreadable = dict(sorted(all_lists(mine)))
    share = len(unreadable) / max(len(prompts), 1)
    if unreadable:
        golds = {p.uid: p.answer.get("answer", p.answer.get("reference")) for p in prompts if p.uid in unreadable}
        rows = [{"uid": uid, "answer": golds[uid], "reason": reason} for uid, reason in unreadable.items()]
        path = folder / UNREADABLE_GOLD
        rank_zero_only(write_json_lines)(path, rows)
        first = "; ".join(f"{row['uid']}: {shown(row['answer'])} ({row['reason']})" for row in rows[:SHOWN])
        count = f"{len(rows)} of {len(prompts)} gold answers cannot be read by {verifier.name}"
        words = f"{count} ({share:.1%}; all in {path}): {first}"
        if share > allowed:
            raise InputError(f"{words}. Allowed: {allowed:.1%} (max_unreadable_gold). Mend or leave out these rows.")
        rank_zero_warn(words)
    return share
