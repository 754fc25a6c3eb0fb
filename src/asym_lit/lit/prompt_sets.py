"""What a run says of its prompts: what was left out, and what stands in two sets. They are made in `rollout/prompt_sets.py`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn

from asym_lit.rollout.prompt_sets import PromptSets
from asym_lit.run_folder.paths import LEFT_OUT
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import LeftOut


def account(sets: PromptSets, folder: Path) -> None:
    """Say how much was left out and why, and list it in `left_out.jsonl`; nothing if nothing was."""
    lines = []
    for (name, split), rows in sets.left_out.items():
        lines += [json.dumps({"set": name, "split": split, **_plain(row)}, ensure_ascii=False) for row in rows]
        if rows:
            reasons = Counter(_kind(row.reason) for row in rows).most_common()
            rank_zero_warn(
                f"{name}, {split}: {len(sets.made[name, split])} prompts; {len(rows)} rows are left out "
                f"({', '.join(f'{count}: {reason}' for reason, count in reasons)}). They are listed in {folder / LEFT_OUT}."
            )
    if lines:
        _write(folder / LEFT_OUT, lines)


def warn_of_overlap(sets: PromptSets) -> None:
    """Warn of training problems that stand in an evaluation set too."""
    trained = {p.uid for (_, split), prompts in sets.made.items() if split == "train" for p in prompts}
    for (name, split), prompts in sets.made.items():
        shared = [p.uid for p in prompts if p.uid in trained] if split != "train" else []
        if shared:
            rank_zero_warn(
                f"{len(shared)} of the {len(prompts)} problems of the evaluation set {name} are trained on (uids "
                f"{', '.join(shared[:3])}{' ...' if len(shared) > 3 else ''}): its pass@k says little of new problems."
            )


@rank_zero_only
def _write(path: Path, lines: list[str]) -> None:
    write_atomically(path, lines)


def _plain(row: LeftOut) -> dict[str, str]:
    return {"origin": row.origin, "uid": row.uid, "reason": row.reason}


def _kind(reason: str) -> str:
    """A reason without what is particular to the row."""
    return reason.split(":", 1)[0]
