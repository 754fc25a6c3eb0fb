"""What a policy is called in signatures that the command line reads.

The import of its class takes seconds, so it is made for type checkers alone; and it is made here, in a file without classes.
jsonargparse reads and compiles such a block of a class's file whenever it compares the class with a protocol, hundreds of
times a start: with the blocks in the files of the engines, reading a recipe took twice as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    PolicyModel: TypeAlias = PreTrainedModel
else:
    PolicyModel = Any  # a causal language model of transformers
