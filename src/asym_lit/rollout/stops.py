"""Stop strings: whether a tokenizer can write them, and which token completes one.

Where they stand in the text is in `responses`; which token ids end a response, `EngineHost.ends` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from asym_lit.responses import first_stop, text_behind, text_of
from asym_lit.shapes import Bool, Int
from asym_lit.types import InputError, Rollout, Sampling

BROKEN = "\ufffd"
"""How the bytes of an unfinished character are decoded."""
SURROUNDINGS = ("", "a", "\n")
"""Behind which a stop string is tried: some tokenizers drop or add a space at the very beginning."""


def check_stops(tokenizer: Any, samplings: Mapping[str, Sampling]) -> None:
    """Refuse stops that nothing can be ended by.

    Args:
        tokenizer: The policy's.
        samplings: By what a message calls them.

    Raises:
        InputError: If an id is not that of a token, or no tokens give a stop string.
    """
    for called, sampling in samplings.items():
        if unknown := sorted(set(sampling.stop_token_ids) - set(tokenizer.get_vocab().values())):
            raise InputError(
                f"{called}.stop_token_ids has {unknown[0]}, which is no token of the policy's; allowed: ids from 0 to "
                f"{max(tokenizer.get_vocab().values())} that have one."
            )
        for one in sampling.stop_strings:
            if BROKEN in one or not _can_be_written(tokenizer, one):
                raise InputError(
                    f"{called}.stop_strings has {one!r}, which no tokens of the policy's tokenizer give: the nearest is "
                    f"{_again(tokenizer, one)!r}. Write a string that they can, or leave it out."
                )


def _again(tokenizer: Any, text: str) -> str:
    return text_of(tokenizer, tokenizer(text, add_special_tokens=False)["input_ids"])


def _can_be_written(tokenizer: Any, text: str) -> bool:
    if any(text in _again(tokenizer, before + text) for before in SURROUNDINGS):
        return True
    # A tokenizer may drop what a policy can write all the same: the bundled one has a newline, and reads none.
    pieces = {text_of(tokenizer, [token]) for token in tokenizer.get_vocab().values()}
    return all(character in pieces for character in text)


class StopFinder:
    """Finds the tokens that complete a stop string, as they are drawn.

    The text of a response is decoded only where the token just drawn could complete one, and of it only the tail.

    Args:
        tokenizer: The policy's.
        stop_strings: At least one.
    """

    def __init__(self, tokenizer: Any, stop_strings: Sequence[str]) -> None:
        self.tokenizer, self.stop_strings = tokenizer, tuple(stop_strings)
        self.longest = max(map(len, stop_strings))
        last = {one[-1] for one in stop_strings}
        self._last = last | ({BROKEN} if any(character > "\x7f" for character in last) else set())
        self._anchor = tokenizer("a", add_special_tokens=False)["input_ids"][-1:]
        self._may_complete: dict[int, bool] = {}

    def may_complete(self, token: int) -> bool:
        """Whether a token holds the last character of a stop string, or bytes that may be the end of it."""
        if token not in self._may_complete:
            # Behind another one: sentencepiece drops the space of a token that stands alone.
            text = text_behind(self.tokenizer, self._anchor, [token])
            self._may_complete[token] = not self._last.isdisjoint(text)
        return self._may_complete[token]

    def completed(
        self,
        next_B: Int[Tensor, " B"],
        going_B: Bool[Tensor, " B"],
        written_BT: Int[Tensor, "B T"],
        prompts: Sequence[Sequence[int]],
    ) -> Bool[Tensor, " B"]:
        """Whether the token just drawn completes a stop string, by row.

        Args:
            next_B: The tokens just drawn.
            going_B: Rows that have not ended before.
            written_BT: All tokens of the responses so far, those just drawn last.
            prompts: The token ids of each row's prompt.
        """
        tokens = zip(next_B.tolist(), going_B.tolist(), strict=True)
        places = [place for place, (token, going) in enumerate(tokens) if going and self.may_complete(token)]
        completed_B = torch.zeros_like(going_B)
        if places:
            rows = written_BT[places].tolist()
            found = [self.is_complete(prompts[place], ids) for place, ids in zip(places, rows, strict=True)]
            completed_B[places] = torch.tensor(found, device=completed_B.device)
        return completed_B

    def is_complete(self, prompt_ids: Sequence[int], token_ids: Sequence[int]) -> bool:
        """Whether the text of a response holds a stop string that its last token may have completed."""
        width = self.longest + 1
        while width < len(token_ids):
            before = text_of(self.tokenizer, token_ids[-width:-1])
            # Enough characters for all of a stop string but its last one, none of them cut in two.
            if len(before) >= self.longest and not before.startswith(BROKEN):
                if first_stop(text_of(self.tokenizer, token_ids[-width:]), self.stop_strings) is None:
                    return False
                break
            width *= 2
        return first_stop(text_behind(self.tokenizer, prompt_ids, token_ids), self.stop_strings) is not None


def ended_at_stop(rollout: Rollout, tokenizer: Any, stop_strings: Sequence[str]) -> Rollout:
    """A response that another program has watched for stop strings, cut behind the first token that completes one.

    vLLM holds the text of unfinished characters back, and so may see a stop string a token later.

    Args:
        rollout: As that program ended it.
        tokenizer: The policy's.
        stop_strings: It was to end at.
    """
    prompt, ids, end = rollout.prompt.token_ids, rollout.token_ids, len(rollout.token_ids)

    def stops(length: int) -> bool:
        return first_stop(text_behind(tokenizer, prompt, ids[:length]), stop_strings) is not None

    if not stop_strings or not stops(end):
        return rollout
    while end > 1 and stops(end - 1):
        end -= 1
    return replace(rollout, token_ids=ids[:end], logprobs=rollout.logprobs[:end], finish_reason="stop")
