"""BIG-Bench Hard: 27 subsets of questions, from the hub or from the files of its repository, to evaluate on.

How answers are compared is in `verifiers/logic/bbh.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from asym_lit.tasks.columns import as_text, lookup
from asym_lit.tasks.read_task import Found, ReadTask, problem_uid
from asym_lit.tasks.rows import SUFFIXES, Row, Source, read_rows
from asym_lit.tasks.splits import Read, check_shares
from asym_lit.types import InputError, Prompt

SUBSETS = (
    *(
        "boolean_expressions",
        "causal_judgement",
        "date_understanding",
        "disambiguation_qa",
        "dyck_languages",
        "formal_fallacies",
    ),
    *("geometric_shapes", "hyperbaton", "logical_deduction_five_objects", "logical_deduction_seven_objects"),
    *("logical_deduction_three_objects", "movie_recommendation", "multistep_arithmetic_two", "navigate", "object_counting"),
    *("penguins_in_a_table", "reasoning_about_colored_objects", "ruin_names", "salient_translation_error_detection", "snarks"),
    *("sports_understanding", "temporal_sequences", "tracking_shuffled_objects_five_objects"),
    *("tracking_shuffled_objects_seven_objects", "tracking_shuffled_objects_three_objects", "web_of_lies", "word_sorting"),
)


@dataclass(frozen=True)
class BBH(ReadTask):
    """Questions of BIG-Bench Hard (arXiv 2210.09261): a hub id with a configuration each, or a folder with a file each.

    Args:
        path: Hub id; or a folder with `boolean_expressions.json` and so on, rows with `input` and `target` or a list of such
            under `examples`.
        subsets: Only these; empty for all 27.
        train: Split of the data to train on; null for none, for these are questions to measure with.
        val: Likewise to validate on.
        test: Likewise to test on.
        held_out: Share that `val` and `test` get of a split that `train` names too.
        train_size: Use this many training problems at most, drawn by `seed`; 0 for all.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        revision: Commit or tag on the hub.
        seed: Of the draw of sizes.
        name: Name of the task in metrics and transcripts.
    """

    path: str = "SaylorTwift/bbh"
    subsets: list[str] = field(default_factory=list)
    train: str | None = None
    val: str | None = "test"
    test: str | None = "test"
    held_out: float = 0.05
    train_size: int = 0
    val_size: int = 0
    test_size: int = 0
    revision: str | None = None
    seed: int = 0
    name: str = "bbh"

    def __post_init__(self) -> None:
        check_shares(self.held_out, 0)
        check_parts(self.subsets, SUBSETS, f"subsets of {self.name}")

    @property
    def _wanted(self) -> Sequence[str]:
        return self.subsets or SUBSETS

    def _source(self, there: str) -> Source:
        files = local_files(self.path, {subset: (subset,) for subset in self._wanted})
        return Source(self.path, "" if files else there, revision=self.revision, files=tuple(files.values()))

    def _read(self, source: Source) -> Read:
        found = Found()
        for place, subset in enumerate(self._wanted):
            part = replace(source, files=source.files[place : place + 1]) if source.files else replace(source, config=subset)
            for number, row in enumerate(_examples(part)):
                origin = f"{subset}, row {number}"
                question, target = as_text(lookup(row, "input")), as_text(lookup(row, "target"))
                if question is None or target is None:
                    found.leave_out(origin, "no question" if question is None else "no gold answer", question)
                else:
                    answer = {"answer": target, "question": question, "subset": subset}
                    found.add(Prompt(problem_uid(question), question, answer, self.name, origin=origin))
        if not found.prompts:
            raise InputError(
                f"{source} holds no questions; expected rows with `input` and `target`, or a list under `examples`."
            )
        return found.read


def _examples(source: Source) -> Iterator[Row]:
    for row in read_rows(source):
        inside = row.get("examples")
        if isinstance(inside, Sequence) and not isinstance(inside, str):
            yield from (one for one in inside if isinstance(one, Mapping))
        else:
            yield row


def local_files(path: str, names: Mapping[str, Sequence[str]]) -> dict[str, Path]:
    """The files of the parts of a data set in a folder; none if the path is a hub id.

    Args:
        path: Folder or hub id.
        names: By part, the names that its file may have, without suffix; folders in them are looked into.

    Raises:
        InputError: If it is a folder in which one is missing, or a path to nowhere.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or path.startswith((".", "~")) or folder.suffix in SUFFIXES:
            raise InputError(f"There is no folder {path}; give a folder with a file for each part, or a hub id.")
        return {}
    found = {}
    for part, stems in names.items():
        files = [file for stem in stems for suffix in SUFFIXES if (file := folder / f"{stem}{suffix}").is_file()]
        if not files:
            there = ", ".join(sorted(file.name for file in folder.iterdir())[:8]) or "nothing"
            raise InputError(
                f"The folder {path} has no {stems[0]}.json or the like; there is {there}. Name only parts that it has."
            )
        found[part] = files[0]
    return found


def check_parts(given: Sequence[str], known: Sequence[str], where: str) -> None:
    """Refuse parts of a data set that there are not.

    Raises:
        InputError: With the nearest name.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{where} names {name!r}, which there is not.{meant} Allowed: {', '.join(known)}.")
