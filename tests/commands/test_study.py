from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from asym_lit.cli import main
from asym_lit.commands.study.cells import cells
from asym_lit.commands.study.definition import read_study
from runs import ROOT, SMALL, run_alone
from studies import fake_run

GAINS = {"plain": 0.0, "some": 1.0, "much": 2.0}
FAKE = f"['{sys.executable}', '{ROOT / 'tests' / 'fake_trainer.py'}']"


def written(folder: Path, **changes: object) -> Path:
    """A study file with three arms and two seeds for the fake trainer."""
    folder.mkdir(parents=True, exist_ok=True)
    study: dict[str, object] = {
        "title": "Three arms",
        "seeds": [1, 2],
        "set": {"fake.home": str(folder), "fake.fail": False},
        "arms": {name: {"set": {"fake.gain": gain}} for name, gain in GAINS.items()},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False))
    return path


def stocked(path: Path) -> Path:
    """With the run folders that the fake trainer will put in place."""
    for name, gain in GAINS.items():
        for seed in (1, 2):
            for part, steps in (("half", {"state": "running", "reached": 4}), ("whole", {})):
                folder = path.parent / "stock" / part / name / f"seed_{seed}"
                fake_run(folder, seed, gain, problems=12, n=8, **steps)
    return path


def study(path: Path, *words: str) -> None:
    main(["study", str(path), "--out", str(path.parent / "out"), "--trainer", FAKE, *words])


def calls(path: Path) -> list[str]:
    return (path.parent / "calls").read_text().splitlines()


def report(path: Path) -> str:
    return (path.parent / "out" / "report" / "task" / "index.html").read_text()


def killed(path: Path, *more: str) -> None:
    """Runs the study in a process of its own, in which it is killed."""
    run_alone("study", str(path), "--out", str(path.parent / "out"), *more, expect=-signal.SIGKILL)


def test_a_study_killed_twice_ends_with_the_report_of_one_that_never_was(tmp_path):
    """The first time its trainer lives on, and holds its cell; the second time it dies as well, half way."""
    calm, wild = stocked(written(tmp_path / "calm")), stocked(written(tmp_path / "wild"))
    study(calm)
    (wild.parent / "die").write_text("some/seed_1 study\nplain/seed_2 both")
    killed(wild, "--trainer", FAKE)
    killed(wild, "--trainer", FAKE)
    study(wild)
    assert calls(calm) == [f"{arm}/seed_{seed}" for seed in (1, 2) for arm in ("plain", "some", "much")]
    assert calls(wild) == [*calls(calm)[:4], "plain/seed_2 resumed", *calls(calm)[4:]]  # nothing that was done ran again
    assert report(wild) == report(calm)
    assert "Three arms" in report(calm)
    study(wild)
    assert len(calls(wild)) == 7
    assert report(wild) == report(calm)


def of_real_runs(folder: Path) -> Path:
    """A study file with two arms that train the bundled policy for three steps, with a checkpoint after each."""
    names = ("PassAtK", "Dynamics", "Ledger", "RunRecord")
    callbacks = [
        {"class_path": "VerifierReward", "init_args": {"verifier": {"class_path": "asym_lit.tasks.CountdownVerifier"}}},
        *({"class_path": name} for name in names),
        {"class_path": "RolloutCheckpoint", "init_args": {"every_n_steps": 1}},
        {"class_path": "killers.KillWhenTold", "init_args": {"orders": str(folder / "die")}},
    ]
    small = {flag.removeprefix("--"): value for flag, value in zip(SMALL[::2], SMALL[1::2], strict=True)}
    settings = {**small, "data.rollout_steps": 3, "trainer.val_check_interval": 3, "trainer": {"callbacks": callbacks}}
    arms = {name: {"set": {"model.optimizer.lr": rate}} for name, rate in (("slow", 0.0001), ("fast", 0.001))}
    return written(folder, recipe=str(ROOT / "configs" / "grpo.yaml"), set=settings, arms=arms, seeds=[1], baseline="slow")


def test_real_runs_killed_in_training_end_with_the_report_of_some_that_never_were(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")]))
    calm, wild = of_real_runs(tmp_path / "calm"), of_real_runs(tmp_path / "wild")
    main(["study", str(calm), "--out", str(calm.parent / "out")])
    (wild.parent / "die").write_text("slow 2\nfast 0")  # with two checkpoints, and with none
    killed(wild)
    killed(wild)
    assert not (wild.parent / "die").read_text()
    main(["study", str(wild), "--out", str(wild.parent / "out")])
    for file in ("report/task/comparison.json", "task/slow/seed_1/ledger.parquet", "task/fast/seed_1/ledger.parquet"):
        assert (wild.parent / "out" / file).read_bytes() == (calm.parent / "out" / file).read_bytes(), file
    slow, fast = ((wild.parent / "out" / "cells" / f"task.{arm}.seed_1.log").read_text() for arm in ("slow", "fast"))
    assert "step_000002/lightning.ckpt" in slow and "lightning.ckpt" not in fast  # went on; began anew


def test_a_run_that_fails_is_named_and_the_others_go_on(tmp_path, capsys):
    plain, bad, late = {"set": {"fake.gain": 0.0}}, {"set": {"fake.fail": True}}, {"after": "some", "set": {"fake.gain": 2.0}}
    path = stocked(written(tmp_path, arms={"plain": plain, "some": bad, "much": late}, seeds=[1]))
    with pytest.raises(SystemExit, match=r"2 runs did not end: task/some/seed_1, task/much/seed_1\. The same command goes on"):
        study(path)
    assert calls(path) == ["plain/seed_1", "some/seed_1"]
    out = capsys.readouterr().out
    assert "failed   task/some/seed_1: exit code 1" in out and "told to fail" in out
    assert "plain" in report(path)


def test_an_arm_waits_for_the_one_it_comes_after_and_finds_its_folder(tmp_path):
    first = {"set": {"fake.gain": 1.0}}
    second = {"after": "much", "set": {"data.task.history": "{folder}/{task}/much/seed_{seed}/x.parquet"}}
    path = stocked(written(tmp_path, arms={"some": second, "much": first}, seeds=[2]))
    study(path, "--jobs", "2")
    assert calls(path) == ["much/seed_2", "some/seed_2"]
    (cell,) = [c for c in cells(read_study(path), Path("out")) if c.arm == "some"]
    words = list(cell.line.words)
    assert words[words.index("--data.task.history") + 1] == "out/task/much/seed_2/x.parquet"


def test_overlays_are_written_and_files_come_in_order(tmp_path):
    for name in ("recipe.yaml", "never.yaml", "overlay.yaml"):
        (tmp_path / name).write_text("a: 1")
    model = {"init_args": {"policy": "of {x}"}}
    path = written(
        tmp_path,
        recipe="never.yaml",
        config=["overlay.yaml"],
        tasks={"easy": {"values": {"x": "y"}}, "hard": {"set": {"data": {"init_args": {"task": "x"}}}}},
        arms={"plain": {"recipe": "recipe.yaml", "set": {"model.objective.alpha": 0.1, "model": model}}},
        seeds=[3],
    )
    easy, hard = cells(read_study(path), tmp_path / "out")
    assert easy.name == "easy/plain/seed_3"
    files = [Path(word).name for flag, word in zip(easy.line.words, easy.line.words[1:], strict=False) if flag == "--config"]
    assert files == ["recipe.yaml", "overlay.yaml", "arm.plain.easy.plain.seed_3.yaml"]
    assert "of y" in easy.line.overlays[tmp_path / "out/cells" / files[-1]]
    files = [Path(word).name for flag, word in zip(hard.line.words, hard.line.words[1:], strict=False) if flag == "--config"]
    assert files == ["recipe.yaml", "overlay.yaml", "task.hard.yaml", "arm.plain.yaml"]
    hard.prepare()
    assert yaml.safe_load((tmp_path / "out/cells/task.hard.yaml").read_text()) == {"data": {"init_args": {"task": "x"}}}
    options = dict(zip(hard.line.words[::2], hard.line.words[1::2], strict=True))
    assert options["--model.objective.alpha"] == "0.1"
    assert options["--fake.fail"] == "false"


@pytest.mark.parametrize("state", ["running", "finished"])
def test_a_cell_that_was_begun_with_other_settings_is_refused_before_anything_runs(tmp_path, state):
    arms = {"plain": {"set": {"fake.gain": 0.0}}}
    study(stocked(written(tmp_path, seeds=[1], arms=arms)))
    some = {"some": {"set": {"fake.gain": 0.5}}}
    study(written(tmp_path, seeds=[1], arms={**arms, **some}))  # another arm is no other setting
    record = tmp_path / "out/task/plain/seed_1/run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "state": state}))
    before = report(tmp_path / "study.yaml")
    changed = written(tmp_path, seeds=[1, 2], arms={**some, "plain": {"set": {"fake.gain": 0.25}}})
    words = r"plain/seed_1 was begun with other settings \(--fake\.gain 0\.0 became --fake\.gain 0\.25\)"
    for how in ("run", "commands", "slurm"):
        with pytest.raises(SystemExit, match=words):
            study(changed, "--how", how)
    assert calls(changed) == ["plain/seed_1", "some/seed_1"]
    assert report(changed) == before


@pytest.mark.parametrize(
    ("edited", "text", "words"),
    [
        ("overlay.yaml", "a: 2", r"overlay\.yaml says something else now"),
        ("part.yaml", "c: 2", r"overlay\.yaml says something else now"),
        ("study.yaml", None, r"arm\.plain\.yaml says something else now"),
    ],
)
def test_a_file_that_says_something_else_than_when_a_cell_was_begun_is_noticed(tmp_path, edited, text, words):
    (tmp_path / "overlay.yaml").write_text("a: 1\nb: part.yaml")
    (tmp_path / "part.yaml").write_text("c: 1")

    def with_inner(value: int) -> Path:
        arms = {"plain": {"config": ["overlay.yaml"], "set": {"inner": {"value": value}}}}
        return written(tmp_path, seeds=[1], arms=arms)

    path = stocked(with_inner(1))
    study(path)
    study(path)
    if text is None:
        with_inner(2)
    else:
        (tmp_path / edited).write_text(text)
    with pytest.raises(SystemExit, match=words):
        study(path)


def test_the_same_files_elsewhere_are_the_same_settings(tmp_path, monkeypatch):
    """Another checkout, and a folder of results that was moved and is called by a relative path."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "overlay.yaml").write_text("a: 1")
    arm = {"config": ["overlay.yaml"], "set": {"inner": {"history": "{folder}/{task}/x.parquet"}}}
    study(stocked(written(tmp_path / "one", seeds=[1], arms={"plain": arm})))
    shutil.move(tmp_path / "one", tmp_path / "two")
    monkeypatch.chdir(tmp_path)
    main(["study", "two/study.yaml", "--out", "two/out", "--trainer", FAKE])
    assert calls(tmp_path / "two" / "study.yaml") == ["plain/seed_1"]


def test_the_folder_says_what_was_asked_for_and_each_run_which_code_made_it(tmp_path, monkeypatch):
    path = stocked(written(tmp_path / "study", seeds=[1], metrics=["time/step"]))
    study(path)
    runs = {place: place.read_text() for place in (tmp_path / "study" / "out").rglob("run.json")}
    monkeypatch.chdir(tmp_path)  # outside of the repository: another git state
    study(path)
    assert json.loads((tmp_path / "study/out/study.json").read_text()) == {
        "title": "Three arms",
        "baseline": "plain",
        "tasks": ["task"],
        "arms": ["plain", "some", "much"],
        "seeds": [1],
        "metrics": ["time/step"],
    }
    assert len(runs) == 3
    assert all("git" in json.loads(text) and place.read_text() == text for place, text in runs.items())


def test_two_jobs_are_two_runs_at_once(tmp_path):
    path = stocked(written(tmp_path, seeds=[1]))
    (tmp_path / "meet").write_text("plain/seed_1 some/seed_1")  # neither ends before both have begun
    study(path, "--jobs", "2")
    assert sorted(calls(path)) == ["much/seed_1", "plain/seed_1", "some/seed_1"]


def test_what_is_missing_in_a_report_is_said_in_it(tmp_path, capsys):
    path = stocked(written(tmp_path))
    for gone in ("plain/seed_1", "plain/seed_2", "much/seed_2"):
        shutil.rmtree(tmp_path / "stock" / "half" / gone)  # these fail at once
    with pytest.raises(SystemExit, match="3 runs did not end: task/plain/seed_1, task/plain/seed_2, task/much/seed_2"):
        study(path)
    baseline = "The study's baseline plain has no run to compare, so arms are held against some."
    failed = ("plain/seed_1", "plain/seed_2", "much/seed_2")
    absent = "Not among the 3 of 6 runs below, for want of a ledger.parquet: " + ", ".join(
        f"{name} (without a record)" for name in failed
    )
    found = json.loads((tmp_path / "out/report/task/comparison.json").read_text())
    assert found["notes"][:-1] == [baseline, f"{absent}."]
    assert found["notes"][-1].startswith("Two seeds: some.")
    assert found["baseline"] == "some"
    out = " ".join(capsys.readouterr().out.split())
    assert f"Note task: {baseline}" in out and absent in out


def test_a_study_of_whole_runs_says_nothing_is_missing(tmp_path):
    path = stocked(written(tmp_path))
    study(path)
    (note,) = json.loads((tmp_path / "out/report/task/comparison.json").read_text())["notes"]
    assert note.startswith("Two seeds: plain, some, much.")  # and nothing else


def test_runs_that_ended_without_a_ledger_are_refused_a_report_with_what_to_write(tmp_path, capsys):
    path = stocked(written(tmp_path, seeds=[1]))
    for ledger in (tmp_path / "stock").rglob("ledger.parquet"):
        ledger.unlink()
    for _ in range(2):
        with pytest.raises(
            SystemExit, match=r"no run of task has written a ledger\.parquet, .* Add\s+asym_lit\.lit\.callbacks\.Ledger"
        ):
            study(path)
        assert "No report task: no run of it" in " ".join(capsys.readouterr().out.split())
    assert len(calls(path)) == 3


def test_what_is_left_is_printed_as_commands_and_as_an_array(tmp_path, capsys):
    path = stocked(written(tmp_path, seeds=[1]))
    study(path, "--only", "[task/some/seed_1]")
    assert not (tmp_path / "out" / "report").exists()
    capsys.readouterr()
    study(path, "--how", "commands")
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["'[task/plain/seed_1]'", "'[task/much/seed_1]'"]
    study(path, "--how", "slurm", "--jobs", "2")
    script = capsys.readouterr().out
    assert "#SBATCH --array=0-1%2" in script and "cells=(task/plain/seed_1 task/much/seed_1)" in script
    assert "wait" not in script


def test_what_is_printed_runs_what_it_names_with_the_trainer_it_was_given(tmp_path, capsys):
    path = stocked(written(tmp_path, seeds=[1]))
    study(path, "--how", "commands")
    first, *_ = capsys.readouterr().out.splitlines()
    subprocess.run(shlex.split(first), check=True, timeout=120)
    study(path, "--how", "slurm")
    script = capsys.readouterr().out
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "1"}
    subprocess.run(["bash", "-c", script], check=True, timeout=120, env=environment)
    assert calls(path) == ["plain/seed_1", "much/seed_1"]


def test_what_must_wait_is_counted_where_the_rest_is_printed(tmp_path, capsys):
    arms = {"plain": {"set": {"fake.gain": 0.0}}, "some": {"after": "plain", "set": {"fake.gain": 1.0}}}
    path = stocked(written(tmp_path, arms=arms))
    waiting = "# 2 more must wait until others are done; print again then."
    study(path, "--how", "commands")
    assert capsys.readouterr().out.splitlines()[2:] == [waiting]
    study(path, "--how", "slurm")
    script = capsys.readouterr().out.splitlines()
    assert "#SBATCH --array=0-1%1" in script and waiting in script
    with pytest.raises(SystemExit, match=r"task/some/seed_1 waits for the arm plain; name that cell in --only as well"):
        study(path, "--how", "slurm", "--only", "[task/some/seed_1]")


def test_values_of_arms_and_tasks_stand_for_whole_parts_of_settings(tmp_path):
    path = written(
        tmp_path,
        set={"a": {"reward": "{reward}", "text": "seed {seed} of {arm}"}, "b.seed": "{seed}"},
        tasks={"easy": {"values": {"verifier": "Exact"}}, "hard": {"values": {"verifier": "Other"}}},
        arms={"noisy": {"values": {"reward": {"class_path": "Random", "init_args": {"verifier": "{verifier}"}}}}},
        seeds=[3],
    )
    easy, hard = cells(read_study(path), tmp_path / "out")
    (overlay,) = easy.line.overlays.values()
    reward = {"class_path": "Random", "init_args": {"verifier": "Exact"}}
    assert yaml.safe_load(overlay) == {"a": {"reward": reward, "text": "seed 3 of noisy"}}
    assert "verifier: Other" in next(iter(hard.line.overlays.values()))
    assert set(easy.line.overlays).isdisjoint(hard.line.overlays)
    assert ("--b.seed", "3") in zip(easy.line.words, easy.line.words[1:], strict=False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"baseline": "nobody"}, r"baseline 'nobody', which is no arm; allowed: plain, some, much"),
        ({"arms": {"plain": None}}, r"arm 'plain' is empty; write what it is"),
        ({"arms": {"plain": {"set": {}}}}, r"arm 'plain' is empty; write what it is"),
        ({"arms": {}}, r"has no arms; write at least one"),
        ({"arms": {"plain": {"after": "ghost", "set": {"a.b": 1}}}}, r"arm 'plain' is after 'ghost', which is no arm"),
        ({"arms": {"a": {"after": "b", "set": {"a.b": 1}}, "b": {"after": "a", "set": {"a.b": 1}}}}, r"wait for each other"),
        ({"arms": {"plain": {"sets": {}}}}, r"arm 'plain' has sets; allowed: after, config, recipe, set, values"),
        ({"arms": {"a/b": {"set": {"a.b": 1}}}}, r"has 'a/b'; allowed in a name"),
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]; allowed: a list of different whole numbers"),
        ({"config": ["nowhere.yaml"]}, r"names the file nowhere\.yaml, which is neither here nor beside"),
        ({"steps": 3}, r"the study has steps; allowed: arms, baseline"),
    ],
)
def test_a_study_file_that_is_wrong_is_refused_before_anything_runs(tmp_path, changes, words):
    path = written(tmp_path, **changes)
    with pytest.raises(SystemExit, match=words):
        study(path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--jobs", "0"], "jobs is 0; allowed: 1 or more"),
        (["--only", "[task/ghost/seed_1]"], "only names task/ghost/seed_1; allowed: task/"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(tmp_path, options, words):
    with pytest.raises(SystemExit, match=words):
        study(written(tmp_path), *options)
