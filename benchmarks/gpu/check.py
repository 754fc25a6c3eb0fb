"""The runner of `check.sh`: each part by name, within its time, and a failed one ends no other.

Parts run in a child, one after the other. One that raises is told as failed; after one that runs out of time, or takes the GPU
down with it, the rest goes on in a new child.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import Any

MARK = "\x1ePART "
PARTS: dict[str, float] = {
    "chunked_head": 60,
    "shared_prompts": 45,
    "adapters": 45,
    "checkpointing": 45,
    "sharded": 60,
    "guard": 60,
    "replay": 60,
    "vllm": 150,
    "0.5B, 1k": 60,
    "1.5B, 1k": 75,
    "0.5B, 4k": 75,
    "1.5B, 4k": 90,
    "trl": 120,
    "fit": 120,
}
"""With the seconds that each may take; most take a tenth of it."""
NOT_SMALL = ("vllm", "trl", "fit")
"""Left out of `--small` unless they are named: the tests have them."""
START = 90
"""Seconds for a child to import torch and find its device."""


def made_part(name: str, small: bool) -> Any:
    """What runs a part, given the place; imported in the child alone."""
    import beside
    import paths
    import step_table

    if ", " in name:
        shape, thousands = name.removesuffix("k").split(", ")
        return partial(step_table.step, shape=shape, response=(8 if small else 1024) * int(thousands))
    return getattr(beside if hasattr(beside, name) else paths, name)


def child(names: list[str], small: bool) -> None:
    """Run parts, and say of each how it went, a line of JSON each."""
    import torch
    from made import Place, SkippedError

    if not small and not torch.cuda.is_available():
        say(stops=f"torch {torch.__version__} finds no GPU here; write --small for tiny policies on the CPU")
        return
    place = Place(torch.device("cpu") if small else torch.device("cuda", 0), small)
    say(ready=True, about=about(place))
    for name in names:
        say(begins=name)
        told: dict[str, Any] = {"name": name}
        start = perf_counter()
        try:
            told |= {"status": "ok", "figures": made_part(name, small)(place)}
            place.wait()
        except SkippedError as why:
            told |= {"status": "skipped", "why": str(why)}
        except Exception as fault:  # whatever a part that has never run here may raise
            told |= {"status": "failed", "why": f"{type(fault).__name__}: {fault}"[:2000]}
        say(**told, seconds=perf_counter() - start)
        try:
            place.forget_peak()
            place.wait()
        except RuntimeError:  # the GPU answers nothing more in this process
            os._exit(3)


def say(**fields: Any) -> None:
    """A line for the parent."""
    print(MARK + json.dumps(fields), flush=True)


def about(place: Any) -> dict[str, Any]:
    """The machine and what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    import torch

    found = {"device": torch.cuda.get_device_name() if place.is_gpu else "CPU", "python": sys.version.split()[0]}
    if place.is_gpu:
        found |= {
            "cuda": str(torch.version.cuda),
            "memory GiB": f"{torch.cuda.get_device_properties(0).total_memory / 2**30:.0f}",
        }
    for name in ("torch", "transformers", "vllm", "trl", "peft", "lightning"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class Child:
    """A process that runs parts, and what it says."""

    def __init__(self, names: list[str], small: bool) -> None:
        words = [sys.executable, __file__, "--child", *names, *(["--small"] if small else [])]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, errors="replace"
        )
        self.said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.log: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if MARK in line:
                self.said.put(json.loads(line.partition(MARK)[2]))
            else:
                self.log.append(line)
        self.said.put(None)

    def next(self, seconds: float) -> dict[str, Any] | None:
        """What it says next; None if it has ended.

        Raises:
            queue.Empty: If that takes longer.
        """
        return self.said.get(timeout=seconds)

    def kill(self) -> None:
        """End it and what it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(names: list[str], small: bool) -> dict[str, Any]:
    """All parts, in as many children as it takes."""
    found: dict[str, Any] = {"about": {}, "parts": []}
    waiting = list(names)
    while waiting:
        one = Child(waiting, small)
        why, within = "", START
        try:
            while waiting:
                told = one.next(within)
                if told is None:
                    why = f"the process ended with status {one.process.wait()}: {''.join(one.log)[-1500:].strip()}"
                    break
                if "stops" in told:
                    sys.exit(f"error: {told['stops']}")
                if "about" in told:
                    found["about"] = told["about"]
                elif "begins" in told:
                    within = PARTS[told["begins"]]
                else:
                    waiting.remove(told["name"])
                    show(told)
                    found["parts"].append(told)
        except queue.Empty:
            why = f"it took more than {within:.0f} s"
        one.kill()
        if waiting and why:
            told = {"name": waiting.pop(0), "status": "failed", "why": why, "seconds": float(within)}
            show(told)
            found["parts"].append(told)
    return found


def show(told: dict[str, Any]) -> None:
    """One line of a part."""
    said = told.get("why") or ", ".join(f"{k} {brief(v)}" for k, v in told["figures"].items() if not isinstance(v, dict))
    print(f"{told['status']:8}{told['name']:16}{told['seconds']:6.1f} s  {said}", flush=True)


def brief(value: Any) -> str:
    """A figure for people."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


STAGES = ("generate", "score", "update", "sync")
COLUMNS = ("policy", "response", *(f"{stage}, s" for stage in STAGES), "step, s", "tokens/s", "updated/s", "share of peak")
COLUMNS += ("peak GiB", "preflight GiB", "predicted: generate, score, update")


def markdown(found: dict[str, Any]) -> str:
    """The page for the docs."""
    steps = [part["figures"] for part in found["parts"] if part["status"] == "ok" and "seconds" in part["figures"]]
    rows = []
    for one in steps:
        seconds, share = one["seconds"], one.get("share of peak")
        cells = [one["policy"], str(one["response"]), *(f"{seconds[stage]:.3g}" for stage in STAGES), f"{one['step']:.3g}"]
        cells += [f"{one['tokens/s']:,.0f}", f"{one['tokens/s updated']:,.0f}", "" if share is None else f"{share:.0%}"]
        cells += [f"{one['peak GiB']:.1f}" if one["peak GiB"] else "", f"{one['preflight GiB']:.1f}"]
        cells.append(", ".join(f"{value:.3g}" for value in one.get("predicted", {}).values()))
        rows.append(cells)
    parts = [
        [part["name"], part["status"], f"{part['seconds']:.1f}", (part.get("why") or figures_of(part)).replace("\n", " ")[:300]]
        for part in found["parts"]
        if part["status"] != "ok" or "seconds" not in part["figures"]
    ]
    about = ", ".join(f"{name} {value}" for name, value in found["about"].items())
    return f"{table(('part', '', 's', 'found'), parts)}\n\n{table(COLUMNS, rows)}\n\n{about}\n"


def figures_of(part: dict[str, Any]) -> str:
    """Of a part that is no step."""
    return ", ".join(f"{name} {brief(value)}" for name, value in part["figures"].items())


def table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    """In markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *rows))


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="check.sh", description="Every path that runs on a GPU once, and seconds of a step.")
    parser.add_argument("--small", action="store_true", help="on the CPU, on tiny policies: does the check itself run?")
    parser.add_argument(
        "--out", type=Path, default=Path(os.environ.get("OUT") or "runs/gpu_check"), help="folder of the results"
    )
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return options
    try:  # now, not when eight minutes of results are to be written
        options.out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=options.out).close()
    except OSError as fault:
        parser.error(f"nothing can be written into --out {options.out} ({fault.strerror}); name another folder")
    return options


def main() -> None:
    options = options_of()
    if options.child:
        child(options.child, options.small)
        return
    names = options.only or [name for name in PARTS if not (options.small and name in NOT_SMALL)]
    start = perf_counter()
    found = run(names, options.small) | {"small": options.small, "seconds": 0.0}
    found["seconds"] = perf_counter() - start
    (options.out / "check.json").write_text(json.dumps(found, indent=1))
    page = markdown(found)
    (options.out / "check.md").write_text(page)
    print(f"\n{page}\n{found['seconds']:.0f} s in all; {options.out / 'check.json'} and check.md")
    failed = [part["name"] for part in found["parts"] if part["status"] == "failed"]
    if failed:
        print(f"failed: {', '.join(failed)}")
        sys.exit(1)


if __name__ == "__main__":
    main()
