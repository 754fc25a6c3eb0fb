"""The `preflight` command: seconds of a step, memory and checks of a run, printed; and whether it may start.

The checks are in `checks` and `settings`, seconds in `step_time`.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from asym_lit.commands.preflight.checks import (
    Check,
    Rows,
    ending_check,
    gold_check,
    length_checks,
    memory_check,
    rows_of,
    sharing_check,
    vocabulary_check,
)
from asym_lit.commands.preflight.engine_checks import engine_checks
from asym_lit.commands.preflight.memory import PHASES, MemoryEstimate, estimate
from asym_lit.commands.preflight.plan import Hardware, RunPlan
from asym_lit.commands.preflight.settings import setting_checks
from asym_lit.commands.preflight.step_time import time_lines
from asym_lit.reports.escaping import for_terminal
from asym_lit.types import SubmittingVerifier

COLOURS = {"ok": "green", "note": "yellow", "fail": "red"}


def run_preflight(plan: RunPlan, console: Console) -> bool:
    """Estimate and check a run, and print what was found; True if nothing stands against it.

    Args:
        plan: The run.
        console: Where to print.
    """
    sets = rows_of(plan)
    training, most = sets[0], plan.data.prompt_sets.max_prompt_tokens
    fitting = [length for length in training.lengths if not most or length <= most]
    longest = max(fitting, default=1)
    memory = estimate(plan, longest)
    checks = [
        memory_check(plan, memory),
        *engine_checks(plan, sets),
        sharing_check(plan, longest),
        vocabulary_check(plan, sets),
        ending_check(plan, sets),
        *length_checks(plan, sets),
        *_gold_checks(plan, sets),
        *setting_checks(plan, longest, len(fitting)),
    ]
    _print_run(plan, training, memory, console)
    for line in time_lines(plan, training, longest, memory):
        console.print(f"Time     {line}", highlight=False, markup=False)
    console.print(memory_table(memory))
    console.print(check_table(checks))
    failed = [check.name for check in checks if check.status == "fail"]
    console.print(f"[red]Failed: {for_terminal(', '.join(failed))}[/red]" if failed else "[green]Ready to start.[/green]")
    return not failed


def _gold_checks(plan: RunPlan, sets: list[Rows]) -> list[Check]:
    try:
        return [gold_check(plan, rows) for rows in sets]
    finally:
        if isinstance(plan.verifier, SubmittingVerifier):
            plan.verifier.close()


def _print_run(plan: RunPlan, training: Rows, memory: MemoryEstimate, console: Console) -> None:
    module, data, hardware = plan.module, plan.data, plan.hardware
    where = f"{hardware.nodes} x {hardware.devices} {'GPUs' if hardware.is_gpu else 'CPU processes'}"
    console.print(
        f"Policy   {module.policy}: {module.policy_config.model_type}, {module.dtype_name}", highlight=False, markup=False
    )
    console.print(
        f"Devices  {where}, strategy {hardware.strategy}, {type(data.maker.engine).__name__}", highlight=False, markup=False
    )
    console.print(f"Host     {_host(hardware, memory)}", highlight=False)
    step = f"{data.prompts_per_step} prompts x {data.sampling.n} rollouts of up to {data.sampling.max_tokens} tokens"
    updates = f"{module.inner_epochs * module.mini_batches} updates"
    console.print(f"Step     {step}, {updates}; {data.rollout_steps} steps", highlight=False)
    if training.prompts:
        console.print("First prompt:", highlight=False)
        console.print(for_terminal(training.prompts[0].text), style="dim", highlight=False)


def _host(hardware: Hardware, memory: MemoryEstimate) -> str:
    sizes = {part.name: part.bytes for part in memory.parts}
    whole, devices = hardware.shards * sizes["weights"], hardware.devices
    each = f"{devices} x {_gib(whole)} GiB of host memory on each node"
    if not hardware.is_sharded:
        return f"each process reads all weights first, {each}"
    copies = f"{devices} x {_gib(sizes['weights'] + sizes['optimizer'])} GiB while a checkpoint is written"
    return f"one process of each node reads the weights, part by part; {copies}. Stacked experts and .bin files: {each} first"


def memory_table(memory: MemoryEstimate) -> Table:
    """The parts of a device's memory by phase."""
    table = Table(title="Memory of one device, GiB", title_justify="left")
    table.add_column("part")
    phases = [phase for phase in PHASES if any(part.phase == phase for part in memory.parts)]
    for phase in phases:
        table.add_column(phase, justify="right")
    table.add_column("what")
    for part in memory.parts:
        cells = [_gib(part.bytes) if part.phase in ("kept", phase) else "" for phase in phases]
        table.add_row(part.name, *cells, for_terminal(part.why))
    table.add_section()
    table.add_row("together", *(_gib(memory.phase(phase)) for phase in phases), f"most: {_gib(memory.peak)}", style="bold")
    return table


def _gib(size: int) -> str:
    return f"{size / 2**30:.3f}" if size < 2**30 else f"{size / 2**30:.1f}"


def check_table(checks: list[Check]) -> Table:
    """The checks, one a row."""
    table = Table(title="Checks", title_justify="left")
    for column in ("", "what", "found"):
        table.add_column(column)
    for check in checks:
        colour = COLOURS[check.status]
        table.add_row(f"[{colour}]{check.status}[/{colour}]", for_terminal(check.name), for_terminal(check.finding))
    return table
