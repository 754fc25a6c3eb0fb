"""What the import hook of `conftest.py` has beartype check of a function: the annotations that give a tensor's shape.

All others are left to mypy: a test may put a simple fake in the place of a noun, and beartype refuses to decorate a function
that takes a protocol, unless `isinstance` works with it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin

import jaxtyping
from beartype import beartype

from asym_lit.shapes import Shape

ROOMS_OF_TENSORS = [f"asym_lit.{room}" for room in ("objectives", "policy", "reductions", "rollout", "types")]


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its shapes checked; as it is, if it gives none."""
    hints = {name: with_shapes(hint) for name, hint in function.__annotations__.items()}
    given = {name: hint for name, hint in hints.items() if hint != function.__annotations__[name]}
    if not given:
        return function
    function.__annotations__ = dict.fromkeys(hints, Any) | given
    return beartype(function)


def with_shapes(hint: Any) -> Any:
    """The hint with jaxtyping's classes in the place of what `asym_lit.shapes` annotates; an equal one if there are none."""
    origin, parts = get_origin(hint), get_args(hint)
    shapes = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Shape)]
    if shapes:
        return getattr(jaxtyping, shapes[0].dtypes)[parts[0], shapes[0].letters]
    if origin in (Union, UnionType):
        return Union[tuple(map(with_shapes, parts))]  # noqa: UP007 - of any number
    if origin in (tuple, list, dict):
        return origin[tuple(map(with_shapes, parts))]
    return hint
