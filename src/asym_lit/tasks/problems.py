"""Problems from data sets: any rows with a question and a gold answer.

Files and columns are read in `rows` and `columns`, splits made in `splits`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from asym_lit.tasks.answers import AnswerForm, gold_answer
from asym_lit.tasks.columns import as_text, chat_turns, check_columns, listed, lookup, passes
from asym_lit.tasks.read_task import ReadTask, problem_uid
from asym_lit.tasks.rows import Row, Source, read_rows
from asym_lit.tasks.splits import check_shares
from asym_lit.tasks.worked import worked_solution
from asym_lit.types import InputError, LeftOut, Prompt

_FIELD = re.compile(r"\{([A-Za-z_][\w.]*)\}")


@dataclass(frozen=True)
class Problems(ReadTask):
    r"""Problems of a data set: a hub id, a local file (.parquet, .jsonl, .json, .csv) or a folder with a file per split.

    The verifier is given `{"answer": ..., "question": ...}`, both as text. A problem's uid is a hash of its question, so it
    is the same in every file and order; repeated questions are taken once. `train`, `val` and `test` name splits of the data:
    where `val` or `test` names the same as `train`, it gets a share of it by that hash; `val` and `test` alone may be the same
    problems. What is in `test` or `val` leaves `train`, wherever it was read.

    Args:
        path: Hub id, file or folder. A file, or a folder with one file, is the one split of its data set.
        question: Field of the question, dots going inside (`extra_info.question`); of several, the first that is not empty.
        answer: Field of the gold answer, likewise.
        answer_form: How it stands there: `plain`; `after_hashes` (GSM8K); `last_boxed`, in the last `\boxed` (MATH).
        template: The prompt: `{question}`, and fields of the row in braces. Other braces stand for themselves.
        solution: Field of a worked solution of the same form; null for that of the answer, if the answer is found in one. It
            becomes `Prompt.solution`, on one line, GSM8K's without calculator marks and with `The answer is 42.` at its end.
        messages: Field with ready turns of a chat (`role`, `content`), in place of `template`.
        train: Split of the data to train on; null for none.
        val: Likewise to validate on.
        test: Likewise to test on.
        held_out: Share that `val` and `test` get of a split that `train` names too.
        train_size: Use this many training problems at most, drawn by `seed`; 0 for all.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        keep: Use only rows with these values: `{level: [3, 4, 5]}`.
        between: Use only rows with numbers in these bounds, both included: `{solve_rate: [0.1, 0.9]}`.
        max_unanswered: Share of rows without a gold answer above which the data are refused; up to it, they are left out.
        config: Configuration on the hub.
        revision: Commit or tag on the hub.
        seed: Of the draw of sizes.
        name: Name of the task in metrics and transcripts.
    """

    path: str
    question: str | list[str] = "question"
    answer: str | list[str] = "answer"
    answer_form: AnswerForm = "plain"
    solution: str | list[str] | None = None
    template: str = "{question}"
    messages: str | None = None
    train: str | None = "train"
    val: str | None = "train"
    test: str | None = "test"
    held_out: float = 0.05
    train_size: int = 0
    val_size: int = 0
    test_size: int = 0
    keep: dict[str, list[Any]] = field(default_factory=dict)
    between: dict[str, list[float]] = field(default_factory=dict)
    max_unanswered: float = 0.02
    config: str | None = None
    revision: str | None = None
    seed: int = 0
    name: str = "problems"

    def __post_init__(self) -> None:
        check_shares(self.held_out, self.max_unanswered)
        for column, bounds in self.between.items():
            if len(bounds) != 2 or bounds[0] > bounds[1]:
                raise InputError(f"between.{column} is {bounds}; allowed: a smallest and a largest number, as [0.1, 0.9].")
        if not _FIELD.search(self.template) and self.messages is None:
            raise InputError(f"The template {self.template!r} shows nothing of a row; write {{question}} into it.")

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th of endless passes over the training problems, each in an order of its own, with its worked solution.

        Raises:
            InputError: If the data have no solutions, or none is named.
        """
        shown = [p for p in self.prompts("train") if p.solution]
        if not shown:
            raise InputError(f"{self.name} has no worked solutions to show; name their field in `solution` of the task.")
        passes_made, place = divmod(index, len(shown))
        order = random.Random(f"{self.name}/demonstration/{seed}/{passes_made}").sample(range(len(shown)), len(shown))
        prompt = shown[order[place]]
        return prompt, str(prompt.solution)

    def _read(self, source: Source) -> tuple[list[Prompt], list[LeftOut]]:
        rows = list(enumerate(read_rows(source)))
        if not rows:
            raise InputError(f"{source} holds no rows.")
        wanted = [(number, row) for number, row in rows if passes(row, self.keep, self.between)]
        self._check_columns(source, [row for _, row in rows])
        if not wanted:
            raise InputError(f"{source}: none of {len(rows)} rows passes keep {self.keep} and between {self.between}.")
        found: dict[str, Prompt] = {}
        left: list[LeftOut] = []
        unanswered: list[int] = []
        for number, row in wanted:
            origin = f"{source}, row {number}"
            question = self._first(self.question, row)
            raw = self._first(self.answer, row)
            gold = gold_answer(raw, self.answer_form) if raw is not None else None
            if question is None:
                left.append(LeftOut(origin, "no question"))
            elif gold is None:
                unanswered.append(number)
                left.append(LeftOut(origin, f"no gold answer: {self.answer} is {str(raw)[-60:]!r}", problem_uid(question)))
            else:
                working = raw if self.answer_form != "plain" else None
                if self.solution is not None:
                    working = self._first(self.solution, row)
                prompt = self._prompt(row, question, gold, origin, working)
                first = found.setdefault(prompt.uid, prompt)
                if first is not prompt:
                    same = first.answer["answer"] == gold
                    reason = "repeated" if same else "repeated with another answer"
                    left.append(LeftOut(origin, f"{reason}: first in {first.origin}", prompt.uid))
        if len(unanswered) > self.max_unanswered * len(wanted):
            raise InputError(
                f"{source}: {len(unanswered)} of {len(wanted)} rows have no gold answer in {self.answer!r} of the form "
                f"{self.answer_form!r}; allowed: a share of {self.max_unanswered} (max_unanswered). Rows (from 0): "
                f"{', '.join(map(str, unanswered[:10]))}{' ...' if len(unanswered) > 10 else ''}."
            )
        return list(found.values()), left

    def _check_columns(self, source: Source, rows: list[Row]) -> None:
        shown = [name for name in _FIELD.findall(self.template) if name != "question"]
        one_of = {"question": listed(self.question), "answer": listed(self.answer)}
        one_of |= {} if self.solution is None else {"solution": listed(self.solution)}
        all_of = {"template": shown, "messages": listed(self.messages or []), "keep": self.keep, "between": self.between}
        check_columns(str(source), rows, one_of, all_of)

    def _prompt(self, row: Row, question: str, gold: str, origin: str, working: str | None) -> Prompt:
        text = _FIELD.sub(lambda m: question if m[1] == "question" else as_text(lookup(row, m[1])) or "", self.template)
        messages = chat_turns(lookup(row, self.messages), f"{origin}: {self.messages}") if self.messages else ()
        answer = {"answer": gold, "question": question}
        solution = worked_solution(working, self.answer_form) if working else None
        return Prompt(problem_uid(question), text, answer, self.name, (), messages, origin, solution)

    def _first(self, fields: str | list[str], row: Row) -> str | None:
        return next((text for f in listed(fields) if (text := as_text(lookup(row, f)))), None)
