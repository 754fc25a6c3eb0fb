"""Ends a job of several processes when one of them is lost or all stand still; how that is noticed is in `processes/watching`.

Without it a process waits for a dead one as long as torch's collectives do, half an hour, and then names nobody.
"""

from __future__ import annotations

import atexit
import re
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import torch.distributed as dist
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.distributed import all_lists, check_group
from asym_lit.lit.stopping import ends_all
from asym_lit.loggers.run_place import run_folder
from asym_lit.processes.ending import end_now, in_time, say
from asym_lit.processes.judging import Verdict
from asym_lit.processes.peers import Peer
from asym_lit.processes.progress import PROGRESS
from asym_lit.processes.stacks import COLLECTIVES, stacks
from asym_lit.processes.watching import Watch
from asym_lit.run_folder.ends import keep_stacks, note_end
from asym_lit.types import InputError

UNWINDING = 30.0
"""Seconds that a process with a fault of its own is given to end by itself; a collective in its way never would."""
BROKEN = re.compile("gloo|NCCL|Connection (closed|reset) by peer|Broken pipe")
LONGEST = 500
"""Characters of what a process failed by."""


class Watchdog(Callback):
    """Has the processes of a run watch over each other; every run of several has one, named or not.

    A process that was killed is noticed within seconds, and so is one that fails by itself while the others wait for it; one
    that no longer answers after `silence`. All others then end with exit status 75 and a line that names rank, host and process
    id, and what it was last seen at; each leaves its Python stacks in `stacks/` of the run folder. One that is stopped or stuck
    on the same machine is killed, for it would keep its memory. Where no process has moved for `seconds`, all end the same way.
    What moves: a group of responses, a verdict, a micro-batch, a batch of an evaluation.

    Args:
        seconds: Longest standstill of all processes; 0 for 1500, or four times the longest of this run, whichever is more.
            torch gives up a collective after 1800, whatever stands here.
        silence: Longest silence of a process, in seconds.
    """

    def __init__(self, seconds: float = 0.0, silence: float = 45.0) -> None:
        if seconds < 0:
            raise InputError(f"Watchdog.seconds is {seconds}; allowed: 0 (by the longest standstill so far) or more.")
        if silence < 5:
            raise InputError(f"Watchdog.silence is {silence}; allowed: 5 or more, for a busy machine is late now and then.")
        self.seconds, self.silence = seconds, silence
        self._watch: Watch | None = None
        self._run, self._fits = Path(), False

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._run, self._fits = run_folder(trainer), stage == "fit"
        if trainer.world_size == 1 or self._watch is not None:
            return
        me = Peer.myself(trainer.global_rank)
        watch = Watch(me, trainer.world_size, self.silence, self.seconds, self._end)
        environment: Any = vars(trainer.strategy).get("cluster_environment")
        check_group(trainer.world_size)
        (place,) = all_lists([watch.listen(environment.main_address)] if me.rank == 0 else [])
        words = "" if me.rank == 0 else watch.connect(**place)
        watch.start()
        if failed := [why for why in all_lists([words or watch.meet()]) if why]:
            watch.leave()
            rank_zero_warn(
                f"The processes cannot watch over each other: {failed[0]}. One that dies is noticed when torch gives up a "
                "collective, after half an hour. The first process must be reachable at any port."
            )
            return
        self._watch = watch
        atexit.register(watch.leave)
        take_over_children(trainer)

    def _end(self, verdict: Verdict) -> None:
        """End this process; by the thread of the watch, for the main one may wait for good."""
        assert self._watch is not None
        me = self._watch.me
        if verdict.kind == "failed" and me in verdict.blamed:
            threading.Thread(target=_end_late, daemon=True).start()
            return
        try:
            if verdict.kind == "lost":
                for peer in verdict.blamed:
                    peer.end()
            say(self._words(verdict, me))
        finally:
            end_now()

    def _words(self, verdict: Verdict, me: Peer) -> list[str]:
        """What this process says; one of those that are left says all."""
        assert self._watch is not None
        tells = me.rank == min(set(range(self._watch.size)) - {peer.rank for peer in verdict.blamed})
        lines = [f"error: {verdict.words}." if tells else f"{me} ends. {verdict.words}."]
        if kept := in_time(lambda: keep_stacks(self._run, me.rank, f"{me}. {verdict.words}.")):
            lines.append(f"Stacks          {kept.parent if tells else kept}")
        if tells and self._fits:
            lines += in_time(lambda: note_end(self._run, verdict.words)) or []
        return lines

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if self._watch is not None and not ends_all(exception):
            words = " ".join(f"{type(exception).__name__}: {exception}".split())[:LONGEST]
            self._watch.fault(words, broke_in_a_collective(exception))

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if self._watch is not None:
            self._watch.leave()
            atexit.unregister(self._watch.leave)
            self._watch = None

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        PROGRESS.mark("update", getattr(batch, "step", batch_idx))

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        PROGRESS.mark("end of the step")

    @override
    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        PROGRESS.mark("evaluation")

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        PROGRESS.mark("end of the evaluation")


def _end_late() -> None:
    time.sleep(UNWINDING)
    say([f"{UNWINDING:.0f} s after its fault this process has not ended; it is ended now.", stacks()])
    end_now()


def watched(trainer: Trainer) -> list[Callback]:
    """What a run of several processes that names no watchdog gets."""
    named = any(isinstance(one, Watchdog) for one in trainer.callbacks)  # type: ignore[attr-defined]
    return [] if named or trainer.world_size == 1 else [Watchdog()]


def broke_in_a_collective(fault: BaseException) -> bool:
    """Whether what was raised may be the consequence of another process's end."""
    frames = (str(frame.f_globals.get("__name__", "")) for frame, _ in traceback.walk_tb(fault.__traceback__))
    within = any(name.startswith(COLLECTIVES) for name in frames)
    return within or isinstance(fault, dist.DistError) or bool(BROKEN.search(str(fault)))


def take_over_children(trainer: Trainer) -> None:
    """Have Lightning no longer look after the processes that it started.

    Its observer kills all of them and itself by SIGKILL up to 5 s after the death of one, without a word. It ends when its list
    is empty, which it shares with the launcher; the launcher keeps another one, for Ctrl-C.
    """
    launcher: Any = trainer.strategy.launcher
    if children := list(getattr(launcher, "procs", [])):
        launcher.procs.clear()
        launcher.procs = children
