"""KOR-Bench: rules that nobody knows beforehand, and questions about them, to evaluate on. From files, or from the hub.

How answers are compared is in `verifiers/logic/kor_bench.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from asym_lit.tasks.bbh import check_parts, local_files
from asym_lit.tasks.columns import as_text, lookup
from asym_lit.tasks.read_task import Found, ReadTask, problem_uid
from asym_lit.tasks.rows import Row, Source, read_rows
from asym_lit.tasks.splits import Read, check_shares
from asym_lit.types import InputError, Prompt

CATEGORIES = ("operation", "logic", "cipher", "puzzle", "counterfactual")
_HUB_FILE = "data/{category}/{part}.jsonl"
_ASKED = {
    "operation": (
        "You are an intelligent assistant that works with newly defined operations. Apply the rule below exactly.",
        "Read the definition of the operation carefully.",
        "Unless the question asks for something else, the answer is a number or a group of numbers.",
    ),
    "logic": (
        "You are an intelligent assistant that helps with logical reasoning. Answer by the logic rules below.",
        "Find out which of the rules the question is about, and use its symbols and names as it defines them.",
        "Answer in the form that the question asks for.",
    ),
    "cipher": (
        "You are an intelligent assistant that works with ciphers. Encrypt or decrypt by the rules below.",
        "Find out whether the question asks to encrypt or to decrypt, and which rule it names.",
        "Go through the rule step by step, and keep letters, numbers and spaces as it says.",
    ),
    "puzzle": (
        "You are an intelligent assistant that solves puzzles. Solve the puzzle below by its rule.",
        "Find out what the rule allows, and what it forbids.",
        "Answer in the form that the rule and the question ask for.",
    ),
    "counterfactual": (
        "You are an advanced assistant in a virtual world. Answer by the facts of that world, told below.",
        "Take nothing from the real world: where it differs from the facts below, these count.",
        "Answer with the letter of one option.",
    ),
}
"""By category: a role, and two of three instructions; the third is the same for all."""
_LAST = "Wrap the final answer in double square brackets, like this: [[your answer]]."


@dataclass(frozen=True)
class KorBench(ReadTask):
    """Questions of KOR-Bench (arXiv 2410.06526), five categories of 25 rules with ten questions each.

    The prompt is in the form of its zero-shot prompt, in words of our own: a role, three instructions, the rule, the question,
    and `### Answer:`.

    Args:
        path: The folder `data` of its repository (`operation/sample.jsonl`, `operation/rule.jsonl`), a folder with
            `operation_sample.jsonl` and `operation_rule.jsonl`, or a hub id that holds the repository's folder.
        categories: Only these; empty for all five.
        train: Split of the data to train on; null for none, for these are questions to measure with.
        val: Likewise to validate on; the data have one split, `train` as the hub calls it.
        test: Likewise to test on.
        held_out: Share that `val` and `test` get of a split that `train` names too.
        train_size: Use this many training problems at most, drawn by `seed`; 0 for all.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        revision: Commit or tag on the hub.
        seed: Of the draw of sizes.
        name: Name of the task in metrics and transcripts.
    """

    path: str = "m-a-p/KOR-Bench"
    categories: list[str] = field(default_factory=list)
    train: str | None = None
    val: str | None = "train"
    test: str | None = "train"
    held_out: float = 0.05
    train_size: int = 0
    val_size: int = 0
    test_size: int = 0
    revision: str | None = None
    seed: int = 0
    name: str = "kor_bench"

    def __post_init__(self) -> None:
        check_shares(self.held_out, 0)
        check_parts(self.categories, CATEGORIES, f"categories of {self.name}")

    @property
    def _wanted(self) -> Sequence[str]:
        return self.categories or CATEGORIES

    def _source(self, there: str) -> Source:
        names = {f"{c}/{part}": (f"{c}/{part}", f"{c}_{part}") for c in self._wanted for part in ("rule", "sample")}
        files = local_files(self.path, names)
        return Source(self.path, "" if files else there, revision=self.revision, files=tuple(files.values()))

    def _read(self, source: Source) -> Read:
        found = Found()
        for place, category in enumerate(self._wanted):
            rules = {as_text(row.get("idx")): row for row in self._part(source, place, category, "rule")}
            for number, row in enumerate(self._part(source, place, category, "sample")):
                origin = f"{category}, row {number}"
                rule = rules.get(as_text(row.get("rule_id")))
                told = as_text(lookup(rule, "rule_content")) if rule else None
                question, gold = as_text(row.get("question")), as_text(row.get("answer"))
                if question is None or gold is None or told is None:
                    missing = (
                        "no question" if question is None else "no gold answer" if gold is None else "no rule of its number"
                    )
                    found.leave_out(origin, missing, question)
                else:
                    found.add(self._prompt(category, row, told, question, gold, origin))
        if not found.prompts:
            raise InputError(
                f"{source} holds no questions of KOR-Bench; expected rows with `question`, `answer` and `rule_id`."
            )
        return found.read

    def _part(self, source: Source, place: int, category: str, part: str) -> list[Row]:
        if source.files:
            at = 2 * place + (part == "sample")
            return list(read_rows(replace(source, files=source.files[at : at + 1])))
        return list(read_rows(replace(source, hub_files=_HUB_FILE.format(category=category, part=part))))

    def _prompt(self, category: str, row: Row, told: str, question: str, gold: str, origin: str) -> Prompt:
        text = asked(category, told, question)
        answer = {"answer": gold, "question": question, "category": category}
        answer |= {name: str(row[name]) for name in ("rule_id", "idx", "real_life_answer") if row.get(name) is not None}
        return Prompt(problem_uid(text), text, answer, self.name, origin=origin)


def asked(category: str, rule: str, question: str) -> str:
    """The prompt of a question.

    Args:
        category: One of `CATEGORIES`.
        rule: Its text.
        question: Likewise.
    """
    role, *instructions = (*_ASKED[category], _LAST)
    numbered = "\n".join(f"{number}. {words}" for number, words in enumerate(instructions, start=1))
    return f"{role}\n\n### Instructions:\n{numbered}\n\n### Rule:\n{rule}\n\n### Question:\n{question}\n\n### Answer:\n"
