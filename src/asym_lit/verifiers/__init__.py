"""Verifiers: what decides whether a response is right. What it is worth, the reward, is decided in `lit/` and `objectives/`."""

from asym_lit.verifiers.answer_shapes import AnswerShapes
from asym_lit.verifiers.by_task import ByTask
from asym_lit.verifiers.code.code_tests import CodeTests
from asym_lit.verifiers.code.sandbox_fusion import SandboxFusion
from asym_lit.verifiers.functions.function import Function
from asym_lit.verifiers.interventions import FormatOnly, IncorrectReward, MajorityVote, RandomReward
from asym_lit.verifiers.judge.client import Endpoint
from asym_lit.verifiers.judge.files import AnswersFile
from asym_lit.verifiers.judge.judge import Judge
from asym_lit.verifiers.judge.local import LocalModel
from asym_lit.verifiers.label_noise import BackwardCorrection, ForwardCorrection, LabelNoise
from asym_lit.verifiers.logic.bbh import BBHRule
from asym_lit.verifiers.logic.kor_bench import KorBenchRule
from asym_lit.verifiers.logic.synlogic import SynLogicRules
from asym_lit.verifiers.maths.chain import Chain, Maths
from asym_lit.verifiers.maths.rule import Rule
from asym_lit.verifiers.maths.symbolic import Symbolic
from asym_lit.verifiers.mixed import Mixed
from asym_lit.verifiers.reasoning_gym import ReasoningGymScore
from asym_lit.verifiers.weighted import EachNormalised, Weighted

__all__ = [
    "AnswerShapes",
    "AnswersFile",
    "BBHRule",
    "BackwardCorrection",
    "ByTask",
    "Chain",
    "CodeTests",
    "EachNormalised",
    "Endpoint",
    "FormatOnly",
    "ForwardCorrection",
    "Function",
    "IncorrectReward",
    "Judge",
    "KorBenchRule",
    "LabelNoise",
    "LocalModel",
    "MajorityVote",
    "Maths",
    "Mixed",
    "RandomReward",
    "ReasoningGymScore",
    "Rule",
    "SandboxFusion",
    "Symbolic",
    "SynLogicRules",
    "Weighted",
]
