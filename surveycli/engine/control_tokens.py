"""Text as text: a label that spells a control token, such as `<end_of_turn>`, must not become one.

Texts from outside are hidden before they are put into a chat template, and encoded by a copy of the tokenizer in which
the control tokens have private names. There the template's own are found by these names, and what a text spells is
nothing but text. A prompt without such a text, which is nearly every one, is encoded as always.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from surveycli.errors import bad_input

# Private-use characters around the number of a token: a spelling in a text that was hidden, and a private name.
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = "\ue002{}\ue003"


class ControlTokens:
    """The control tokens of a tokenizer: those marked special, and others that its chat template writes."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        template = str(tokenizer.chat_template or "")
        self._spelt = {
            number: token.content
            for number, token in tokenizer.added_tokens_decoder.items()
            if token.special or (token.content in template and _is_marked(token.content))
        }
        self._numbers = {content: number for number, content in self._spelt.items()}
        longest_first = sorted(filter(None, self._numbers), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._copy: Tokenizer | None = None

    def hide(self, text: str) -> str:
        """Return a text from outside with every spelling of a control token hidden."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: f"\ue000{self._numbers[found[0]]}\ue001", text)

    def shown(self, text: str) -> str:
        """Return a text with what was hidden as it was."""
        return _HIDDEN.sub(lambda found: self._spelt[int(found[1])], text)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the token ids of a text that may have hidden parts.

        Raises SurveyError (exit 3) where it has, and the tokenizer cannot be copied.
        """
        if self._pattern is None or not _HIDDEN.search(text):
            return list(self._tokenizer.encode(text, add_special_tokens=add_special_tokens))
        renamed = self._pattern.sub(lambda found: _PRIVATE.format(self._numbers[found[0]]), text)
        return list(self._renamed().encode(self.shown(renamed), add_special_tokens=add_special_tokens).ids)

    def _renamed(self) -> Tokenizer:
        """Return a copy of the tokenizer whose control tokens have private names."""
        if self._copy is None:
            original = getattr(self._tokenizer, "backend_tokenizer", None)
            if not isinstance(original, Tokenizer):
                raise bad_input(
                    f"A text spells a control token, which {type(self._tokenizer).__name__} cannot write as text.",
                    "Change the wording or label, or choose a model with a tokenizer.json.",
                )
            names = {content: _PRIVATE.format(number) for number, content in self._spelt.items()}
            self._copy = Tokenizer.from_str(json.dumps(_rename(json.loads(original.to_str()), names)))
        return self._copy


def _is_marked(content: str) -> bool:
    """Return whether a token looks like a mark, such as `<think>`, rather than like text or blanks."""
    return any(c.isalnum() for c in content) and not content[0].isalnum() and not content[0].isspace()


def _rename(described: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Give the tokens of a tokenizer, as its JSON describes it, other names wherever they stand."""
    for token in described["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    model = described["model"]
    if isinstance(model["vocab"], dict):
        model["vocab"] = {names.get(piece, piece): number for piece, number in model["vocab"].items()}
    else:  # Unigram: pairs of piece and score
        model["vocab"] = [[names.get(piece, piece), score] for piece, score in model["vocab"]]
    if model.get("unk_token") is not None:
        model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    described["padding"] = described["truncation"] = None
    return described


@lru_cache(maxsize=4)
def _of(tokenizer: PreTrainedTokenizerBase, template: str | None) -> ControlTokens:  # noqa: ARG001 - a part of the key
    return ControlTokens(tokenizer)


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> ControlTokens:
    """Return the control tokens of a tokenizer, found once for its present chat template."""
    return _of(tokenizer, str(tokenizer.chat_template))
