"""TensorBoard's points of a run, in its event files: those that a resumed run makes again are cut out.

They are written by Lightning's logger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from asym_lit.run_folder.paths import EVENTS
from asym_lit.run_folder.writing import renamed_when_whole

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event


BEGIN = EVENTS.removesuffix("*")
"""Of a file's name; ten digits come next, the seconds at which it was begun, then the host."""


def cut_points(folder: Path, step: int, evaluated: bool) -> None:
    """Keep the points before a step: a run goes on behind its checkpoint, and what it had written beyond comes again.

    TensorBoard's own `purge_step` hides such points from some of its readers, leaves them to all others, and knows one step
    for all: training counts its steps from 0, so after 4 of them the last point is at 3 and that of an evaluation at 4.

    Args:
        folder: With event files, none of which is being written; the half of a record at the end of one goes too.
        step: Rollout steps made.
        evaluated: The evaluation behind the last of them is made; its points stay.
    """
    from tensorboard.summary.writer.record_writer import RecordWriter  # with its readers 0.1 s of a start

    for path in sorted(folder.glob(EVENTS)):
        with renamed_when_whole(path) as partial, partial.open("xb") as file:
            writer = RecordWriter(file)
            for event in _kept(path, step, evaluated):
                writer.write(event.SerializeToString())
    put_before(folder, int(time()) + 1)


def put_before(folder: Path, now: int) -> None:
    """Have the event files sort before one that is begun now: TensorBoard reads them by name, which begins with a time.

    A run may go on where the clock is behind that of the machine that it began on. Its new file would be read first, and
    TensorBoard would take the older points behind it for a run begun anew, and drop the newer ones.

    Args:
        folder: With the files, none of which is being written.
        now: In seconds, by the clock of this machine; the files keep their order.
    """
    for path in sorted(folder.glob(EVENTS), reverse=True):
        at = path.name.removeprefix(BEGIN).partition(".")[0]
        if not at.isdigit():
            continue
        if int(at) < now:
            now = int(at) + 1  # of two that were begun in one second, the rest of the name has the order
            continue
        now -= 1
        path.rename(path.with_name(f"{BEGIN}{now:010d}{path.name.removeprefix(BEGIN + at)}"))


def has_points(path: Path) -> bool:
    """Whether an event file holds any."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return any(event.summary.value for event in LegacyEventFileLoader(str(path)).Load())


def _kept(path: Path, step: int, evaluated: bool) -> Iterator[Event]:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from tensorboard.compat.proto.summary_pb2 import Summary

    for event in LegacyEventFileLoader(str(path)).Load():
        values = event.summary.value
        stays = [v for v in values if event.step < step + (evaluated and v.tag.startswith("val/"))]
        if stays and len(stays) < len(values):
            event.summary.CopyFrom(Summary(value=stays))
        if stays or not values:
            yield event
