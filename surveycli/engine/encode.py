"""Prompts to token ids, and the one policy for which token an option letter is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from transformers import PreTrainedTokenizerBase

from surveycli.distribution.arrays import Ints
from surveycli.engine.control_tokens import control_tokens
from surveycli.engine.foreign import foreign
from surveycli.errors import bad_input
from surveycli.prompt import LETTERS, Prompt, PromptStyle

_THINKING = "<think>"
_ASKS_TIME = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")
_WITHOUT = "--no-chat-template asks without the template, as a base model is asked."


@dataclass(frozen=True, slots=True)
class OptionTokens:
    """The token of each option letter after the stem.

    `ids[i]` belongs to the i-th letter. `split_off` lists letters that the tokenizer would by itself have merged with
    what stands before them ("(A" as one token); the letter's own token then continues the text just as well, since
    both decode to the same characters, but the model has seen that spelling less often.
    """

    ids: tuple[int, ...]
    split_off: tuple[str, ...] = ()


def open_turns(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]], today: str) -> str:
    """Return turns (role, content) as the model's chat template writes them, up to where its answer begins.

    A template that asks for the date is told `today`, so that the same prompt is the same tomorrow. A model that thinks
    aloud first has its thinking closed, empty, so that the answer itself begins there. Raises SurveyError (exit 3)
    where the template fails, with its own words, or leaves out what the last turn says.
    """
    with foreign(f"The chat template of {_name(tokenizer)} fails", _WITHOUT):
        opened = str(
            tokenizer.apply_chat_template(
                list(turns),
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,  # for Qwen 3 and kin; other templates pass over it
                chat_template=_dated(str(tokenizer.get_chat_template()), today),
            )
        )
    if turns[-1]["content"].strip() not in opened:
        raise bad_input(f"The chat template of {_name(tokenizer)} does not show the question as it is.", _WITHOUT)
    return f"{opened.rstrip()}\n\n</think>\n\n" if opened.rstrip().endswith(_THINKING) else opened


def _dated(template: str, today: str) -> str:
    """Return a chat template with the date in place of its questions for the time.

    Templates ask by the function strftime_now; transformers lets no other take its place.
    """
    try:
        day = date.fromisoformat(today)
    except ValueError as error:
        raise bad_input(f"template_date is {today!r}; expected a date such as 2024-07-26.") from error
    dated = _ASKS_TIME.sub(lambda asked: json.dumps(day.strftime(asked[2])), template)
    if "strftime_now(" in dated:
        raise bad_input("The chat template asks for the time in a way that cannot be given a fixed date.", _WITHOUT)
    return dated


@dataclass(frozen=True, slots=True)
class PromptEncoder:
    """Writes prompts as a model reads them: in turns where it has a chat template and `style` wants it, else plain."""

    tokenizer: PreTrainedTokenizerBase
    style: PromptStyle = field(default_factory=PromptStyle)

    @property
    def in_turns(self) -> bool:
        """Whether prompts go through the tokenizer's chat template."""
        return bool(self.tokenizer.chat_template) and self.style.chat_template

    def text(self, prompt: Prompt) -> str:
        """Return the text of a prompt: the plain one, or that of the chat template with the stem after it."""
        return control_tokens(self.tokenizer).shown(self._write(prompt))

    def encode(self, prompt: Prompt, letter: str = "") -> Ints:
        """Return the token ids of a prompt, with an option letter after it if one is given.

        Control tokens are those of the template, and for a plain prompt what the model has at the start of a text; what
        the prompt itself says is text, whatever it spells.
        """
        tokens = control_tokens(self.tokenizer)
        ids = tokens.encode(self._write(prompt) + letter, add_special_tokens=not self.in_turns)
        if ids and not self.in_turns and ids[-1] == self.tokenizer.eos_token_id:
            ids = ids[:-1]  # some tokenizers close every text; a prompt must stay open
        if not ids:
            raise bad_input(
                f"The tokenizer {_name(self.tokenizer)} turns a prompt into no tokens.", "Download the model again."
            )
        return np.asarray(ids, dtype=np.int64)

    def _write(self, prompt: Prompt) -> str:
        """Return the prompt's text with the spellings of control tokens in it hidden."""
        tokens = control_tokens(self.tokenizer)
        if not self.in_turns:
            return tokens.hide(prompt.text)
        turn = {"role": "user", "content": tokens.hide(prompt.user)}
        return open_turns(self.tokenizer, [turn], self.style.template_date) + tokens.hide(prompt.stem)

    def option_tokens(self, prompts: Iterable[Prompt], n_letters: int) -> OptionTokens:
        """Return the tokens of the first `n_letters` letters, the same after every one of `prompts`.

        Each letter must continue each prompt by exactly one token, and letters must differ. Raises SurveyError (exit 3)
        that names the tokenizer and the letters for which that is not so.
        """
        letters = LETTERS[:n_letters]
        found: OptionTokens | None = None
        for prompt in prompts:
            tokens = self._option_tokens_after(prompt, letters)
            if found is not None and tokens.ids != found.ids:
                raise _letter_error(self.tokenizer, "mean different tokens after different prompts", letters)
            found = tokens
        if found is None:
            raise ValueError("option tokens need at least one prompt to stand behind")
        if len(set(found.ids)) < n_letters:
            raise _letter_error(self.tokenizer, "share a token", letters)
        return found

    def _option_tokens_after(self, prompt: Prompt, letters: str) -> OptionTokens:
        prefix = self.encode(prompt)
        ids, split_off = [], []
        for letter in letters:
            whole = self.encode(prompt, letter)
            if len(whole) == len(prefix) + 1 and np.array_equal(whole[:-1], prefix):
                ids.append(int(whole[-1]))
                continue
            alone = _own_token(self.tokenizer, prefix, letter, prompt.stem)
            if alone is None:
                raise _letter_error(self.tokenizer, "do not continue the prompt by one token each", letters)
            ids.append(alone)
            split_off.append(letter)
        return OptionTokens(tuple(ids), tuple(split_off))


def _own_token(tokenizer: PreTrainedTokenizerBase, prefix: Ints, letter: str, text: str) -> int | None:
    """Return the letter's own token where prefix and token together still spell prompt and letter."""
    alone = tokenizer.convert_tokens_to_ids(letter)
    if not isinstance(alone, int) or alone == tokenizer.unk_token_id:
        return None
    tail = prefix[-8:].tolist()
    before, after = tokenizer.decode(tail), tokenizer.decode([*tail, alone])
    return alone if after == before + letter and text.endswith(before[-1:]) else None


def _name(tokenizer: PreTrainedTokenizerBase) -> str:
    return str(tokenizer.name_or_path or type(tokenizer).__name__)


def _letter_error(tokenizer: PreTrainedTokenizerBase, what: str, letters: str) -> Exception:
    return bad_input(
        f"With the tokenizer {_name(tokenizer)} the option letters {letters} {what}.",
        "Use a model whose tokenizer writes a capital letter after an opening parenthesis as one token.",
    )
