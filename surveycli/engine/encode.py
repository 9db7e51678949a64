"""Prompts to token ids, and the one policy for which token an option letter is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from surveycli.distribution.arrays import Ints
from surveycli.errors import bad_input
from surveycli.prompt import LETTERS, Prompt

_THINKING = "<think>"


@dataclass(frozen=True, slots=True)
class OptionTokens:
    """The token of each option letter after the stem.

    `ids[i]` belongs to the i-th letter. `split_off` lists letters that the tokenizer would by itself have merged with
    what stands before them ("(A" as one token); the letter's own token then continues the text just as well, since
    both decode to the same characters, but the model has seen that spelling less often.
    """

    ids: tuple[int, ...]
    split_off: tuple[str, ...] = ()


def open_turns(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]]) -> str:
    """Return turns (role, content) as the model's chat template writes them, up to where its answer begins.

    A model that thinks aloud first has its thinking closed, empty, so that the answer itself begins there.
    """
    opened = str(
        # `enable_thinking` is for Qwen 3 and kin; other templates pass over it.
        tokenizer.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=True, enable_thinking=False)
    )
    return f"{opened.rstrip()}\n\n</think>\n\n" if opened.rstrip().endswith(_THINKING) else opened


def render_text(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> str:
    """Return the text that is tokenized: the plain prompt, or that of the chat template with the stem after it."""
    if not tokenizer.chat_template:
        return prompt.text
    return open_turns(tokenizer, [{"role": "user", "content": prompt.user}]) + prompt.stem


def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> Ints:
    """Return the token ids; a chat template has written its special tokens itself, a plain prompt gets the model's."""
    ids = tokenizer.encode(text, add_special_tokens=not tokenizer.chat_template)
    if ids and not tokenizer.chat_template and ids[-1] == tokenizer.eos_token_id:
        ids = ids[:-1]  # some tokenizers close every text; a prompt must stay open
    if not ids:
        raise bad_input(f"The tokenizer {_name(tokenizer)} makes no token of a prompt.", "Get the model anew.")
    return np.asarray(ids, dtype=np.int64)


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Iterable[Prompt]) -> list[Ints]:
    """Return the token ids of each prompt."""
    return [encode_text(tokenizer, render_text(tokenizer, prompt)) for prompt in prompts]


def find_option_tokens(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], n_letters: int) -> OptionTokens:
    """Return the tokens of the first `n_letters` letters, the same after every one of `prompts`.

    Each letter must continue each prompt by exactly one token, and letters must differ. Raises SurveyError (exit 3)
    that names the tokenizer and the letters for which that is not so.
    """
    found: OptionTokens | None = None
    for prompt in prompts:
        tokens = _option_tokens_after(tokenizer, render_text(tokenizer, prompt), LETTERS[:n_letters])
        if found is not None and tokens.ids != found.ids:
            raise _letter_error(tokenizer, "mean different tokens after different prompts", LETTERS[:n_letters])
        found = tokens
    if found is None:
        raise ValueError("option tokens need at least one prompt to stand behind")
    if len(set(found.ids)) < n_letters:
        raise _letter_error(tokenizer, "share a token", LETTERS[:n_letters])
    return found


def _option_tokens_after(tokenizer: PreTrainedTokenizerBase, text: str, letters: str) -> OptionTokens:
    prefix = encode_text(tokenizer, text)
    ids, split_off = [], []
    for letter in letters:
        whole = encode_text(tokenizer, text + letter)
        if len(whole) == len(prefix) + 1 and np.array_equal(whole[:-1], prefix):
            ids.append(int(whole[-1]))
            continue
        alone = _own_token(tokenizer, prefix, letter, text)
        if alone is None:
            raise _letter_error(tokenizer, "do not continue the prompt by one token each", letters)
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
