import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import jaxtyping
import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

import asym_lit
from asym_lit.objectives.advantages import AdvantageEstimator, GroupNormalised
from asym_lit.objectives.aggregations import GlobalCounts, TokenMean
from asym_lit.objectives.corrections import TokenTruncated, truncated
from asym_lit.reductions import group_statistics, masked_mean, masked_sum, row_quantile
from asym_lit.rollout.sampling import draw
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import Experience, TokenScores
from shape_checks import ROOMS_OF_TENSORS, checked, with_shapes

SOURCE = Path(asym_lit.__file__).parent
KINDS = {"Bool", "Float", "Int", "Shaped"}


@pytest.mark.parametrize("reduce", [masked_mean, masked_sum])
def test_a_mask_of_another_shape_than_the_values_is_caught(reduce):
    values_BT = torch.ones(2, 3)
    reduce(values_BT, torch.ones(2, 3))
    for mask in (torch.ones(2, 1), torch.ones(3), torch.ones(3, 2)):
        # Broadcast, the first would give a mean of 6 / 2 = 3 of six ones.
        with pytest.raises(TypeCheckError, match="parameter 'mask'"):
            reduce(values_BT, mask)


def test_letters_stand_for_one_size_throughout_a_call():
    assert row_quantile(torch.ones(2, 3), torch.ones(2, 3), 0.5).shape == (2,)
    with pytest.raises(TypeCheckError, match="mask_BT"):
        row_quantile(torch.ones(2, 3), torch.ones(2, 4), 0.5)
    with pytest.raises(TypeCheckError, match="uniform_B"):
        draw(torch.zeros(2, 5).log_softmax(-1), torch.zeros(3))
    with pytest.raises(TypeCheckError, match="valid_PG"):
        GroupNormalised()(torch.zeros(2, 4), torch.ones(4, 2, dtype=torch.bool))


def test_a_wrong_dtype_is_caught():
    with pytest.raises(TypeCheckError, match="valid_PG"):
        group_statistics(torch.zeros(2, 4), torch.ones(2, 4))
    with pytest.raises(TypeCheckError, match="mask_BT"):
        TokenMean()(torch.ones(2, 3, dtype=torch.bool), GlobalCounts(6, 2))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_every_float_passes_and_every_kind_of_mask(dtype):
    for mask in (torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 2, dtype=torch.long), torch.ones(1, 2)):
        assert masked_mean(torch.ones(1, 2, dtype=dtype), mask).item() == 1.0


def test_the_tensors_of_an_experience_must_fit_each_other():
    def experience(length: int, rollouts: int) -> Experience:
        flags_B = torch.ones(rollouts, dtype=torch.bool)
        return Experience(torch.ones(2, 3), torch.ones(2), flags_B, flags_B, flags_B, 2, torch.zeros(2, length))

    assert experience(3, 2).lengths_B.tolist() == [3.0, 3.0]
    with pytest.raises(TypeCheckError, match="sampler_logprobs_BT"):
        experience(4, 2)
    with pytest.raises(TypeCheckError, match="correct_B"):
        experience(3, 1)


def test_scores_may_be_flat_but_all_of_them_alike():
    TokenScores(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 3, 5))
    TokenScores(torch.zeros(6), torch.zeros(6), torch.zeros(6, 5))
    with pytest.raises(TypeCheckError, match="topk_logprobs_BTK"):
        TokenScores(torch.zeros(2, 3), None, torch.zeros(6, 5))


def test_a_wrong_result_is_caught_like_a_wrong_argument():
    def forgets_to_reduce(values_BT: Float[Tensor, "B T"]) -> Float[Tensor, " B"]:
        return values_BT

    with pytest.raises(TypeCheckError, match="return value"):
        jaxtyping.jaxtyped(forgets_to_reduce, typechecker=checked)(torch.ones(2, 3))


def test_a_correction_may_weigh_tokens_or_whole_responses():
    flags_B = torch.ones(2, dtype=torch.bool)
    experience = Experience(
        torch.ones(2, 3), torch.ones(2), flags_B, flags_B, flags_B, 2, torch.zeros(2, 3), torch.full((2, 3), 2.0)
    )
    # rho = e^2 = 7.4 per token, cut to 2.
    weights_BT = TokenTruncated(cap=2.0).weights(experience)
    assert truncated(weights_BT, experience).all()
    assert truncated(torch.full((2, 1), 2.0), experience).shape == (2, 1)
    with pytest.raises(TypeCheckError, match="weights"):
        truncated(torch.ones(6), experience)


def test_only_shapes_are_checked_and_the_rest_is_as_it_was():
    def plain(x: int) -> str:
        return x  # no str

    def mixed(x: Float[Tensor, " B"] | None, n: int) -> tuple[int, Float[Tensor, " B"] | None]:
        return 7, x

    assert checked(plain) is plain
    assert with_shapes(int | None) == int | None
    check = checked(mixed)
    assert check(torch.ones(2), "no int")[0] == 7
    assert check(None, 1) == (7, None)
    with pytest.raises(Exception, match="parameter x="):
        check(torch.ones(2, 2), 1)


def test_an_annotation_resolves_to_a_plain_tensor_so_that_parts_of_others_need_not_give_shapes():
    class Plain:
        """Written without shapes, as in a file beside the recipe."""

        def __call__(self, rewards_PG: Tensor, valid_PG: Tensor) -> Tensor:
            return rewards_PG

    # What the command line compares; two jaxtyping classes of one shape would differ, and it would refuse every part.
    assert jaxtyping.Float[Tensor, "P G"] != jaxtyping.Float[Tensor, "P G"]
    plain = {"rewards_PG": Tensor, "valid_PG": Tensor, "return": Tensor}
    for part in (AdvantageEstimator, GroupNormalised, Plain):
        assert get_type_hints(part.__call__) == plain


def test_the_package_works_where_jaxtyping_and_beartype_are_missing():
    code = (
        "import sys\n"
        "sys.modules['jaxtyping'] = sys.modules['beartype'] = None\n"  # any import of them now fails
        f"import {', '.join(ROOMS_OF_TENSORS)}\n"
        "import torch, asym_lit.objectives, asym_lit.policy.token_scores, asym_lit.rollout.microbatches, asym_lit.cli\n"
        "from asym_lit.reductions import masked_mean\n"
        "assert not hasattr(masked_mean, '__wrapped__')\n"  # nothing is checked, and nothing paid for it
        "print(masked_mean(torch.ones(2, 3), torch.ones(2, 1)).item())\n"
    )
    path = os.pathsep.join([str(SOURCE.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3.0"]


def named_shapes(text: str) -> list[tuple[int, str, str | None]]:
    """(line, name, letters) of every argument and field whose name ends in shape letters; None for a tensor without."""
    found = []
    for node in ast.walk(ast.parse(text)):
        name = node.arg if isinstance(node, ast.arg) else getattr(getattr(node, "target", None), "id", "")
        annotation = getattr(node, "annotation", None)
        suffix = name.rpartition("_")[2] if isinstance(name, str) else ""
        if annotation is None or not suffix.isupper() or name.find("_") < 1:
            continue
        letters = [
            part.slice.elts[1].value
            for part in ast.walk(annotation)
            if isinstance(part, ast.Subscript) and getattr(part.value, "id", "") in KINDS
        ]
        if letters or "Tensor" in ast.unparse(annotation):
            found.append((node.lineno, name, letters[0] if letters else None))
    return found


def disagreements(text: str) -> list[tuple[int, str, str | None]]:
    """Those whose letters are not those of the name."""
    spelled = {" ": "", "*": "", "#": ""}
    return [
        (line, name, letters)
        for line, name, letters in named_shapes(text)
        if letters is None or letters.translate(str.maketrans(spelled)) != name.rpartition("_")[2]
    ]


def test_annotated_shapes_are_those_of_the_names():
    places = [SOURCE.joinpath(*room.split(".")[1:]) for room in ROOMS_OF_TENSORS]
    files = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")])]
    assert sum(len(named_shapes(file.read_text(encoding="utf-8"))) for file in files) > 100
    assert {file.name: wrong for file in files if (wrong := disagreements(file.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('def f(x_BT: Float[Tensor, "B T"] | None, y_B: Int[Tensor, " B"], n: int, MAX: int): ...', []),
        ('class C:\n    x_BTK: Float[Tensor, "*BT K"]\n    weights_B1: Float[Tensor, "B 1"]', []),
        ('def f(x_BT: Float[Tensor, "T B"]): ...', [(1, "x_BT", "T B")]),
        ("def f(x_BT: Tensor | None): ...", [(1, "x_BT", None)]),
        ('class C:\n    x_B: Bool[Tensor, "B T"]', [(2, "x_B", "B T")]),
    ],
)
def test_a_shape_that_is_not_that_of_the_name_is_found(text, wrong):
    assert disagreements(text) == wrong


def test_kinds_of_numbers_are_told_apart():
    assert with_shapes(Int[Tensor, " B"]).dtypes == jaxtyping.Int.dtypes
    assert with_shapes(Bool[Tensor, " B"]).dtypes == jaxtyping.Bool.dtypes
