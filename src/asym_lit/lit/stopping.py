"""How a run ends early without losing anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import torch.distributed as dist

from asym_lit.lit.distributed import all_lists, any_process, world_size
from asym_lit.types import RunStoppedError, VerifierError


class HeldFault:
    """Holds a fault of this process until all of them meet: raised at once, it would leave the others waiting in a collective.

    What is done under it (`with held: ...`) needs no other process. A single process waits for none, and holds nothing.
    """

    def __init__(self) -> None:
        self.fault: Exception | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> bool:
        held = isinstance(fault, Exception) and world_size() > 1
        self.fault = self.fault or (fault if held else None)  # type: ignore[assignment]
        return held

    def release(self) -> None:
        """End every process here if one holds a fault: that one by it, the others by its words. A collective."""
        if world_size() == 1 or not any_process(self.fault is not None):
            return
        kind = "" if isinstance(self.fault, VerifierError) else f"{type(self.fault).__name__}: "
        mine = [f"process {dist.get_rank()} on {socket.gethostname()}: {kind}{self.fault}"] if self.fault else []
        words = all_lists(mine)
        if self.fault:
            self.fault.ends_all = True  # type: ignore[attr-defined]
            raise self.fault
        raise RunStoppedError(f"A fault of {words[0]}", state="failed")


@contextmanager
def met_by_all() -> Iterator[None]:
    """A piece of work at whose end all processes meet, and end alike if it failed on one. A collective."""
    held = HeldFault()
    with held:
        yield
    held.release()


def ends_all(fault: BaseException) -> bool:
    """Whether every process ends here, at the same place, so that a collective may still be made."""
    return isinstance(fault, RunStoppedError) or world_size() == 1 or getattr(fault, "ends_all", False)
