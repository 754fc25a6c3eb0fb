"""What programs may take, and where they run: what the local sandbox and a service have in common."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from asym_lit.programs.forms import Tests
from asym_lit.types import check_least

PATIENCE, LEAST_WALL = 40, 2.0
"""Times the processor time that a test may take by the clock, which only guards: many processes may share a core. And seconds
beside that, for a start."""
WRITTEN = 16 << 20
"""Bytes of the largest file a program may write."""


@dataclass(frozen=True)
class ProgramLimits:
    """What a program may take.

    Args:
        seconds: Processor time of a test; of asserts all together.
        memory_mb: Virtual memory, in MiB.
        stop: Stop at the first test that fails.
        prelude: Code that runs before every program.
    """

    seconds: float
    memory_mb: int
    stop: bool
    prelude: str

    def __post_init__(self) -> None:
        check_least("{name} of CodeTests", 0.1, seconds=self.seconds)
        check_least("{name} of CodeTests", 256, memory_mb=self.memory_mb)

    @property
    def wall(self) -> float:
        """Seconds by the clock after which a process is ended."""
        return PATIENCE * self.seconds + LEAST_WALL

    @property
    def common(self) -> dict[str, Any]:
        """What every job has."""
        return {"memory": self.memory_mb << 20, "file": WRITTEN, "prelude": self.prelude}


@runtime_checkable
class ProgramRunner(Protocol):
    """Judges programs somewhere."""

    def open(self, limits: ProgramLimits) -> None:
        """Get ready; called once more does no harm."""
        ...

    @property
    def confines(self) -> bool:
        """Whether it promises that programs reach no network and start no processes."""
        ...

    def submit(self, program: str, tests: Tests, seconds: float) -> Future[Mapping[str, Any]]:
        """What `programs.judging` finds, later: `outcome`, `reason`, and more where a program ran."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
