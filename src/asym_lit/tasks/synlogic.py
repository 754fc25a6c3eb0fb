"""SynLogic's puzzles, from the hub or from files. Rows whose stored solution breaks its own rules are left out.

What the rules are is in `puzzles/`, what a verdict is worth in `verifiers/logic/synlogic.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asym_lit.puzzles import Game, check_kinds, gold_fault, kind_named, stored_solution
from asym_lit.tasks.columns import as_text, chat_turns, lookup
from asym_lit.tasks.read_task import Found, ReadTask, problem_uid
from asym_lit.tasks.rows import Row, Source, read_rows
from asym_lit.tasks.splits import Read, check_shares
from asym_lit.types import InputError, Prompt

_KIND_FIELDS = ("data_source", "task", "extra_info.data_source", "extra_info.task")
_JSON_FIELDS = ("extra_info.game_data_str", "game_data_str")


@dataclass(frozen=True)
class SynLogic(ReadTask):
    """Puzzles of SynLogic (arXiv 2505.19641): rows of its hub data, or of files with `task, question, answer, metadata`.

    A prompt's answer holds the kind, the question, the stored answer and all metadata, for rules need more than the answer.
    A row is left out, and listed, if there is no rule for its kind, if its metadata are missing or not those of its kind, or if
    its stored solution breaks its own rules, as generated calcudoko, futoshiki and star placements mostly do.

    Args:
        path: Hub id, file or folder, as `Problems` takes it.
        kinds: Only these kinds, such as `[sudoku, campsite]`; empty for all that have a rule.
        messages: Field with ready turns of a chat (`prompt` on the hub, which asks for `<think>` and `<answer>`), in place of
            the question alone.
        train: Split of the data to train on; null for none.
        val: Likewise to validate on.
        test: Likewise to test on.
        held_out: Share that `val` and `test` get of a split that `train` names too.
        train_size: Use this many training problems at most, drawn by `seed`; 0 for all.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        max_left_out: Share of rows without a usable puzzle above which the data are refused; rows of kinds without a rule, and
            repeated ones, do not count.
        config: Configuration on the hub, `easy` or `hard`.
        revision: Commit or tag on the hub.
        seed: Of the draw of sizes.
        name: Name of the task in metrics and transcripts.
    """

    path: str = "MiniMaxAI/SynLogic"
    kinds: list[str] = field(default_factory=list)
    messages: str | None = None
    train: str | None = "train"
    val: str | None = "validation"
    test: str | None = "validation"
    held_out: float = 0.05
    train_size: int = 0
    val_size: int = 0
    test_size: int = 0
    max_left_out: float = 0.25
    config: str | None = "easy"
    revision: str | None = None
    seed: int = 0
    name: str = "synlogic"

    def __post_init__(self) -> None:
        check_shares(self.held_out, self.max_left_out)
        check_kinds(self.kinds, f"kinds of {self.name}")

    def _read(self, source: Source) -> Read:
        wanted = set(check_kinds(self.kinds, f"kinds of {self.name}"))
        found, faults, rows, used = Found(), Counter[str](), 0, 0
        for number, row in enumerate(read_rows(source)):
            rows += 1
            origin = f"{source}, row {number}"
            called = _called(row)
            kind = kind_named(called) if called else None
            if wanted and kind not in wanted:
                continue
            used += 1
            if kind is None:
                found.leave_out(origin, f"no rule for its kind: {called or 'none is named'}")
                used -= bool(called)
                continue
            game = _game(row, kind, origin)
            fault = game if isinstance(game, str) else gold_fault(game)
            if fault is not None or isinstance(game, str):
                faults[kind] += 1
                reason = f"the stored solution breaks its own rules: {fault}" if isinstance(game, Game) else str(fault)
                found.leave_out(origin, reason, game.question if isinstance(game, Game) else None)
            else:
                found.add(self._prompt(row, game))
        if not rows:
            raise InputError(f"{source} holds no rows.")
        if faults.total() > self.max_left_out * used:
            most = ", ".join(f"{kind} {count}" for kind, count in faults.most_common(5))
            first = next(left for left in found.left if not left.reason.startswith("no rule"))
            raise InputError(
                f"{source}: {faults.total()} of {used} rows are no usable puzzle ({most}); first: {first.origin}: "
                f"{first.reason}. Allowed: a share of {self.max_left_out} (max_left_out). Leave out kinds (kinds), or give "
                "data with metadata."
            )
        return found.read

    def _prompt(self, row: Row, game: Game) -> Prompt:
        answer = {
            "answer": stored_solution(game) or game.answer,
            "question": game.question,
            "kind": game.kind,
            "metadata": dict(game.metadata),
        }
        messages = chat_turns(lookup(row, self.messages), f"{game.origin}: {self.messages}") if self.messages else ()
        return Prompt(problem_uid(game.question), game.question, answer, self.name, (), messages, game.origin)


def _called(row: Row) -> str | None:
    return next((text for name in _KIND_FIELDS if (text := as_text(lookup(row, name)))), None)


def _game(row: Row, kind: str, origin: str) -> Game | str:
    """The puzzle of a row, or why there is none."""
    raw = next((found for name in _JSON_FIELDS if (found := lookup(row, name))), None)
    data: Any = row
    if isinstance(raw, str):
        try:
            data = json.loads(raw)
        except (json.JSONDecodeError, RecursionError) as fault:
            return f"its game data are no JSON: {type(fault).__name__}"
    elif raw is not None:
        data = raw
    if not isinstance(data, Mapping):
        return "its game data are no object with named fields"
    question, metadata = as_text(data.get("question")), data.get("metadata")
    if question is None:
        return "no question"
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (json.JSONDecodeError, RecursionError):
            metadata = None
    if not isinstance(metadata, Mapping):
        return "no metadata: rules need the whole JSON of the row, not the answer alone"
    stored = data.get("answer")
    answer = stored if isinstance(stored, str) else "" if stored is None else json.dumps(stored, ensure_ascii=False)
    return Game(kind, question, answer, metadata, origin)
