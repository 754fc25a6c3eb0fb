"""A measured step on other numbers of GPUs: what is shared out shrinks with them, the longest response does not."""

from __future__ import annotations

from asym_lit.step_times.roofline import StageSeconds


def moved(stages: StageSeconds, gpus: int, engines: int, trainers: int, tail: float, sync: float) -> StageSeconds:
    """The same rollout step where other numbers of GPUs make it.

    Scores and updates are shared out evenly. Generating is the longest response, whatever the GPUs, and the rest of its time,
    which is shared out.

    Args:
        stages: As measured.
        gpus: GPUs of each stage then.
        engines: GPUs that generate now.
        trainers: GPUs that score and update now.
        tail: Seconds of the longest response alone; what is above the measured time counts as that.
        sync: Seconds of the weights' way to the engines now.
    """
    alone = min(tail, stages.generate)
    return StageSeconds(
        generate=alone + (stages.generate - alone) * gpus / engines,
        score=stages.score * gpus / trainers,
        update=stages.update * gpus / trainers,
        sync=sync,
    )
