"""Settings that bias the gradient, that have no effect, or that the run would refuse. Data and memory are in `checks`."""

from __future__ import annotations

from collections.abc import Iterator

from asym_lit.commands.preflight.checks import Check, Status
from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.lit.callbacks.pass_at_k import PassAtK
from asym_lit.lit.callbacks.rollout_checkpoint import RolloutCheckpoint
from asym_lit.lit.start_checks import check_lag
from asym_lit.objectives.group_sizes import check_group_size, check_groups_of_a_problem
from asym_lit.types import InputError


def setting_checks(plan: RunPlan, longest: int, problems: int) -> Iterator[Check]:
    """Settings that bias the gradient, and settings without effect."""
    for status, finding in _settings(plan, longest, problems):
        yield Check("settings", status, finding)
    try:
        check_group_size(plan.module.objective, plan.data.sampling.n)
    except InputError as fault:
        yield Check("settings", "fail", str(fault))
    yield from _curriculum(plan, problems)
    yield from _lag(plan)
    yield from _budgets(plan)
    try:
        plan.data.maker.engine.check()
    except InputError as fault:
        yield Check("engine", "note", f"not here: {fault}")


def _lag(plan: RunPlan) -> Iterator[Check]:
    """What a lag means for the run, or why it would be refused."""
    data, module = plan.data, plan.module
    try:
        check_lag(module.objective, data)
    except InputError as fault:
        yield Check("settings", "fail", str(fault))
        return
    if data.lag:
        updates = module.inner_epochs * module.mini_batches
        yield Check(
            "settings",
            "note",
            f"lag {data.lag}: rollouts are written beside the update, by weights {updates} optimizer steps behind; a step "
            "takes the longer of both instead of their sum, and a checkpoint or an evaluation waits for what is being written",
        )


def _budgets(plan: RunPlan) -> Iterator[Check]:
    """Budgets of pass@k beyond the responses that are drawn."""
    for callback in plan.callbacks:
        for name, one in plan.data.evaluation_sets.items() if isinstance(callback, PassAtK) else ():
            n = one.sampling(plan.data.evaluation).n
            most = max(one.ks or callback.ks or [1])
            if most > n:
                yield Check("settings", "fail", f"pass@{most} of {name} wants {most} responses, {n} are drawn")


def _curriculum(plan: RunPlan, problems: int) -> Iterator[Check]:
    """A curriculum that the run would refuse, or that never sees a problem again."""
    data = plan.data
    if data.curriculum is None:
        return
    try:
        data.curriculum.check(data.sampling.n, data.prompts_per_step, plan.hardware.world)
        check_groups_of_a_problem(plan.module.objective, data.curriculum.most_groups)
    except InputError as fault:
        yield Check("settings", "fail", str(fault))
    asked = data.rollout_steps * data.prompts_per_step
    if asked <= problems and not data.curriculum.start:
        yield Check(
            "settings", "note", f"the curriculum learns nothing: {problems} problems, {asked} asked, each for the first time"
        )


def _settings(plan: RunPlan, longest: int, problems: int) -> Iterator[tuple[Status, str]]:
    module, data, trainer = plan.module, plan.data, plan.trainer
    updates = module.inner_epochs * module.mini_batches
    if data.sampling.filters:
        cuts = ", ".join(f"{name} {getattr(data.sampling, name)}" for name in ("top_p", "top_k", "min_p"))
        yield "note", f"sampling has {cuts}: the gradient is biased"
    if module.compute_dtype_name != module.dtype_name and not plan.hardware.is_sharded:
        yield "note", f"compute_dtype {module.compute_dtype_name} has no effect: only fsdp2 gathers weights in another dtype"
    if updates == 1:
        yield "note", "one update a step: every ratio is 1, so clips have no effect"
    if module.warmup_steps >= data.rollout_steps * updates:
        yield "note", f"warmup_steps {module.warmup_steps} is all of the {data.rollout_steps * updates} updates"
    if module.mini_batches > data.prompts_per_step:
        yield "fail", f"{module.mini_batches} mini_batches of {data.prompts_per_step} prompts: some would be empty"
    if data.prompts_per_step % plan.hardware.world:
        yield "note", f"{data.prompts_per_step} prompts_per_step over {plan.hardware.world} processes: some would wait"
    if problems < data.prompts_per_step:
        yield "note", f"a step asks {data.prompts_per_step} prompts of {problems}: some are asked twice"
    if longest + data.sampling.max_tokens > module.max_micro_batch_tokens:
        width = longest + data.sampling.max_tokens
        yield "note", f"max_micro_batch_tokens {module.max_micro_batch_tokens} is less than one row of {width} tokens"
    if str(trainer.get("precision") or "32-true") not in ("32", "32-true"):
        yield "note", f"trainer.precision {trainer.get('precision')} is not in the estimate; write model.dtype instead"
    interval = trainer.get("val_check_interval")
    if isinstance(interval, int) and interval > data.rollout_steps:
        yield "note", f"val_check_interval {interval} is beyond the {data.rollout_steps} rollout steps"
    for callback in plan.callbacks:
        if isinstance(callback, RolloutCheckpoint) and callback.every_n_steps > data.rollout_steps:
            yield "note", f"every_n_steps {callback.every_n_steps} of RolloutCheckpoint: only the last step gets a checkpoint"
