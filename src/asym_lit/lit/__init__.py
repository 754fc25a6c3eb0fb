"""Lightning: the module, the data module, the strategy and the callbacks that run everything below.

No mathematics: that is theirs.
"""

from asym_lit.lit.datamodule import RolloutDataModule
from asym_lit.lit.demonstrations.judge_answers import PolicyAnswers
from asym_lit.lit.demonstrations.judge_training import JudgeDataModule, JudgeEvaluation
from asym_lit.lit.demonstrations.supervised import DemonstrationDataModule, PolicyExport, SupervisedModule
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.strategy import FSDP2Strategy
from asym_lit.tasks.evaluation_sets import EvaluationSet

__all__ = [
    "DemonstrationDataModule",
    "EvaluationSet",
    "FSDP2Strategy",
    "JudgeDataModule",
    "JudgeEvaluation",
    "PolicyAnswers",
    "PolicyExport",
    "PolicyModule",
    "RolloutDataModule",
    "SupervisedModule",
]
