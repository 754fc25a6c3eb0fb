"""An audit of gold answers as one of two processes makes it; a module of its own, for the processes import it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch.distributed as dist
from lightning.pytorch.utilities import rank_zero_only

from asym_lit.lit.gold_audit import audit_gold
from asym_lit.types import InputError, Prompt
from asym_lit.verifiers import Rule
from attacks import asked


def prompts(*golds: str) -> list[Prompt]:
    """One prompt for each gold answer, `row0` and so on."""
    return [Prompt(f"row{i}", p.text, p.answer, p.task) for i, p in enumerate(map(asked, golds))]


class Noting(Rule):
    """Notes what it is asked about."""

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        self.asked = [prompt.uid for prompt in prompts]
        return super().unreadable(prompts)


def one_of_two(rank: int, folder: Path) -> None:
    """Audits five rows with a folder of its own, and leaves behind what it saw."""
    rank_zero_only.rank = rank
    mine = folder / f"rank{rank}"
    mine.mkdir()
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=2)
    verifier, rows = Noting(), prompts("1", "\\frac{1}{2", "\\frac{3}{4", "7", "x+1")
    share = audit_gold(verifier, rows, rank, 0.5, mine)
    with pytest.raises(InputError, match=r"2 of 5 .*\(40.0%.*row1: .*; row2: .*Allowed: 0.0%"):
        audit_gold(verifier, rows, rank, 0, mine)
    (folder / f"rank{rank}.json").write_text(json.dumps({"asked": verifier.asked, "share": share}))
    dist.destroy_process_group()
