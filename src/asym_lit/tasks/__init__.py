"""Tasks: where prompts come from, and what a right answer is. Whether a response gives it is the verifiers' business."""

from asym_lit.tasks.bbh import BBH
from asym_lit.tasks.code_problems import CodeProblems
from asym_lit.tasks.countdown import Countdown, CountdownVerifier
from asym_lit.tasks.countdown_answers import CountdownAnswers
from asym_lit.tasks.countdown_data import CountdownData
from asym_lit.tasks.evaluation_sets import EvaluationSet
from asym_lit.tasks.kor_bench import KorBench
from asym_lit.tasks.mixture import Mixture
from asym_lit.tasks.one_shot import OneShot, Pool
from asym_lit.tasks.operation import Operation, OperationVerifier
from asym_lit.tasks.problems import Problems
from asym_lit.tasks.reasoning_gym import ReasoningGym
from asym_lit.tasks.small_puzzles import SmallPuzzles
from asym_lit.tasks.strict_countdown import StrictCountdown
from asym_lit.tasks.sums import Sums
from asym_lit.tasks.synlogic import SynLogic
from asym_lit.tasks.word_problems import WordProblems

__all__ = [
    "BBH",
    "CodeProblems",
    "Countdown",
    "CountdownAnswers",
    "CountdownData",
    "CountdownVerifier",
    "EvaluationSet",
    "KorBench",
    "Mixture",
    "OneShot",
    "Operation",
    "OperationVerifier",
    "Pool",
    "Problems",
    "ReasoningGym",
    "SmallPuzzles",
    "StrictCountdown",
    "Sums",
    "SynLogic",
    "WordProblems",
]
