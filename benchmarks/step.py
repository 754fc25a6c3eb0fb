"""A step of training by the present checkout beside any other commit's, stage by stage, on one CPU thread.

    python benchmarks/step.py --against 22e80c0 --markdown step.md --json step.json
    python benchmarks/step.py --against HEAD --small       three steps of a tiny policy each

The other commit is checked out in a git worktree that goes when the run ends. Each process is that checkout's own
`train.py fit` on its own `configs/simko.yaml`, changed as `step_job.py` says; processes take turns, so that a machine that
slows down slows both. The first steps of each are dropped.

Jobs: the main job (SimKO on Countdown, the bundled policy, 32 prompts x 16 responses of at most 24 tokens); GRPO with a
random policy of the shape of a 135 M model, 8 prompts of 110 tokens x 8 responses of 64; GRPO with a vocabulary of 151,936
and 2,048 response tokens (4 x 8 x 64).

Stages: `generate` (the engine), `verify`, `score` (old log-probs and advantages), `update` (forward, backward, optimizer),
`rest` (Lightning, callbacks, transcripts). Processor seconds are steadier than the wall's on a busy machine. "Tokens" are
those that the policy's embedding reads in score and update, against those of the batch with each prompt counted once a
group: one pass that reads nothing twice is 1, and what is scored as well as updated counts twice. Memory is the largest
resident set above that just before the first step; "whole" includes that.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from against_trl import ENVIRONMENT, MARK
from step_job import JOBS, REST, StepRecord

ROOT = Path(__file__).parents[1]
STAGES = ("generate", "verify", "score", "update", REST)
COLUMNS = ("job", "of a step", "CPU, other", "CPU, present", "ratio (rounds)", "wall, other", "wall, present", "ratio")


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """The commit, checked out in a folder of its own for as long as it is needed."""
    try:
        found = git("rev-parse", "--verify", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"--against is {commit!r}, which is no commit of {ROOT}: {error.stderr.strip()}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--detach", str(tree), found)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", str(tree))


def child(words: list[str], tree: Path, folder: Path) -> str:
    """What `step_job.py` prints, with the `asym_lit` of a checkout."""
    paths = os.pathsep.join([str(tree / "src"), str(Path(__file__).parent)])
    command = [sys.executable, str(Path(__file__).with_name("step_job.py")), *words]
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": paths}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed (exit status {done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def measured(name: str, tree: Path, folder: Path, steps: int) -> StepRecord:
    """A run in a process of its own."""
    printed = child(["fit", name, str(folder), str(tree), str(steps)], tree, folder)
    found = [line for line in printed.splitlines() if line.startswith(MARK)]
    record = StepRecord(**json.loads(found[-1].removeprefix(MARK)))
    if len(record.stages) != steps:
        sys.exit(f"{name} at {tree} made {len(record.stages)} steps, not {steps}.")
    print(f"{name}, {tree.name}: {median(record.seconds(0, 1)):.3f} CPU s/step", file=sys.stderr)
    return record


def seconds(record: StepRecord, stage: str, kind: int, warmup: int) -> list[float]:
    """Of each step after the warm-up: by the wall, or of the processor if `kind` is 1."""
    if stage == "step":
        return record.seconds(warmup, kind)
    return [stages.get(stage, (0.0, 0.0))[kind] for stages in record.stages[warmup:]]


def reading(record: StepRecord, warmup: int) -> float:
    """Tokens read in score and update for each that is needed."""
    read = sum(one.get(stage, 0) for one in record.computed[warmup:] for stage in ("score", "update"))
    return read / sum(record.needed[warmup:])


Pairs = list[dict[str, StepRecord]]


def summary(pairs: Pairs, warmup: int) -> dict[str, Any]:
    """Medians, quartiles and ratios of a job, by stage, and what is not seconds."""
    found: dict[str, Any] = {}
    for stage in (*STAGES, "step"):
        for kind, clock in ((1, "cpu"), (0, "wall")):
            cell: dict[str, Any] = {}
            for side in ("other", "present"):
                pooled = [s for pair in pairs for s in seconds(pair[side], stage, kind, warmup)]
                cell[side] = {"median": median(pooled), "quartiles": quantiles(pooled, n=4)[::2]}
            sides = [[median(seconds(pair[side], stage, kind, warmup)) for side in ("present", "other")] for pair in pairs]
            cell["ratios"] = [mine / max(theirs, 1e-9) for mine, theirs in sides]
            found[f"{stage}/{clock}"] = cell
    others = {
        "tokens read per token needed": lambda r: reading(r, warmup),
        "response tokens": lambda r: median(r.tokens[warmup:]),
        "MiB above start": lambda r: r.peak_mib - r.start_mib,
        "MiB whole": lambda r: r.peak_mib,
    }
    for name, measure in others.items():
        values = {side: median(measure(pair[side]) for pair in pairs) for side in ("other", "present")}
        found[name] = values | {"ratios": [measure(p["present"]) / max(measure(p["other"]), 1e-9) for p in pairs]}
    return found


def rows_of(job: str, found: dict[str, Any]) -> list[list[str]]:
    """Rows of the table."""

    def spread(cell: dict[str, Any]) -> str:
        low, high = cell["quartiles"]
        return f"{cell['median']:.3f} ({low:.3f}-{high:.3f})"

    rows = []
    for stage in (*STAGES, "step"):
        row = [job, stage]
        for clock in ("cpu", "wall"):
            cell = found[f"{stage}/{clock}"]
            ratios = cell["ratios"]
            rounds = f" ({min(ratios):.2f}-{max(ratios):.2f})" if clock == "cpu" else ""
            row += [spread(cell["other"]), spread(cell["present"]), f"{median(ratios):.2f}{rounds}"]
        rows.append(row)
    for name in ("tokens read per token needed", "response tokens", "MiB above start", "MiB whole"):
        cell, digits = found[name], 2 if name.startswith("tokens") else 0
        ratio = f"{median(cell['ratios']):.2f} ({min(cell['ratios']):.2f}-{max(cell['ratios']):.2f})"
        rows.append([job, name, f"{cell['other']:,.{digits}f}", f"{cell['present']:,.{digits}f}", ratio, "", "", ""])
    return rows


def report(rows: list[list[str]], caption: str, markdown: str | None) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, caption=caption)
    for before, row in zip([rows[0], *rows], rows, strict=False):
        if before[0] != row[0]:
            table.add_section()
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    if markdown:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        Path(markdown).write_text(f"{text}\n\n{caption}\n")


def trl(rounds: int, markdown: str | None) -> None:
    """The table of `against_trl.py` beneath."""
    words = ["--rounds", str(rounds), *(["--markdown", f"{markdown}.trl"] if markdown else [])]
    subprocess.run([sys.executable, str(Path(__file__).with_name("against_trl.py")), *words], check=True)
    if markdown:
        part = Path(f"{markdown}.trl")
        Path(markdown).write_text(f"{Path(markdown).read_text()}\n{part.read_text()}")
        part.unlink()


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A step of the present checkout beside another commit's, stage by stage.")
    parser.add_argument("--against", required=True, metavar="COMMIT", help="the other commit, by any name that git knows")
    jobs = [name for name in JOBS if name != "small"]
    parser.add_argument("--jobs", nargs="+", default=jobs, choices=jobs)
    parser.add_argument("--rounds", type=int, default=3, help="processes per job and commit, taking turns")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--warmup", type=int, default=1, help="steps dropped at the start of each process")
    parser.add_argument("--small", action="store_true", help="a tiny job, one round of four steps: does it run?")
    parser.add_argument("--trl", action="store_true", help="the table of against_trl.py beneath; pip install trl==1.16.0")
    parser.add_argument("--markdown", metavar="FILE", help="where to write the table")
    parser.add_argument("--json", metavar="FILE", help="where to write medians, quartiles, ratios and the records")
    options = parser.parse_args()
    if options.small:
        options.jobs, options.rounds, options.steps = ["small"], 1, 4
    if options.steps < options.warmup + 2:
        parser.error(f"--steps is {options.steps}; allowed: {options.warmup + 2} or more, two beyond --warmup.")
    if options.trl and find_spec("trl") is None:
        parser.error("--trl: TRL is not installed here. Run: pip install trl==1.16.0")
    return options


def main() -> None:
    options = options_of()
    load = os.getloadavg()[0]
    rows: list[list[str]] = []
    written: dict[str, Any] = {}
    with worktree(options.against) as tree, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        trees = {"present": ROOT, "other": tree}
        for name in options.jobs:
            if JOBS[name].shape is not None:
                child(["policy", name, str(folder / name)], ROOT, folder)
            pairs = [
                {side: measured(name, trees[side], folder, options.steps) for side in trees} for _ in range(options.rounds)
            ]
            found = summary(pairs, options.warmup)
            rows += rows_of(name, found)
            written[name] = found | {"records": [{side: asdict(r) for side, r in pair.items()} for pair in pairs]}
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "lightning"))
    caption = f"Present: {git('describe', '--always', '--dirty')}; other: {git('rev-parse', '--short', options.against)}. "
    caption += f"{options.rounds} processes of {options.steps} steps each, {options.warmup} dropped; seconds are medians "
    caption += (
        f"(quartiles), ratios present to other (least and most of a round). {versions}. Python {platform.python_version()}. "
    )
    caption += f"Load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end."
    report(rows, caption, options.markdown)
    if options.json:
        Path(options.json).write_text(json.dumps({"caption": caption, "jobs": written}, indent=1))
    if options.trl:
        trl(options.rounds, options.markdown)


if __name__ == "__main__":
    main()
