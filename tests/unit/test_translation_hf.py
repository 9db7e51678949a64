"""Local models: small ones, built from configurations and taught a few sentences by heart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from small_survey import ITEMS, small_store, texts_of
from transformers import T5Config, T5ForConditionalGeneration

from surveycli.configuration import ModelSpec
from surveycli.domain import Option
from surveycli.engine.tiny import build_tiny_model, load_tiny_tokenizer
from surveycli.errors import ExitCode, SurveyError
from surveycli.translation import TranslateOptions, translate_items
from surveycli.translation.chat import build_messages
from surveycli.translation.engine import ReplyError, TranslationRequest
from surveycli.translation.hf_engine import HfChatEngine, HfSeq2SeqEngine, HfSettings, load_hf_engine, render_chat
from surveycli.translation.language import find_language
from surveycli.translation.target_token import LanguageMark, find_mark

EN, ZH, DE = find_language("en"), find_language("zh"), find_language("de")
BY_HEART = {
    ("Have you turned 18 yet?", "zho_Hans"): "您满18岁了吗？",
    ("Yes, I have", "zho_Hans"): "是的",
    ("No, not yet", "zho_Hans"): "还没有",
    ("Have you turned 18 yet?", "deu_Latn"): "Sind Sie 18?",
    ("Yes, I have", "deu_Latn"): "Ja",
    ("No, not yet", "deu_Latn"): "Nein",
}
Q3 = TranslationRequest("Q3", EN, ZH, ITEMS["Q3"][1], tuple(Option(c, t) for c, t in ITEMS["Q3"][2].items()))
CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


def learn(model: Any, batch: dict[str, torch.Tensor], steps: int, rate: float) -> None:
    """Train on the batch until the model knows it by heart."""
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    for _ in range(steps):
        loss = model(**batch).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss.item() < 0.01:
            break
    model.eval()


def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


@pytest.fixture(scope="module")
def seq2seq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small T5 with the language tokens of NLLB that knows three sentences in two languages."""
    tokenizer = load_tiny_tokenizer()
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.add_tokens(["eng_Latn", "zho_Hans", "deu_Latn"], special_tokens=True)
    pad, end = tokenizer.pad_token_id, tokenizer.eos_token_id
    torch.manual_seed(0)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=64,
            d_kv=16,
            d_ff=128,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            pad_token_id=pad,
            eos_token_id=end,
            decoder_start_token_id=pad,
        )
    )
    vocabulary = tokenizer.get_vocab()
    inputs = [[vocabulary["eng_Latn"], *tokenizer(source)["input_ids"], end] for source, _ in BY_HEART]
    labels = [[vocabulary[code], *tokenizer(text)["input_ids"], end] for (_, code), text in BY_HEART.items()]
    ids = padded(inputs, pad)
    learn(model, {"input_ids": ids, "attention_mask": (ids != pad).long(), "labels": padded(labels, -100)}, 300, 3e-3)
    folder = tmp_path_factory.mktemp("t5")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama with a chat template that knows the reply to one request."""
    tokenizer = load_tiny_tokenizer()
    tokenizer.chat_template = CHAT
    model = build_tiny_model(tokenizer, 0)
    reply = json.dumps({"wording": "您满18岁了吗？", "labels": {"1": "是的", "2": "还没有"}}, ensure_ascii=False)
    prompt = tokenizer(render_chat(tokenizer, build_messages(Q3)))["input_ids"]
    answer = [*tokenizer(reply)["input_ids"], tokenizer.eos_token_id]
    row = {"input_ids": torch.tensor([prompt + answer]), "labels": torch.tensor([[-100] * len(prompt) + answer])}
    learn(model, row, 100, 3e-3)
    folder = tmp_path_factory.mktemp("llama")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(folder: Path, **more: Any) -> HfSettings:
    return HfSettings(ModelSpec(name=str(folder), device="cpu"), **more)


def test_a_sequence_model_translates_a_store(seq2seq_folder: Path, tmp_path: Path) -> None:
    """An encoder-decoder model is recognised by its configuration; each sentence goes through it with its marks."""
    engine = load_hf_engine(settings(seq2seq_folder))
    assert isinstance(engine, HfSeq2SeqEngine)
    path = small_store(tmp_path / "small.duckdb")
    report = translate_items(path, engine, TranslateOptions("zh", items="Q3"))
    assert report.translated == ("Q3",), report.held
    assert texts_of(path, "zh")["Q3"] == ("您满18岁了吗？", {1: "是的", 2: "还没有"}, "machine")


def test_the_first_token_decides_the_language(seq2seq_folder: Path) -> None:
    """The same sentence comes out in the language whose token the decoder is made to begin with."""
    engine = load_hf_engine(settings(seq2seq_folder))
    german = TranslationRequest("Q3", EN, DE, Q3.wording, Q3.options)
    assert engine.translate(german).wording == "Sind Sie 18?"
    assert engine.translate(Q3).wording == "您满18岁了吗？"


def test_a_language_that_the_model_lacks_is_an_error(seq2seq_folder: Path) -> None:
    """A model that was not trained on a language is not asked for it."""
    engine = load_hf_engine(settings(seq2seq_folder))
    with pytest.raises(SurveyError) as stop:
        engine.translate(TranslationRequest("Q3", EN, find_language("th"), Q3.wording, ()))
    assert stop.value.code is ExitCode.BAD_INPUT and "Thai" in stop.value.message


def test_a_chat_model_translates_a_store(chat_folder: Path, tmp_path: Path) -> None:
    """A causal model is prompted through its chat template, its JSON is read, and its weights leave their mark."""
    engine = load_hf_engine(settings(chat_folder, max_new_tokens=200))
    assert isinstance(engine, HfChatEngine)
    path = small_store(tmp_path / "small.duckdb")
    report = translate_items(path, engine, TranslateOptions("zh", items="Q3"))
    assert report.translated == ("Q3",), report.held
    assert texts_of(path, "zh")["Q3"] == ("您满18岁了吗？", {1: "是的", 2: "还没有"}, "machine")
    identity = engine.identity
    assert identity.engine == "hf" and identity.model == str(chat_folder)
    assert identity.revision and identity.revision == load_hf_engine(settings(chat_folder)).identity.revision


def test_a_model_that_babbles_is_found_out() -> None:
    """An untrained model's reply is no JSON, and so no translation."""
    engine = load_hf_engine(HfSettings(ModelSpec(device="cpu"), max_new_tokens=8))
    with pytest.raises(ReplyError):
        engine.translate(Q3)


def test_a_model_without_turns_gets_plain_text() -> None:
    """Without a chat template the messages follow each other."""
    messages = build_messages(Q3)
    assert render_chat(load_tiny_tokenizer(), messages) == messages[0].content + "\n"


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    """An unknown model is exit 4 with its name."""
    with pytest.raises(SurveyError) as stop:
        load_hf_engine(settings(tmp_path / "nowhere"))
    assert stop.value.code is ExitCode.NOT_FOUND and "nowhere" in stop.value.message


class Vocabulary:
    """As much of a tokenizer as marks are found by: ids in the order of the tokens."""

    eos_token_id = 99

    def __init__(self, *tokens: str) -> None:
        self._ids = {token: i for i, token in enumerate(tokens)}

    def get_vocab(self) -> dict[str, int]:
        return self._ids

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [len(text)] + ([self.eos_token_id] if add_special_tokens else [])}


@pytest.mark.parametrize(
    ("tokens", "target", "mark"),
    [
        (("a", "eng_Latn", "zho_Hans", "zho_Hant"), "zh", LanguageMark(source_token=1, first_target_token=2)),
        (("a", "eng_Latn", "zho_Hans", "zho_Hant"), "zh-Hant", LanguageMark(source_token=1, first_target_token=3)),
        (("__de__", "__en__", "__zh__"), "zh", LanguageMark(source_token=1, first_target_token=2)),
        (("en_XX", "de_DE", "zh_CN"), "zh", LanguageMark(source_token=0, first_target_token=2)),
        (("<2en>", "<2zh>"), "zh", LanguageMark(source_prefix="<2zh> ")),
        (("<2en>", "<2zh>", "<2zh_Hant>"), "zh-Hant", LanguageMark(source_prefix="<2zh_Hant> ")),
        ((">>cmn_Hans<<", ">>cmn_Hant<<", ">>deu<<"), "zh", LanguageMark(source_prefix=">>cmn_Hans<< ")),
        ((">>cmn_Hans<<", ">>deu<<"), "de", LanguageMark(source_prefix=">>deu<< ")),
        (("a", "b"), "de", LanguageMark()),
    ],
)
def test_each_family_shows_its_marks(tokens: tuple[str, ...], target: str, mark: LanguageMark) -> None:
    """The vocabulary tells how a model wants to hear of its languages (NLLB, M2M100, mBART-50, MADLAD-400, OPUS-MT)."""
    assert find_mark(Vocabulary(*tokens), EN, find_language(target)) == mark


@pytest.mark.parametrize("tokens", [("eng_Latn",), ("__en__",), ("en_XX",), ("<2en>",), (">>deu<<",)])
def test_a_family_without_the_language_is_an_error(tokens: tuple[str, ...]) -> None:
    """No family falls back on another language."""
    with pytest.raises(SurveyError):
        find_mark(Vocabulary(*tokens), EN, ZH)


def test_marks_stand_before_the_sentence() -> None:
    """A source token stands first and the end token last; a prefix is text."""
    vocabulary = Vocabulary("eng_Latn")
    assert LanguageMark(source_token=0).encode(vocabulary, "four") == [0, 4, 99]
    assert LanguageMark(source_prefix="<2zh> ").encode(vocabulary, "four") == [10, 99]


def test_a_thought_that_the_template_opens_is_closed_before_the_translation() -> None:
    """A chat model that thinks aloud first is asked to translate as it is asked to predict: its thinking is over."""
    tokenizer = load_tiny_tokenizer()
    tokenizer.chat_template = "<user>{{ messages[0].content }}<reply><think>\n"
    messages = build_messages(Q3)
    assert render_chat(tokenizer, messages) == f"<user>{messages[0].content}<reply><think>\n\n</think>\n\n"
