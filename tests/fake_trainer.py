"""Stands in for `train.py fit` in tests of studies: puts a made-up run folder in place, first half of it, then the whole.

A run is the same whether it was killed and resumed or not. Beside the study file may lie `die`: lines of a run and whom to
kill half way through it, `study` or `both`; each is obeyed once. With `meet` beside it, a run waits half way until the
runs that are named in it have begun as well. It imports nothing heavy, so that tests are fast.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path


def option(name: str) -> str:
    return sys.argv[len(sys.argv) - sys.argv[::-1].index(name)]  # the last one counts


def main() -> None:
    run = Path(option("--trainer.logger.name")) / option("--trainer.logger.version")
    folder, home = Path(option("--trainer.logger.save_dir")) / run, Path(option("--fake.home"))
    with (home / "calls").open("a") as file:
        file.write(f"{run}{' resumed' if '--ckpt_path' in sys.argv else ''}\n")
    if option("--fake.fail") == "true":
        sys.exit("error: told to fail")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "stock" / "half" / run, folder)
    checkpoint = folder / "checkpoints" / "step_000004"
    checkpoint.mkdir(parents=True)
    (checkpoint / "lightning.ckpt").touch()
    orders = (home / "die").read_text().splitlines() if (home / "die").exists() else []
    for order in orders:
        name, _, whom = order.partition(" ")
        if name == str(run):
            (home / "die").write_text("\n".join(other for other in orders if other != order))
            os.kill(os.getppid(), signal.SIGKILL)
            if whom == "both":
                os.kill(os.getpid(), signal.SIGKILL)
    if (home / "meet").exists():
        meet(home)
    shutil.rmtree(folder)
    shutil.copytree(home / "stock" / "whole" / run, folder)


def meet(home: Path) -> None:
    deadline = time.monotonic() + 60
    while not set((home / "meet").read_text().split()) <= set((home / "calls").read_text().split()):
        if time.monotonic() > deadline:
            sys.exit("error: the others did not begin")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
