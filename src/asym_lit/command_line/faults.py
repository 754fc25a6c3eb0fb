"""Which faults are mistakes of a person: wrapped input errors, and what Lightning's trainer refuses of its options."""

from __future__ import annotations

import re
import traceback

from asym_lit.types import InputError, RunStoppedError, VerifierError

CLASS = re.compile("Problem with given class_path '([^']+)'")
"""As jsonargparse names what it could not build."""


def refused_by_lightning(fault: Exception) -> Exception:
    """The fault as an error about `trainer`, if Lightning itself raised it; else the fault.

    A callback or a logger with a fault of its own keeps its stack.
    """
    frames = traceback.extract_tb(fault.__traceback__)
    if isinstance(fault, InputError) or not frames or "/lightning/" not in frames[-1].filename.replace("\\", "/"):
        return fault
    return InputError(f"trainer: {' '.join(str(fault).split())}")


def input_error(fault: BaseException | None) -> InputError | None:
    """The input error behind a fault: jsonargparse wraps what a class raises while it is built."""
    while fault is not None and not isinstance(fault, InputError):
        fault = fault.__cause__ or fault.__context__
    return fault


def _lacks_a_package(fault: BaseException) -> str | None:
    """What is said where a class that was asked for needs a package that is not there; None if that is not the fault."""
    named, missing = CLASS.findall(str(fault)), fault
    while missing is not None and not isinstance(missing, ModuleNotFoundError):
        missing = missing.__cause__ or missing.__context__  # type: ignore[assignment]
    return f"error: {named[-1]} needs a package that is not installed: {missing}" if named and missing else None


def told(fault: BaseException) -> str | None:
    """What is said of a fault in place of a traceback; None if the traceback is to be printed.

    A verifier's is kept in the run folder. Where there is none it is printed, for it leads to the line that is wrong.
    """
    if isinstance(fault, RunStoppedError | KeyboardInterrupt):
        return f"stopped: {str(fault) or 'Ctrl-C.'}"
    if isinstance(fault, VerifierError):
        return f"error: {fault} Its traceback is in {fault.kept_in}" if fault.kept_in else None
    ours = input_error(fault)
    return _lacks_a_package(fault) if ours is None else f"error: {ours}"
