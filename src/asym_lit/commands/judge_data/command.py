"""The `judge-data` command: from transcripts of a policy to the files a judge is trained on.

How they are made is in `verifiers/judge/data.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jsonargparse import auto_cli, set_parsing_settings
from rich.console import Console

from asym_lit.command_line import PlainErrors, allow_short_names
from asym_lit.command_line.program import program
from asym_lit.types import InputError, Verifier
from asym_lit.verifiers.answer_shapes import AnswerWriter
from asym_lit.verifiers.judge.data import JudgeData, balanced, split_by_question
from asym_lit.verifiers.judge.files import read_responses, write_answers


@dataclass(frozen=True)
class JudgeDataJob:
    """Labels what a rule rejects in transcripts, and writes train, val and test files.

    Args:
        transcripts: Files of JSON lines, as `Transcript` writes them.
        rule: The verifier whose rejects the judge will be asked about.
        teachers: Verifiers that label them; an answer is kept if all of them decide and agree.
        output: Folder of the three files.
        writer: Adds synthetic equivalents and near-misses.
        per_question: Most synthetic answers of each kind for a question.
        balance: Keep as many right as wrong answers in each split.
        val: Share of the questions for validation.
        test: Share of the questions for the test.
        seed: Of all choices.
    """

    transcripts: list[str]
    rule: Verifier
    teachers: list[Verifier]
    output: str
    writer: AnswerWriter | None = None
    per_question: int = 4
    balance: bool = True
    val: float = 0.1
    test: float = 0.1
    seed: int = 0


class _Parser(PlainErrors):
    """Tells a mistake shortly; `--help` shows all options."""


def make_judge_data(job: JudgeDataJob, console: Console) -> None:
    """Make the files and say what became of every candidate."""
    if not job.transcripts:
        raise InputError("There are no transcripts; write --transcripts '[runs/.../rollouts/train_000000.jsonl]'.")
    for verifier in (job.rule, *job.teachers):
        verifier.self_test()
    data = JudgeData(job.rule, job.teachers, job.writer, job.per_question, job.seed)
    made = data.answers(pair for file in job.transcripts for pair in read_responses(Path(file)))
    splits = split_by_question(made, job.val, job.test)
    if job.balance:
        splits = {split: balanced(answers, job.seed) for split, answers in splits.items()}
    write_answers(splits, Path(job.output))
    for fate, count in sorted(data.counts.items()):
        console.print(f"{count:8d}  {fate}", highlight=False, markup=False)
    for split, answers in splits.items():
        labels = Counter(answer.label for answer in answers)
        console.print(f"{split}: {labels[True]} right, {labels[False]} wrong", highlight=False)
    console.print(f"Answers  {job.output}", soft_wrap=True, highlight=False, markup=False)


def judge_data_command(args: Sequence[str]) -> None:
    """Run `judge-data`.

    Args:
        args: Words after `judge-data`.
    """
    allow_short_names()
    set_parsing_settings(omegaconf_absolute_to_relative_paths=True)
    job = auto_cli(
        JudgeDataJob,
        as_positional=False,
        args=list(args),
        prog=f"{program()} judge-data",
        parser_class=_Parser,
        parser_mode="omegaconf+",
    )
    make_judge_data(job, Console())
