"""What is printed when a run ends: below the progress bar, which is closed first.

A bar of rich that still lives redraws itself over the lines above the cursor, whoever wrote them.
"""

from __future__ import annotations

from lightning.pytorch import Trainer
from rich.console import Console


def last_words(trainer: Trainer, stderr: bool = False) -> Console:
    """A console to end a run on; the progress bar is closed for good.

    Args:
        trainer: Whose bar it is.
        stderr: For what is no result.
    """
    bar = trainer.progress_bar_callback
    if bar is not None:
        bar.teardown(trainer, trainer.lightning_module, stage=str(trainer.state.fn))
    return Console(stderr=stderr)
