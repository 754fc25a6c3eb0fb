from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from asym_lit.cli import main
from asym_lit.lit.study.cells import cells
from asym_lit.lit.study.definition import read_study
from runs import ROOT
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


def killed(path: Path) -> None:
    """Runs the study in a process of its own, in which it is killed."""
    words = ["study", str(path), "--out", str(path.parent / "out"), "--trainer", FAKE]
    done = subprocess.run([sys.executable, "-m", "asym_lit.cli", *words], capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


def test_a_study_killed_twice_ends_with_the_report_of_one_that_never_was(tmp_path):
    """The first time its trainer lives on, and holds its cell; the second time it dies as well, half way."""
    calm, wild = stocked(written(tmp_path / "calm")), stocked(written(tmp_path / "wild"))
    study(calm)
    (wild.parent / "die").write_text("some/seed_1 study\nplain/seed_2 both")
    killed(wild)
    killed(wild)
    study(wild)
    assert calls(calm) == [f"{arm}/seed_{seed}" for seed in (1, 2) for arm in ("plain", "some", "much")]
    assert calls(wild) == [*calls(calm)[:4], "plain/seed_2 resumed", *calls(calm)[4:]]  # nothing that was done ran again
    assert report(wild) == report(calm)
    assert "Three arms" in report(calm)
    study(wild)
    assert len(calls(wild)) == 7
    assert report(wild) == report(calm)


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
    words = list(cell.words)
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
    files = [Path(word).name for flag, word in zip(easy.words, easy.words[1:], strict=False) if flag == "--config"]
    assert files == ["recipe.yaml", "overlay.yaml", "arm.plain.easy.plain.seed_3.yaml"]
    assert "of y" in easy.overlays[tmp_path / "out/cells" / files[-1]]
    files = [Path(word).name for flag, word in zip(hard.words, hard.words[1:], strict=False) if flag == "--config"]
    assert files == ["recipe.yaml", "overlay.yaml", "task.hard.yaml", "arm.plain.yaml"]
    hard.prepare()
    assert yaml.safe_load((tmp_path / "out/cells/task.hard.yaml").read_text()) == {"data": {"init_args": {"task": "x"}}}
    options = dict(zip(hard.words[::2], hard.words[1::2], strict=True))
    assert options["--model.objective.alpha"] == "0.1"
    assert options["--fake.fail"] == "false"


def test_a_cell_that_was_begun_with_other_settings_is_refused(tmp_path):
    study(stocked(written(tmp_path, seeds=[1], arms={"plain": {"set": {"fake.gain": 0.0}}})))
    path = written(tmp_path, seeds=[1], arms={"plain": {"set": {"fake.gain": 0.0}}, "some": {"set": {"fake.gain": 0.5}}})
    study(path)  # another arm is no other setting
    (tmp_path / "out/task/plain/seed_1/run.json").write_text('{"state": "running"}')
    changed = written(tmp_path, seeds=[1], arms={"plain": {"set": {"fake.gain": 0.25}}})
    with pytest.raises(SystemExit, match=r"plain/seed_1 was begun with other settings \(0\.0 became 0\.25\)"):
        study(changed)


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


def test_values_of_arms_and_tasks_stand_for_whole_parts_of_settings(tmp_path):
    path = written(
        tmp_path,
        set={"a": {"reward": "{reward}", "text": "seed {seed} of {arm}"}, "b.seed": "{seed}"},
        tasks={"easy": {"values": {"verifier": "Exact"}}, "hard": {"values": {"verifier": "Other"}}},
        arms={"noisy": {"values": {"reward": {"class_path": "Random", "init_args": {"verifier": "{verifier}"}}}}},
        seeds=[3],
    )
    easy, hard = cells(read_study(path), tmp_path / "out")
    (overlay,) = easy.overlays.values()
    reward = {"class_path": "Random", "init_args": {"verifier": "Exact"}}
    assert yaml.safe_load(overlay) == {"a": {"reward": reward, "text": "seed 3 of noisy"}}
    assert "verifier: Other" in next(iter(hard.overlays.values()))
    assert set(easy.overlays).isdisjoint(hard.overlays)
    assert ("--b.seed", "3") in zip(easy.words, easy.words[1:], strict=False)


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
