"""Translation by a model on this machine through transformers: a chat model, or a sequence-to-sequence model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSeq2SeqLM

from surveycli.configuration import ModelSpec, Precision
from surveycli.domain import Option
from surveycli.engine.control_tokens import control_tokens
from surveycli.engine.defaults import choose_device, choose_dtype
from surveycli.engine.encode import open_turns
from surveycli.engine.launch import demand_fitting
from surveycli.engine.loading import load_model, load_tokenizer, read_config
from surveycli.engine.model import LanguageModel, fingerprint, load_language_model
from surveycli.engine.reply import write_greedily
from surveycli.engine.source import locate_model
from surveycli.prompt import TEMPLATE_DATE
from surveycli.server.chat_server import Message
from surveycli.translation.chat import PROMPT_NAME, converse, prompt_sha256
from surveycli.translation.engine import EngineIdentity, TranslationReply, TranslationRequest
from surveycli.translation.target_token import LanguageMark, find_mark
from surveycli.untrusted.text import plain

# Sequence-to-sequence models were trained on sentences and drop what follows the first of several.
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=\S)|(?<=[。？！])(?=[^”’」』\s])")


@dataclass(frozen=True, slots=True)
class HfSettings:
    """Which model, and how long its replies may become. `max_replies` counts the tries of a chat model per item."""

    model: ModelSpec
    max_new_tokens: int = 1024
    max_replies: int = 2
    n_beams: int = 4


def load_hf_engine(settings: HfSettings) -> HfChatEngine | HfSeq2SeqEngine:
    """Return the engine for a model, which its configuration says is one or the other.

    Raises SurveyError: exit 2 for what the model cannot take, 4 where it cannot be found, 3 where it is not whole, 6
    where a package for it is missing.
    """
    spec = settings.model
    demand_fitting(spec)
    if spec.is_tiny:
        return HfChatEngine(load_language_model(spec), settings)
    source = locate_model(spec)
    if spec.precision is Precision.AUTO and source.adapter is None and choose_device(spec.device).type == "cpu":
        # A reply goes on from each word that was chosen: rounding would be read in all that follows.
        spec = replace(spec, precision=Precision.FLOAT32)
    config = read_config(spec, source)
    if not config.is_encoder_decoder:
        return HfChatEngine(load_language_model(spec), settings)
    tokenizer = load_tokenizer(spec, source)
    device = choose_device(spec.device)
    arguments = {"dtype": choose_dtype(spec.precision, device, comes_narrow=False)}
    model = load_model(spec, source, config, tokenizer, arguments, AutoModelForSeq2SeqLM).to(device).eval()
    return HfSeq2SeqEngine(LanguageModel(model, tokenizer, fingerprint(model, tokenizer), spec), settings)


def _identity(loaded: LanguageModel, prompt: str | None, prompt_hash: str | None) -> EngineIdentity:
    """Return the identity; a local folder has no revision, so the fingerprint of its weights stands for it."""
    commit = getattr(loaded.model.config, "_commit_hash", None)
    revision = str(commit or loaded.spec.revision or loaded.fingerprint)
    return EngineIdentity("hf", loaded.spec.name, revision, prompt, prompt_hash)


class HfChatEngine:
    """A TranslationEngine that prompts a causal language model, greedily, and reads its JSON."""

    def __init__(self, loaded: LanguageModel, settings: HfSettings) -> None:
        self._loaded = loaded
        self._settings = settings

    @property
    def identity(self) -> EngineIdentity:
        """What is recorded with each translation."""
        return _identity(self._loaded, PROMPT_NAME, prompt_sha256())

    def translate(self, request: TranslationRequest) -> TranslationReply:
        """Return the item in the target language, asking again where the reply has another form."""
        return converse(self._complete, request, self._settings.max_replies)

    def _complete(self, messages: Sequence[Message]) -> str:
        tokenizer: Any = self._loaded.tokenizer
        ids = np.asarray(control_tokens(tokenizer).encode(render_chat(tokenizer, messages), add_special_tokens=False))
        return write_greedily(self._loaded.model, tokenizer, [ids], self._settings.max_new_tokens)[0].text


def render_chat(tokenizer: Any, messages: Sequence[Message]) -> str:
    """Return the conversation as the model knows it; a model without turns gets the texts one after another.

    What texts spell of control tokens is hidden in it.
    """
    turns = [Message(message.role, control_tokens(tokenizer).hide(message.content)) for message in messages]
    if not tokenizer.chat_template:
        return "\n".join(turn.content for turn in turns) + "\n"
    return open_turns(tokenizer, [asdict(turn) for turn in turns], TEMPLATE_DATE)


class HfSeq2SeqEngine:
    """A TranslationEngine that feeds each sentence to an encoder-decoder model (NLLB, MADLAD-400, M2M100, OPUS-MT).

    Such a model sees one text at a time: the glossary and labels that are known cannot steer it, only check it.
    """

    def __init__(self, loaded: LanguageModel, settings: HfSettings) -> None:
        self._loaded = loaded
        self._settings = settings

    @property
    def identity(self) -> EngineIdentity:
        """What is recorded with each translation."""
        return _identity(self._loaded, None, None)

    def translate(self, request: TranslationRequest) -> TranslationReply:
        """Return the item in the target language. Raises SurveyError (exit 3) where the model does not know it."""
        mark = find_mark(self._loaded.tokenizer, request.source, request.target)
        texts = [request.wording, *(option.label for option in request.options)]
        split = [split_sentences(text) for text in texts]
        flat = self._generate([sentence for sentences in split for sentence in sentences], mark)
        joint = "" if request.target.is_compact and "HANGUL" not in request.target.scripts else " "
        translated = iter(flat)
        joined = [joint.join(next(translated) for _ in sentences) for sentences in split]
        pairs = zip(request.options, joined[1:], strict=True)
        return TranslationReply(joined[0], tuple(Option(option.code, text) for option, text in pairs))

    def _generate(self, sentences: Sequence[str], mark: LanguageMark) -> list[str]:
        tokenizer: Any = self._loaded.tokenizer
        rows = [mark.encode(tokenizer, sentence) for sentence in sentences]
        width = max(map(len, rows))
        padded = [row + [tokenizer.pad_token_id] * (width - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
        arguments: dict[str, Any] = {}
        if mark.first_target_token is not None:
            arguments["forced_bos_token_id"] = mark.first_target_token
        with torch.inference_mode():
            output = self._loaded.model.generate(
                input_ids=torch.tensor(padded, device=self._loaded.device),  # (B, T)
                attention_mask=torch.tensor(mask, device=self._loaded.device),
                max_new_tokens=min(self._settings.max_new_tokens, 3 * width + 32),
                num_beams=self._settings.n_beams,
                do_sample=False,
                **arguments,
            )
        return [plain(str(text)).strip() for text in tokenizer.batch_decode(output, skip_special_tokens=True)]


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, at least one.

    >>> split_sentences("Think of it. Do you agree?"), split_sentences("请想一想。您同意吗？")
    (['Think of it.', 'Do you agree?'], ['请想一想。', '您同意吗？'])
    """
    return [part for part in _SENTENCE_END.split(text) if part.strip()] or [text]
