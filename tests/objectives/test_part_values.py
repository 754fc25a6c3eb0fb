"""Options of parts that are not among what is allowed: refused, from Python and from a recipe, not taken for another value."""

from dataclasses import dataclass, replace
from math import inf
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from asym_lit.objectives import (
    Objective,
    a3po,
    a_nsr,
    adaptive_entropy,
    bbg,
    dppo,
    gdpo,
    gpg,
    grpo,
    lens,
    lite_ppo,
    presets,
    scheduled_clip,
    simko,
    with_parts,
)
from asym_lit.objectives.advantages import GroupNormalised
from asym_lit.objectives.batch_reweights import BatchScaled
from asym_lit.objectives.credit_reweights import PolarTokens
from asym_lit.objectives.gates import EntropyGate
from asym_lit.objectives.masked_losses import MaskedSurrogate
from asym_lit.objectives.part_names import named_parts
from asym_lit.objectives.part_values import check_parts, check_value
from asym_lit.objectives.ratios import SmoothedRatio
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate
from asym_lit.objectives.trust_regions import BinaryKL
from asym_lit.types import InputError, Needs
from every_preset import needed

BASE = grpo()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: adaptive_entropy(BASE, rule="TRL"), "rule of EntropyControl is 'TRL'; allowed: skywork, trl. Nearest: trl"),
        (lambda: a_nsr("cosin"), "form of AdaptiveOutcome is 'cosin'; .* Nearest: cosine"),
        (lambda: bbg(BASE, weigh="factors"), "weigh of MarginalGain is 'factors'; allowed: gate, factor. Nearest: factor"),
        (lambda: lens(likelihood="per-token"), "likelihood of CalibratedErrors is 'per-token'; .* Nearest: per_token"),
        (lambda: gdpo("token"), "over of DecoupledNormalisation is 'token'; .* Nearest: tokens"),
        (lambda: a3po(BASE, by="entropies"), "by of PolarTokens is 'entropies'; .* Nearest: entropy"),
        (lambda: lite_ppo(deviation="centered"), "of of BatchScaled is 'centered'; .* Nearest: centred"),
        (lambda: scheduled_clip(BASE, form="cos"), "form of Schedule is 'cos'; .* Nearest: cosine"),
        (lambda: dppo(anchor="rollouts"), "anchor of .* is 'rollouts'; .* Nearest: rollout"),
        (lambda: dppo("TV"), "divergence is 'TV'; allowed: tv, kl. Nearest: tv"),
        (lambda: gpg("reward"), "rescale is 'reward'; .* Nearest: rewarded"),
        (lambda: simko(scope="batches"), "scope is 'batches'; .* Nearest: batch"),
        (lambda: simko(penalty_on="ratios"), "penalty_on is 'ratios'; .* Nearest: ratio"),
        (lambda: Objective(ratio=SmoothedRatio(gate=EntropyGate(True))), "quantile of EntropyGate is True; allowed: a number"),
        (lambda: Objective(reweights=[PolarTokens(0.2)]), "right_low of PolarTokens is 0.2; allowed: a Pole"),
    ],
)
def test_a_word_or_value_that_an_option_does_not_have_is_refused_from_python(make, words):
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("BatchScaled", {"of": "centered"}, "of of BatchScaled, the reweights, is 'centered'; .* Nearest: centred"),
        ("BatchScaled", {"eps": "small"}, "eps of BatchScaled, the reweights, is 'small'; allowed: a number"),
        ("MarginalGain", {"k": 2.5}, "k of MarginalGain, the reweights, is 2.5; allowed: a whole number"),
        ("OptimalTokenBaseline", {"zero_tail": "no"}, "zero_tail of .* is 'no'; allowed: true or false"),
        ("DecoupledNormalisation", {"normalise": 1}, "normalise of .* is 1; allowed: true or false"),
        (
            "OptimalTokenBaseline",
            {"correction": "TokenTruncatd"},
            "correction of .* is 'TokenTruncatd'; .*Nearest: TokenTruncated",
        ),
        (
            "OptimalTokenBaseline",
            {"correction": "BatchScaled"},
            "correction of .* is a BatchScaled; allowed: a SamplerCorrection",
        ),
        ("OptimalTokenBaseline", {"correction": 2.0}, "correction of .* is 2.0; allowed: a SamplerCorrection"),
        ("PolarTokens", {"right_low": {"share": "a fifth"}}, "share of Pole, the reweights, is 'a fifth'; allowed: a number"),
    ],
)
def test_so_is_one_in_a_recipe_before_the_part_is_built(name, arguments, words):
    with pytest.raises(InputError, match=words):
        with_parts(BASE, reweights=[{"class_path": name, "init_args": arguments}])


def test_a_part_within_a_part_is_written_by_its_name_too():
    def loss(region):
        path = "asym_lit.objectives.masked_losses.MaskedSurrogate"
        return with_parts(BASE, token_loss={"class_path": path, "init_args": {"region": region}}).token_loss

    assert loss("BinaryKL") == MaskedSurrogate(BinaryKL())
    assert loss({"class_path": "BinaryKL", "init_args": {"low": 0.5}}) == MaskedSurrogate(BinaryKL(low=0.5))
    dual = {"class_path": "DualClippedSurrogate", "init_args": {"surrogate": {"clip_high": 0.3}}}
    assert with_parts(BASE, token_loss=dual).token_loss == DualClippedSurrogate(ClippedSurrogate(0.2, 0.3))
    with pytest.raises(InputError, match="region of MaskedSurrogate, the token_loss, is a TokenRatio; allowed: a TrustRegion"):
        loss("TokenRatio")
    with pytest.raises(InputError, match=r"region of MaskedSurrogate.*no part of this name\. Nearest: BinaryKL"):
        loss("BinaryKl")


def test_every_choice_of_words_of_every_preset_refuses_another_word():
    """Whatever preset comes: none may take a misspelt word for the other method."""
    tried = 0
    for name in presets.__all__:
        make = getattr(presets, name)
        for option, hint in get_type_hints(make).items():
            if get_origin(hint) is Literal:
                with pytest.raises(InputError, match=f"'{get_args(hint)[-1]}s'"):
                    make(**needed(name) | {option: get_args(hint)[-1] + "s"})
                tried += 1
    assert tried >= 15


def test_numbers_of_every_kind_null_and_what_is_allowed_pass():
    for value in (1, 1.5, inf, np.float32(0.5), np.int64(3)):
        check_value("it", value, float)
    check_value("it", None, float | None)
    check_value("it", np.int64(3), int)
    check_value("it", "tv", Literal["tv", "kl"])
    with pytest.raises(InputError, match="it is 'x'; allowed: a number, null"):
        check_value("it", "x", float | None)
    with pytest.raises(InputError, match="it is True; allowed: a whole number"):
        check_value("it", True, int)


def test_every_part_can_be_checked_with_its_defaults():
    """An annotation that cannot be read would end every run."""
    made = []
    for kind in named_parts().values():
        try:
            made.append(kind())
        except TypeError:  # an option without a default
            continue
    for part in made:
        check_parts(part)
    assert len(made) > 50


def test_a_part_of_somebodys_own_is_left_alone():
    @dataclass(frozen=True)
    class Own(BatchScaled):
        of: str = "mine"
        needs = Needs()

    assert replace(BASE, reweights=[Own()], estimator=GroupNormalised()).reweights == [Own()]
