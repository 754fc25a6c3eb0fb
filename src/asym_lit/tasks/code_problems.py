"""Problems that ask for a program, with the tests of it: HumanEval, MBPP, code contests, LiveCodeBench's and DeepCoder's rows.

How a program is tested stands in `verifiers/code/`, the forms of tests in `programs/forms.py`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from asym_lit.programs.forms import Tests, read_tests
from asym_lit.programs.stored import TestsError
from asym_lit.tasks.columns import as_text, check_columns, listed, lookup, passes
from asym_lit.tasks.rows import Row, Source, find_source, read_rows
from asym_lit.tasks.splits import Splits, check_shares, divide
from asym_lit.types import InputError, LeftOut, Prompt, Split

_FIELD = re.compile(r"\{([A-Za-z_][\w.]*)\}")
SPECIAL = ("question", "asserts", "interface")
"""What a template shows that is no field of a row."""
Fields = str | list[str]


@dataclass(frozen=True)
class CodeProblems:
    """Problems of a data set that ask for a program: a hub id, a local file (.parquet, .jsonl, .json, .csv) or a folder.

    The verifier `CodeTests` is given `{"tests": ..., "question": ..., "reference": ...}`, all as text. A problem's uid is a
    hash of its question; repeated questions are taken once. `train`, `val` and `test` name splits of the data: where `val` or
    `test` names the same as `train`, it gets a share of it by that hash. What is in `test` or `val` leaves `train`.

    Args:
        path: Hub id, file or folder. A file is the one split of its data set.
        question: Field of the problem's text, dots going inside; of several, the first that is not empty.
        tests: What the tests are made of, by name: `{tests: tests}` for a field that holds them all, `{prompt: prompt, test:
            test, entry_point: entry_point}` for HumanEval, `{test_list: test_list}` for MBPP; fields as for `question`.
        reference: Field of a program that is right; tried on the tests before training. Null for none.
        template: The prompt: `{question}`, `{asserts}` (those of the tests, one a line), `{interface}` (a sentence on what the
            tests call), and fields of the row in braces.
        beside: File with further columns of the same rows, such as EvalPlus' inputs; null for none.
        key: Field that says which rows of both are the same.
        train: Split of the data to train on; null for none.
        val: Likewise to validate on.
        test: Likewise to test on.
        held_out: Share that `val` and `test` get of a split that `train` names too.
        train_size: Use this many training problems at most, drawn by `seed`; 0 for all.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        keep: Use only rows with these values: `{difficulty: [easy, medium]}`.
        max_untested: Share of rows without tests above which the data are refused; up to it, they are left out.
        config: Configuration on the hub.
        revision: Commit or tag on the hub.
        seed: Of the draw of sizes.
        name: Name of the task in metrics and transcripts.
    """

    path: str
    question: Fields = "question"
    tests: dict[str, Fields] = field(default_factory=lambda: {"tests": "tests"})
    reference: Fields | None = None
    template: str = "{question}"
    beside: str | None = None
    key: str = "task_id"
    train: str | None = "train"
    val: str | None = "train"
    test: str | None = "test"
    held_out: float = 0.05
    train_size: int = 0
    val_size: int = 0
    test_size: int = 0
    keep: dict[str, list[Any]] = field(default_factory=dict)
    max_untested: float = 0.02
    config: str | None = None
    revision: str | None = None
    seed: int = 0
    name: str = "code"

    def __post_init__(self) -> None:
        check_shares(self.held_out, self.max_untested, "max_untested")
        if not self.tests:
            raise InputError("tests of CodeProblems names no field; write {tests: tests}, or what holds them.")
        if not _FIELD.search(self.template):
            raise InputError(f"The template {self.template!r} shows nothing of a row; write {{question}} into it.")

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, in the order of the data."""
        if getattr(self, split) is None:
            raise InputError(f"{self.name} has no {split} problems: its {split!r} is null. Name a split of {self.path} there.")
        found = self._splits.prompts[split]
        if not found:
            raise InputError(f"{self.name} has no {split} problems left: give it more data than {self.path}, or other splits.")
        size: int = getattr(self, f"{split}_size")
        if not 0 < size < len(found):
            return found
        drawn = set(random.Random(f"{self.seed}/{self.name}").sample(sorted(p.uid for p in found), size))
        return [p for p in found if p.uid in drawn]

    def left_out(self, split: Split) -> Sequence[LeftOut]:
        """Rows that are no prompt of the split: without tests, repeated, or standing in another split too."""
        return self._splits.left_out[split]

    @cached_property
    def _splits(self) -> Splits:
        named: dict[Split, str | None] = {"train": self.train, "val": self.val, "test": self.test}
        sources = {split: find_source(self.path, there, self.config, self.revision) for split, there in named.items() if there}
        read = {source: self._read(source) for source in dict.fromkeys(sources.values())}
        return divide(sources, read, self.held_out)

    @cached_property
    def _further(self) -> dict[str, Row]:
        """Further columns, by key."""
        rows = read_rows(find_source(self.beside)) if self.beside else ()
        return {str(lookup(row, self.key)): row for row in rows}

    def _read(self, source: Source) -> tuple[list[Prompt], list[LeftOut]]:
        rows = [{**row, **self._further.get(str(lookup(row, self.key)), {})} for row in read_rows(source)]
        if not rows:
            raise InputError(f"{source} holds no rows.")
        self._check_columns(source, rows)
        wanted = [(number, row) for number, row in enumerate(rows) if passes(row, self.keep, {})]
        found: dict[str, Prompt] = {}
        left: list[LeftOut] = []
        untested: list[LeftOut] = []
        for number, row in wanted:
            origin = f"{source}, row {number}"
            question = self._first(self.question, row)
            if question is None:
                left.append(LeftOut(origin, "no question"))
                continue
            uid = blake2b(" ".join(question.split()).encode(), digest_size=8).hexdigest()
            try:
                prompt = self._prompt(row, question, uid, origin)
            except TestsError as fault:
                untested.append(LeftOut(origin, f"no tests that can be read: {fault}", uid))
                continue
            first = found.setdefault(uid, prompt)
            if first is not prompt:
                left.append(LeftOut(origin, f"repeated: first in {first.origin}", uid))
        if not wanted or len(untested) > self.max_untested * len(wanted):
            shown = "; ".join(f"{one.origin}: {one.reason}" for one in untested[:3]) or f"none passes keep {self.keep}"
            raise InputError(
                f"{source}: {len(untested)} of {len(wanted)} rows have no tests that can be read in {self.tests}; allowed: a "
                f"share of {self.max_untested} (max_untested). {shown}."
            )
        return list(found.values()), [*left, *untested]

    def _check_columns(self, source: Source, rows: Sequence[Row]) -> None:
        shown = [name for name in _FIELD.findall(self.template) if name not in SPECIAL]
        one_of = {"question": listed(self.question), "tests": [f for fields in self.tests.values() for f in listed(fields)]}
        one_of |= {} if self.reference is None else {"reference": listed(self.reference)}
        check_columns(str(source), rows, one_of, {"template": shown, "keep": self.keep})

    def _prompt(self, row: Row, question: str, uid: str, origin: str) -> Prompt:
        values = {name: self._value(fields, row) for name, fields in self.tests.items()}
        if not any(value is not None for value in values.values()):
            raise TestsError(f"no tests: nothing in {', '.join(f for fields in self.tests.values() for f in listed(fields))}")
        tests = read_tests({name: value for name, value in values.items() if value is not None})
        special = dict(zip(SPECIAL, (question, "\n".join(_asserts(tests)), interface_of(tests)), strict=True))
        text = _FIELD.sub(lambda m: special[m[1]] if m[1] in special else as_text(lookup(row, m[1])) or "", self.template)
        answer = {"tests": json.dumps({"parts": tests}), "question": question}
        reference = None if self.reference is None else self._value(self.reference, row)
        if isinstance(reference, list):  # of several, the first
            reference = reference[0] if reference else None
        if isinstance(reference, str):
            answer["reference"] = reference
        return Prompt(uid, text, answer, self.name, origin=origin)

    def _value(self, fields: Fields, row: Row) -> Any:
        return next((value for f in listed(fields) if (value := lookup(row, f)) not in (None, "", [])), None)

    def _first(self, fields: Fields, row: Row) -> str | None:
        return next((text for f in listed(fields) if (text := as_text(lookup(row, f)))), None)


def interface_of(tests: Tests) -> str:
    """A sentence on what tests call: nothing but the tests may name a function."""
    functions = dict.fromkeys(part["function"] for part in tests if part["kind"] == "calls")
    functions |= dict.fromkeys(part["entry"] for part in tests if part.get("entry"))
    if functions:
        return f"Write the function {' and '.join(f'`{name}`' for name in functions)}, whole."
    return "The program reads standard input and prints to standard output." if tests[0]["kind"] == "stdin" else ""


def _asserts(tests: Tests) -> list[str]:
    return [text for part in tests for text in part.get("asserts", ())]
