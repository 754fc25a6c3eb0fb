"""What `preflight --preflight.measure` predicts of a step, beside what `fit` then takes, stage by stage, on one CPU thread.

    python benchmarks/predicted_steps.py --markdown predicted.md
    python benchmarks/predicted_steps.py --jobs --runs runs/smollm2/version_0        a run that was made before

Each job of `step_job.py` is run by `train.py fit` with clocks held to it, and predicted in a process of its own from two small
steps. Seconds are the processor's, which other work on the machine does not lengthen as it does the time that passes. Scores
and updates are told together there, for those clocks draw another line between them. Of a run that was made before the seconds
are the time that passed, as its `metrics.jsonl` has it; the prediction's are the processor's still, as on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from time import process_time
from typing import Any

from against_trl import ENVIRONMENT, MARK
from step import ROOT, child, measured
from step_job import JOBS, recipe_of

STAGES = ("generate", "score", "update")
FIRST = 5
"""Steps of a run that a prediction is held against: later ones are those of another policy, which writes shorter or longer."""
COLUMNS = ("job", "measured on", "stage", "predicted, s", "fit, s", "ratio")


def predict(recipe: str, prompts: int, options: list[str]) -> None:
    """Print what is predicted of a step of a recipe."""
    from asym_lit.cli import _PreflightCLI, make_cli
    from asym_lit.commands.preflight.checks import rows_of
    from asym_lit.commands.preflight.measuring import measure
    from asym_lit.commands.preflight.plan import PreflightSettings, plan_of
    from asym_lit.commands.preflight.step_work import costs_of_plan, room_of, work_of
    from asym_lit.step_times.pace import efforts, predicted

    sys.argv = ["train.py"]
    cli = make_cli(["fit", "--config", recipe, *options], kind=_PreflightCLI)  # takes what fit takes, and runs nothing
    config, built = cli.config["fit"], cli.config_init["fit"]
    plan = plan_of(cli.model, cli.datamodule, built.trainer.callbacks or (), config.trainer, PreflightSettings())
    training = rows_of(plan)[0]
    costs, room = costs_of_plan(plan), room_of(plan, max(training.lengths))
    found = measure(plan, training.prompts[:prompts], costs, room, process_time)
    sizes = (plan.data.prompts_per_step, found.prompt, found.response, found.longest, found.learning)
    stages = predicted(found.paces, efforts(costs, work_of(plan, *sizes), room))
    print("\n" + MARK + json.dumps({"stages": asdict(stages), "measured": asdict(found), "of": plan.data.prompts_per_step}))


def predicted_by(recipe: Path, prompts: int, folder: Path, options: list[str]) -> dict[str, Any]:
    """The same in a process of its own."""
    paths = os.pathsep.join([str(ROOT / "src"), str(Path(__file__).parent)])
    words = [sys.executable, __file__, "--child", str(recipe), str(prompts), *options]
    done = subprocess.run(
        words, cwd=folder, env=os.environ | ENVIRONMENT | {"PYTHONPATH": paths}, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not lines:
        sys.exit(f"{recipe} could not be predicted (exit status {done.returncode}):\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK))
    return found


def of_job(name: str, prompts: int, steps: int, folder: Path) -> list[list[str]]:
    """A job of `step_job.py`, in seconds of the processor."""
    if JOBS[name].shape is not None:
        child(["policy", name, str(folder / name)], ROOT, folder)
    recipe = folder / f"{name}.predicted.json"
    recipe.write_text(json.dumps(recipe_of(JOBS[name], ROOT, folder, steps)))
    found = predicted_by(recipe, prompts, folder, [])
    record = measured(name, ROOT, folder, steps)
    taken = {stage: mean(one.get(stage, (0.0, 0.0))[1] for one in record.stages[1:]) for stage in STAGES}
    return rows(name, found, taken, {"generate": ["generate"], "score and update": ["score", "update"]})


def of_run(run: Path, prompts: int, folder: Path) -> list[list[str]]:
    """A run that was made before, in seconds that passed."""
    points = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    points = [point for point in points if "time/update" in point][1 : 1 + FIRST]
    taken = {stage: mean(point[f"time/{stage}"] for point in points) for stage in STAGES}
    options = ["--threads", "1"]
    found = predicted_by((run / "config.yaml").resolve(), prompts, folder, options)
    return rows(run.name, found, taken, {stage: [stage] for stage in STAGES})


def rows(name: str, found: dict[str, Any], taken: dict[str, float], parts: dict[str, list[str]]) -> list[list[str]]:
    """Of the table: parts of a step, and all of them, without what is beside its stages."""
    told = []
    how = f"{found['measured']['prompts']} prompts for {found['of']}"
    for part, stages in (parts | {"all": list(STAGES)}).items():
        said, was = sum(found["stages"][stage] for stage in stages), sum(taken[stage] for stage in stages)
        told.append([name, how, part, f"{said:.3g}", f"{was:.3g}", f"{said / was:.2f}"])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted seconds of a step beside measured ones.")
    parser.add_argument("--jobs", nargs="*", default=["simko.yaml", "135M"], choices=list(JOBS))
    parser.add_argument("--runs", nargs="*", type=Path, default=[], metavar="FOLDER", help="runs that were made before")
    parser.add_argument("--prompts", type=int, default=10, help="of the small steps")
    parser.add_argument("--steps", type=int, default=6, help="of fit; the first is dropped")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where to write the table")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    table: list[list[str]] = []
    with tempfile.TemporaryDirectory() as place:
        for job in options.jobs:
            table += of_job(job, options.prompts, options.steps, Path(place))
        for run in options.runs:
            table += of_run(run, options.prompts, Path(place))
    text = "\n".join(f"| {' | '.join(line)} |" for line in [COLUMNS, ["---"] * 3 + ["---:"] * 3, *table])
    text += f"\n\nLoad {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end.\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        predict(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    else:
        main()
