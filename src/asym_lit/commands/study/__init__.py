"""Study: arms x seeds x tasks from one file, run to the end whatever interrupts them, and compared."""

from asym_lit.commands.study.command import study_command
from asym_lit.commands.study.definition import StudyFile, read_study

__all__ = ["StudyFile", "read_study", "study_command"]
