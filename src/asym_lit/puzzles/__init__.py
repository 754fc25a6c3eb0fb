"""Logic puzzles: where an answer stands, and whether it keeps the rules. Pure functions of texts; nothing is evaluated.

Where puzzles come from is in `tasks/`, what a verdict is worth in `verifiers/`: both read gold answers by these rules.
"""

from asym_lit.puzzles.game import Game, Misread
from asym_lit.puzzles.kinds import KINDS, check_kinds, fault_of, found_answer, gold_fault, kind_named, stored_solution

__all__ = ["KINDS", "Game", "Misread", "check_kinds", "fault_of", "found_answer", "gold_fault", "kind_named", "stored_solution"]
