"""A step's rollouts as plain values, for checkpoints: lists, texts and numbers, and back. Tensors are computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from asym_lit.types import Outcome, Prompt, Rollout, RolloutBatch, Sampling, Verdict, VerdictClock

Plain = dict[str, Any]


def batch_as_plain(batch: RolloutBatch, gather: Callable[[list[Plain]], list[Plain]]) -> Plain:
    """A verified batch of all ranks. A collective if `gather` is one.

    Args:
        batch: This rank's share.
        gather: Joins the lists of all ranks.
    """
    of_all = {"groups_each": dict(batch.groups_each), "curriculum": dict(batch.curriculum)}
    own = {"step": batch.step, "source": batch.source, "lag": batch.lag, "sampling": vars(batch.sampling).copy(), **of_all}
    of_each = {"clocks": gather([asdict(batch.clock)]), "figures": gather([dict(batch.figures)])}
    return own | of_each | {"problems": gather(_problems(batch))}


def batch_from_plain(plain: Mapping[str, Any], owns: Callable[[int, int], bool]) -> RolloutBatch:
    """This rank's share of what `batch_as_plain` gave, its stages without seconds.

    Args:
        plain: Of all ranks.
        owns: Whether a problem is this rank's, by its first slot and its number of groups.
    """
    own = {name: value for name, value in plain.items() if name not in ("problems", "clocks", "figures")}
    batch = RolloutBatch([], **{**own, "sampling": Sampling(**plain["sampling"])})
    for clock in plain["clocks"]:
        batch.clock.add(VerdictClock(**clock))
    batch.clock.waited, batch.clock.worked = (s / len(plain["clocks"]) for s in (batch.clock.waited, batch.clock.worked))
    names = plain["figures"][0]
    sums = {name: [sum(parts) for parts in zip(*(one[name] for one in plain["figures"]), strict=True)] for name in names}
    batch.figures = {name: (found, count) for name, (found, count) in sums.items()}
    each = batch.groups_each
    _fill(batch, [one for one in plain["problems"] if owns(one["slot"], each.get(one["slot"], 1))])
    return batch


def _problems(batch: RolloutBatch) -> list[Plain]:
    """A record for each problem, with what was discarded for it and its greedy response."""
    kept, n = iter(batch.kept), batch.sampling.n
    records: list[Plain] = []
    whose: dict[int, Plain] = {}
    for rollouts in batch.problems:
        record: Plain = {"slot": rollouts[0].slot, "rollouts": _plain(rollouts), "discarded": [], "greedy": []}
        record["kept"] = [next(kept) for _ in range(len(rollouts) // n)]
        records.append(record)
        whose |= {rollout.slot: record for rollout in rollouts}
    for start in range(0, len(batch.discarded), n):
        group = batch.discarded[start : start + n]
        whose[group[0].slot]["discarded"].append((start, _plain(group)))
    for rollout in batch.greedy:
        whose[rollout.slot]["greedy"] += _plain([rollout])
    return records


def _fill(batch: RolloutBatch, records: Sequence[Plain]) -> None:
    """Put problems back, in the order of their slots."""
    records = sorted(records, key=lambda record: int(record["slot"]))
    for record in records:
        batch.rollouts += _rollouts(record["rollouts"])
        batch.kept += record["kept"]
        batch.greedy += _rollouts(record["greedy"])
    # In the order in which they were discarded, for sums of their rewards are rounded by it.
    discarded = sorted(((place, group) for record in records for place, group in record["discarded"]), key=lambda one: one[0])
    batch.discarded = [rollout for _, group in discarded for rollout in _rollouts(group)]
    batch.drawn = (len(batch.rollouts) + len(batch.discarded)) // batch.sampling.n


def _plain(rollouts: Sequence[Rollout]) -> list[Plain]:
    """A prompt once for each run of rollouts that have it."""
    found: list[Plain] = []
    for rollout in rollouts:
        if not found or found[-1]["asked"] is not rollout.prompt:
            found.append({"asked": rollout.prompt, "responses": []})
        own = {item.name: getattr(rollout, item.name) for item in fields(rollout) if item.name not in ("prompt", "verdict")}
        found[-1]["responses"].append(own | {"verdict": _plain_verdict(rollout.verdict)})
    return [{"prompt": _plain_prompt(one["asked"]), "responses": one["responses"]} for one in found]


def _rollouts(found: Sequence[Plain]) -> list[Rollout]:
    made = []
    for one in found:
        prompt = Prompt(**one["prompt"])
        made += [Rollout(prompt, **{**own, "verdict": _verdict(own["verdict"])}) for own in one["responses"]]
    return made


def _plain_prompt(prompt: Prompt) -> Plain:
    own = {item.name: getattr(prompt, item.name) for item in fields(prompt)}
    return own | {"answer": dict(prompt.answer), "messages": tuple(dict(turn) for turn in prompt.messages)}


def _plain_verdict(verdict: Verdict | None) -> Plain | None:
    return None if verdict is None else _without_enums(asdict(verdict))


def _without_enums(value: Any) -> Any:
    """Outcomes as their words: a checkpoint is read as data, and knows no classes."""
    if isinstance(value, Mapping):
        return {name: _without_enums(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_without_enums(item) for item in value)
    return value.value if isinstance(value, Outcome) else value


def _verdict(plain: Plain | None) -> Verdict | None:
    if plain is None:
        return None
    oracle = None if plain["oracle"] is None else Outcome(plain["oracle"])
    path = tuple(verdict for one in plain["path"] if (verdict := _verdict(one)) is not None)
    return Verdict(**{**plain, "outcome": Outcome(plain["outcome"]), "oracle": oracle, "path": path})
