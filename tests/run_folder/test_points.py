"""Points of TensorBoard after a resume: none twice, none lost, in any reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from asym_lit.run_folder import points as module
from asym_lit.run_folder.points import cut_points


def written(folder: Path, steps: range, every: int = 2) -> Path:
    """What a run writes: a point of training at each step from 0, an evaluation behind each second one, a table."""
    with SummaryWriter(str(folder)) as writer:
        for step in steps:
            writer.add_scalar("loss", float(step), step)
            writer.add_text("rollouts", "| a |", step)
            if (step + 1) % every == 0:
                writer.add_scalar("val/pass@1", float(step + 1), step + 1)
    return folder


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    found = EventAccumulator(str(folder))
    found.Reload()
    return [(event.step, event.value) for event in found.Scalars(tag)] if tag in found.Tags()["scalars"] else []


@pytest.mark.parametrize(
    ("step", "evaluated", "training", "evaluations"),
    [
        (2, False, [0, 1], []),  # the evaluation behind step 2 is made anew
        (2, True, [0, 1], [2]),
        (3, False, [0, 1, 2], [2]),
        (4, True, [0, 1, 2, 3], [2, 4]),
        (0, False, [], []),
        (9, True, [0, 1, 2, 3, 4], [2, 4]),
    ],
)
def test_points_before_the_step_stay_and_those_beyond_are_cut(tmp_path, step, evaluated, training, evaluations):
    cut_points(written(tmp_path, range(5)), step, evaluated)
    assert points(tmp_path, "loss") == [(step, float(step)) for step in training]
    assert points(tmp_path, "val/pass@1") == [(step, float(step)) for step in evaluations]


def test_points_of_several_starts_and_half_a_record_are_cut_alike_and_others_go_on_behind_them(tmp_path):
    written(tmp_path, range(2))
    written(tmp_path, range(2, 5))
    first, second = sorted(tmp_path.glob("events.out.tfevents.*"))
    with second.open("r+b") as file:
        file.truncate(second.stat().st_size - 7)  # as a kill cuts it
    cut_points(tmp_path, 3, evaluated=False)
    assert sorted(tmp_path.iterdir()) == [first, second]
    written(tmp_path, range(3, 5))
    assert points(tmp_path, "loss") == [(step, float(step)) for step in range(5)]
    assert [step for step, _ in points(tmp_path, "val/pass@1")] == [2, 4]


def test_what_is_not_cut_is_as_it_was_written(tmp_path):
    (file,) = written(tmp_path, range(3)).iterdir()
    before = file.read_bytes()
    cut_points(tmp_path, 3, evaluated=True)
    assert file.read_bytes() == before


def test_a_run_that_goes_on_where_the_clock_is_years_behind_keeps_the_order_of_its_points(tmp_path, monkeypatch):
    """Three starts on a machine whose clock says 2036, then one here: by its name the last file would be read first."""
    for number, steps in enumerate((range(2), range(2, 4), range(4, 6))):
        written(tmp_path, steps)
        (new,) = [path for path in tmp_path.iterdir() if "2080000" not in path.name]
        new.rename(tmp_path / f"events.out.tfevents.{2080000000 + 5 * number}.ahead.{9 - number}.0")
    cut_points(tmp_path, 5, evaluated=True)
    written(tmp_path, range(5, 7))
    assert [path.name.split(".")[4] for path in sorted(tmp_path.iterdir())][:3] == ["ahead"] * 3
    assert points(tmp_path, "loss") == [(step, float(step)) for step in range(7)]
    names = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(module, "time", lambda: 2090000000.0)  # and back: nothing is behind that clock, so nothing moves
    cut_points(tmp_path, 9, evaluated=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
