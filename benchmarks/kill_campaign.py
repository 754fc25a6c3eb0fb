"""Runs are killed again and again, at random moments, and resumed until they end: is each end that of a run left in peace?

    python benchmarks/kill_campaign.py --markdown kills.md --json kills.json
    python benchmarks/kill_campaign.py --only one study --kills 10 6

A run makes 16 small steps (`kill_campaign.yaml`). It is one process, two under ddp, two nodes of torchrun on this machine, a
study of two arms, or one process on a disk that fills up. What kills it is SIGKILL, SIGTERM, SIGINT as Ctrl-C sends it or
SIGUSR1 as SLURM does; of several processes, all of them get it, or one. A quarter of the moments lies in a run's start, the
rest in its work. Then the same command is given again, by hand (`--ckpt_path <run folder>`) or as the script of
docs/running_at_scale.md does it, until the run is finished. What is compared then is in `run_ends.py`.

The exit status is 1 if an end differs or a signal costs a finished step. A process whose partner died in the start waits for
it as long as torch's rendezvous does, half an hour; after 90 s it is ended here, and counted.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml
from killed_runs import PAUSE, ROOT, Command, Room, one_process, room, torchrun
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from run_ends import differences

from asym_lit.run_folder.paths import CHECKPOINTS, METRICS, RECORD, whole_checkpoints
from asym_lit.run_folder.record import read_metrics, read_record

WAYS = {"one": 56, "ddp": 16, "torchrun": 10, "study": 12, "disk": 8}
"""What is killed, and how often."""
IN_WORDS = {
    "one": "one process",
    "ddp": "ddp, two processes",
    "torchrun": "torchrun, two nodes",
    "study": "study, two arms",
    "disk": "one process, disk full",
}
SIGNALS = {"SIGKILL": 4, "SIGTERM": 2, "SIGINT": 2, "SIGUSR1": 2}
"""How often, relatively."""
IN_THE_START = 0.25
"""Share of the moments."""
SIGNAL_COST, KILL_COST = "steps lost by a signal, at most", "by SIGKILL or the disk"
WAITED = "waited for a dead partner"
DISK = "96m"
KEEP = 2
OVERLAY = "benchmarks/kill_campaign.yaml"


@dataclass(frozen=True)
class Kill:
    """What ends a command, to whom, and when."""

    what: str
    whole: bool
    """All processes get it."""
    in_start: bool
    when: float
    """Share of the start's, or the work's, time."""
    by_hand: bool
    """How the command is given again."""


@dataclass
class Chain:
    """One run, killed and resumed to its end."""

    way: str
    kills: list[Kill] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    """Finished steps that each kill cost."""
    forced: int = 0
    """Kills after which a process did not end by itself."""
    starts: int = 0
    different: list[str] = field(default_factory=list)


def drawn(rng: random.Random, way: str) -> Kill:
    """A kill at random."""
    what = "full disk" if way == "disk" else rng.choices(list(SIGNALS), list(SIGNALS.values()))[0]
    return Kill(what, rng.random() < 0.5, rng.random() < IN_THE_START, rng.random(), rng.random() < 0.5)


def recipe(folder: Path) -> list[str]:
    """Words of `fit`."""
    where = ["--trainer.logger.save_dir", str(folder), "--trainer.logger.name", "run", "--trainer.logger.version", "0"]
    return ["fit", "--config", "configs/grpo.yaml", "--config", OVERLAY, *where]


def study_file(folder: Path) -> Path:
    """Two arms of the same run, with another learning rate."""
    arms = {"slow": {"set": {"model.optimizer.lr": 0.0001}}, "fast": {"set": {"model.optimizer.lr": 0.001}}}
    study = {"title": "Killed", "recipe": str(ROOT / "configs/grpo.yaml"), "config": [str(ROOT / OVERLAY)], "arms": arms}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**study, "seeds": [1], "baseline": "slow"}, sort_keys=False))
    return path


def run_folders(way: str, folder: Path) -> list[Path]:
    """Where the runs of a command are."""
    arms = [folder / "out" / "task" / arm / "seed_1" for arm in ("slow", "fast")]
    return arms if way == "study" else [folder / "run" / "version_0"]


def command(way: str, folder: Path, log: Path, by_hand: bool, warm: bool, disk: Room | None = None) -> Command:
    """What is given, the first time and each time after a kill."""
    if way == "study":
        return Command(one_process(["study", str(study_file(folder)), "--out", str(folder / "out")]), log)
    inside = disk.folder if disk else folder
    (run,) = run_folders(way, folder)
    go_on = run.exists() if by_hand else (run / CHECKPOINTS).is_dir()
    words = [*recipe(inside), *(["--ckpt_path", str(inside / "run" / "version_0")] if go_on else [])]
    if way == "torchrun":
        return Command(torchrun(words), log)
    lines = one_process([*words, *(["--config", "configs/overlays/ddp.yaml"] if way == "ddp" else [])])
    return Command([disk.within(line) for line in lines], log) if disk else Command(lines, log, warm)


def working(way: str, folder: Path, since: float) -> bool:
    """True once a run has come from its start to its work."""
    records = [run / RECORD for run in run_folders(way, folder)]
    return any(path.exists() and path.stat().st_mtime > since for path in records)


def lost(way: str, folder: Path, since: float) -> int:
    """Steps that a process started since has finished, and that are in no whole checkpoint."""
    found = [0]
    for run in run_folders(way, folder):
        path = run / METRICS
        if path.exists() and path.stat().st_mtime > since and (rows := read_metrics(run)):
            saved = max((int(p.name[5:]) for p in whole_checkpoints(run)), default=0)
            found.append(int(rows[-1]["step"]) + 1 - saved)
    return max(found)


def goes_on(way: str, kill: Kill) -> bool:
    """A trainer whose study was killed ends its run; the next start of the study waits for it."""
    return way == "study" and not kill.whole


def strike(kill: Kill, running: Command, disk: Room | None, rng: random.Random) -> None:
    """Kill: all processes, or one of them."""
    if disk:
        disk.fill()
        return
    pids = running.processes()
    running.send(kill.what, pids if kill.whole else [rng.choice(pids)] if pids else [])


def killed(chain: Chain, kill: Kill, running: Command, folder: Path, pace: tuple[float, float], disk: Room | None) -> bool:
    """Start, wait for the moment, kill; False if the command ended before."""
    running.start()
    if not kill.in_start:
        while not working(chain.way, folder, running.begun):
            if running.ended:
                return False
            time.sleep(PAUSE)
    end = time.time() + kill.when * pace[0 if kill.in_start else 1]
    while time.time() < end and not running.ended:
        time.sleep(PAUSE)
    if running.ended:
        return False
    strike(kill, running, disk, random.Random(kill.when))
    if not goes_on(chain.way, kill):
        chain.forced += not running.wait()
    while not running.ended:
        time.sleep(PAUSE)
    return True


def make_chain(
    way: str,
    number: int,
    most: int,
    settings: argparse.Namespace,
    folder: Path,
    pace: tuple[float, float],
    said: Callable[[], None],
) -> Chain:
    """A run to its end, killed at most so many times."""
    rng, chain = random.Random(f"{settings.seed}/{way}/{number}"), Chain(way)
    folder.mkdir(parents=True)
    log = folder / "log"
    with room(DISK) if way == "disk" else nullcontext(None) as disk:
        place = disk.outside if disk else folder
        while True:
            kill = drawn(rng, way)
            running = command(way, place, log, kill.by_hand, settings.warm, disk)
            chain.starts += 1
            if len(chain.kills) >= most:
                running.start()
                running.wait(600)
                break
            if not killed(chain, kill, running, place, pace, disk):
                running.wait(600)
                if running.code == 0 or chain.starts > 3 * most + 3:
                    break
                chain.different.append(f"ended with {running.code} by itself")
                continue
            chain.kills.append(kill)
            chain.lost.append(0 if goes_on(way, kill) else lost(way, place, running.begun))
            if disk:
                disk.empty()
            said()
        if running.code:
            chain.different.append(f"the last command ended with {running.code}")
        if disk:
            shutil.copytree(disk.outside / "run", folder / "run")
    return chain


def check(chain: Chain, folder: Path, reference: Path) -> None:
    """Hold a chain's end against that of the run that was left in peace."""
    for mine, its in zip(run_folders(chain.way, folder), run_folders(chain.way, reference), strict=True):
        if read_record(mine).get("state") != "finished":
            chain.different.append(f"{mine.name} is {read_record(mine).get('state')}")
        chain.different += differences(mine, its, KEEP)
        others = sorted(p.name for p in mine.parent.iterdir() if p != mine)
        chain.different += [f"{name} is a stray folder" for name in others]
    if chain.way == "study":
        page = Path("out/report/task/comparison.json")
        chain.different += ["report"] * ((folder / page).read_bytes() != (reference / page).read_bytes())
        chain.different += [f"{path.name} was left" for path in (folder / "out").rglob(".*.partial")]


def left_in_peace(way: str, folder: Path, warm: bool) -> tuple[float, float]:
    """The reference of a way, and the seconds of its start and its work."""
    folder.mkdir(parents=True)
    running = command("one" if way == "disk" else way, folder, folder / "log", by_hand=False, warm=warm)
    running.start()
    begun, start = time.time(), 0.0
    while not running.ended:
        if not start and working(way, folder, running.begun):
            start = time.time() - begun
        time.sleep(PAUSE)
    running.wait()
    if running.code:
        sys.exit(f"{IN_WORDS[way]}: the reference failed; see {folder / 'log'}")
    return start, time.time() - begun - start


def campaign(way: str, kills: int, settings: argparse.Namespace, folder: Path, progress: Progress) -> list[Chain]:
    """Chains of one way, until there are enough kills."""
    bar = progress.add_task(IN_WORDS[way], total=kills)
    reference = folder / way / "reference"
    pace = left_in_peace(way, reference, settings.warm)
    chains: list[Chain] = []
    flying: set[Future[Chain]] = set()

    def one_more(number: int, most: int) -> Chain:
        place = folder / way / f"chain_{number}"
        chain = make_chain(way, number, most, settings, place, pace, lambda: progress.advance(bar))
        check(chain, place, reference)
        if chain.different:
            progress.console.print(f"{place}: {'; '.join(chain.different)}", highlight=False, markup=False)
        elif not settings.keep:
            shutil.rmtree(place)
        return chain

    with ThreadPoolExecutor(settings.jobs) as pool:
        while True:
            left = kills - sum(len(chain.kills) for chain in chains)
            while len(flying) < min(settings.jobs, -(-left // settings.most)):
                flying.add(pool.submit(one_more, len(chains) + len(flying), min(settings.most, left)))
            if not flying:
                return chains
            done, flying = wait(flying, return_when=FIRST_COMPLETED)
            chains += [one.result() for one in done]


def row(way: str, chains: Sequence[Chain]) -> dict[str, str | int]:
    """What is said of one way."""
    kills = [kill for chain in chains for kill in chain.kills]
    whats = Counter(kill.what for kill in kills)
    costs = [(kill.what, lost) for chain in chains for kill, lost in zip(chain.kills, chain.lost, strict=True)]
    polite = [lost for what, lost in costs if what not in ("SIGKILL", "full disk")]
    return {
        "what runs": IN_WORDS[way],
        **{what: whats[what] for what in (*SIGNALS, "full disk")},
        "together": len(kills),
        "in the start": sum(kill.in_start for kill in kills),
        "runs": len(chains),
        "ends that differ": sum(bool(chain.different) for chain in chains),
        SIGNAL_COST: max(polite, default=0),
        KILL_COST: max((lost for what, lost in costs if what in ("SIGKILL", "full disk")), default=0),
        WAITED: sum(chain.forced for chain in chains),
    }


def markdown(rows: Sequence[dict[str, str | int]]) -> str:
    """The table, with a last line of sums, or of the largest number of steps."""
    last: dict[str, str | int] = {"what runs": "all"}
    for name in list(rows[0])[1:]:
        values = [int(one[name]) for one in rows]
        last[name] = max(values) if name in (SIGNAL_COST, KILL_COST) else sum(values)
    lines = [list(rows[0]), ["---", *["---:"] * (len(rows[0]) - 1)], *([str(v) for v in one.values()] for one in [*rows, last])]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--kills", type=int, nargs="+", help="of each way; without it 102 of all together")
    parser.add_argument("--most", type=int, default=6, help="kills of one run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--warm", action="store_true", help="fork the first process where one is started; saves 4 s each")
    parser.add_argument("--keep", action="store_true", help="keep the folders of ends that do not differ as well")
    parser.add_argument("--folder", type=Path, help="where the runs are; without it a temporary one")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    settings = parser.parse_args()
    kills = dict(zip(settings.only, settings.kills or [WAYS[way] for way in settings.only], strict=True))
    folder = settings.folder or Path(tempfile.mkdtemp(prefix="kill-campaign-"))
    rows, everything, left_out = [], [], []
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        for way, number in kills.items():
            try:
                chains = campaign(way, number, settings, folder, progress)
            except OSError as fault:
                if way != "disk":
                    raise
                left_out.append(f"Disks that fill up were left out: {fault}.")
                continue
            rows.append(row(way, chains))
            everything += [asdict(chain) for chain in chains]
            table = markdown(rows)
            if settings.markdown:
                settings.markdown.write_text(table)
            found = {"seed": settings.seed, "rows": rows, "chains": everything}
            if settings.json:
                settings.json.write_text(json.dumps(found, indent=1) + "\n")
    Console().print(table, "\n".join([*left_out, f"Folder: {folder}"]), highlight=False, markup=False, soft_wrap=True)
    sys.exit(any(one["ends that differ"] or one[SIGNAL_COST] for one in rows))


if __name__ == "__main__":
    main()
