"""Judge-data: from transcripts to what a judge is trained on."""

from asym_lit.commands.judge_data.command import judge_data_command

__all__ = ["judge_data_command"]
