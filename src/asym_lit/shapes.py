"""Shapes in annotations: `Float[Tensor, "B T"]` is a Tensor to everybody but the tests, which check its shape and dtype.

The letters are those of tensor names, in jaxtyping's language: `1` is a dimension of size 1, `#T` one of size T or 1,
`{n}` the argument n, `*shape` any number of dimensions, `...` whatever there is. What could pass for an expression, as one
letter alone does, has a space before it: `" B"`. Nothing is checked at run time, and jaxtyping is not imported: the import
hook of the tests does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple


class Shape(NamedTuple):
    """What an annotation says beside that it is a tensor."""

    dtypes: str
    """Name of a jaxtyping class: `Float`, `Int`, `Bool`, or `Shaped` for any."""
    letters: str


class _Dtypes:
    """Not jaxtyping's classes themselves, two of which are never equal, not even for one shape.

    The command line compares the signature of a part with that of its protocol. It resolves them by `get_type_hints`, which
    leaves the plain Tensor of an annotated one, so parts may write either.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, item: tuple[type, str]) -> Any:
        kind, letters = item
        return Annotated[kind, Shape(self._name, letters)]


if TYPE_CHECKING:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Int
    from typing import Annotated as Shaped
else:
    Bool, Float, Int, Shaped = map(_Dtypes, ("Bool", "Float", "Int", "Shaped"))

__all__ = ["Bool", "Float", "Int", "Shape", "Shaped"]
