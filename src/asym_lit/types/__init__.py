"""The nouns that travel: what a prompt, a rollout, a verdict and their tensors are.

Everything else in the package is a function from some of these nouns to others. No file here imports another room but `shapes`.

Shape letters, used as suffixes of tensor names (`advantages_BT`):

    P  prompts of a rollout step          B  rollouts (of a step or of a micro-batch)
    G  rollouts of one prompt (a group)   T  response tokens, padded on the right
    K  candidate tokens of one position   V  vocabulary
    U  problems of the training set       N  tokens without padding
    C  rewards of one response            R, Q, K  sequences, queries and keys of an attention block
"""

from asym_lit.types.asking import AnswerSource, DemonstratedTask, SelectiveTask, Task
from asym_lit.types.errors import InputError, RunStoppedError, VerifierError, check_least
from asym_lit.types.experience import BatchPool, Collectives, Experience
from asym_lit.types.members import check_members, lacking
from asym_lit.types.policies import PolicyModel
from asym_lit.types.problems import LabelledAnswer, LeftOut, Prompt, Split
from asym_lit.types.rollouts import FinishReason, Rollout, RolloutBatch, Sampling, check_sampling
from asym_lit.types.schedules import Schedule
from asym_lit.types.scores import Needs, TokenScores
from asym_lit.types.training import LivePolicy, Scorer
from asym_lit.types.verdicts import Outcome, Verdict, VerdictClock
from asym_lit.types.verifying import AuditingVerifier, ComparingVerifier, Counting, Intervention, SubmittingVerifier, Verifier

__all__ = [
    "AnswerSource",
    "AuditingVerifier",
    "BatchPool",
    "Collectives",
    "ComparingVerifier",
    "Counting",
    "DemonstratedTask",
    "Experience",
    "FinishReason",
    "InputError",
    "Intervention",
    "LabelledAnswer",
    "LeftOut",
    "LivePolicy",
    "Needs",
    "Outcome",
    "PolicyModel",
    "Prompt",
    "Rollout",
    "RolloutBatch",
    "RunStoppedError",
    "Sampling",
    "Schedule",
    "Scorer",
    "SelectiveTask",
    "Split",
    "SubmittingVerifier",
    "Task",
    "TokenScores",
    "Verdict",
    "VerdictClock",
    "Verifier",
    "VerifierError",
    "check_least",
    "check_members",
    "check_sampling",
    "lacking",
]
