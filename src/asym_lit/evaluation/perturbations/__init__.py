"""Answers made out of real gold ones by changes that keep them right, or make them wrong; and pairs of kinds that are rare."""

from asym_lit.evaluation.perturbations.making import made
from asym_lit.evaluation.perturbations.pairs import GoldRow, Pair
from asym_lit.evaluation.perturbations.perturbing import perturbed

__all__ = ["GoldRow", "Pair", "made", "perturbed"]
