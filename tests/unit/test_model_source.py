"""Where a model's weights come from: a folder, a GGUF file, an adapter, the hub; and what is said where none are."""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import huggingface_hub
import pytest
import torch
from model_samples import random_examples, save_local_model
from peft import PeftModel, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM

from surveycli.configuration import BatchSettings, LoraSettings, ModelSpec, Precision
from surveycli.engine import hub
from surveycli.engine.compute import compute_options
from surveycli.engine.model import LanguageModel, load_language_model
from surveycli.engine.self_check import check_row_computation
from surveycli.engine.source import ModelSource, locate_model
from surveycli.engine.weights import keep_weights, load_weights, make_trainable, trained_parameters
from surveycli.errors import ExitCode, SurveyError

EXAMPLES, TOKENS = random_examples(6)
SETTINGS = BatchSettings(max_row_tokens=512)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama in a local folder."""
    return save_local_model(tmp_path_factory.mktemp("base") / "llama")


def load(name: Path | str) -> LanguageModel:
    return load_language_model(ModelSpec(str(name), device="cpu"), share_prefixes=True)


def answers(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return compute_options(model.eval(), EXAMPLES, TOKENS, SETTINGS).logits


def trained_adapter(base: Path, folder: Path) -> tuple[Path, torch.Tensor]:
    """Return the folder of an adapter that does something, and what the model answers with it."""
    language_model = load(base)
    model = make_trainable(language_model, LoraSettings(rank=4, alpha=8, dropout=0.1))
    change(model, seed=3)
    name = keep_weights(model, folder, 1, language_model.fingerprint)
    return folder / name, answers(model)


def change(model: Any, seed: int) -> None:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in trained_parameters(model).values():
            parameter.add_(torch.randn_like(parameter) * 0.1)


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/model", "~/no-such-model", "a/b/c", "tests/llama", "x y"])
def test_a_missing_folder_is_said_at_once(name: str) -> None:
    """A path that leads nowhere is exit 4 with its name, without a look at the network."""
    with pytest.raises(SurveyError, match="There is no model folder") as error:
        locate_model(ModelSpec(name))
    assert error.value.code == ExitCode.NOT_FOUND
    assert repr(name) in error.value.message


@pytest.mark.parametrize("name", ["nobody/nothing", "mistyped"])
def test_a_hub_that_cannot_be_reached_is_said_within_two_seconds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network, an id that is not in the cache is one message (exit 4) in under two seconds."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    hub._list_files.cache_clear()
    began = time.monotonic()
    with pytest.raises(SurveyError, match=r"127\.0\.0\.1 cannot be reached") as error:
        locate_model(ModelSpec(name))
    assert time.monotonic() - began < 2
    assert error.value.code == ExitCode.NOT_FOUND


def test_offline_the_cache_alone_counts() -> None:
    """Where HF_HUB_OFFLINE is set, an id that is not in the cache is refused with that reason."""
    hub._list_files.cache_clear()
    with pytest.raises(SurveyError, match="HF_HUB_OFFLINE forbids a connection"):
        locate_model(ModelSpec("nobody/nothing"))


class _Hub(SimpleHTTPRequestHandler):
    """What of the hub's interface a download needs, over a folder of repositories."""

    def translate_path(self, path: str) -> str:
        repository, _, file = path.lstrip("/").partition("/resolve/")
        return str(Path(self.directory) / repository / file.partition("/")[2])

    def do_GET(self) -> None:
        if not self.path.startswith("/api/models/"):
            super().do_GET()
            return
        name = self.path.removeprefix("/api/models/").partition("/revision/")[0].partition("?")[0]
        folder = Path(self.directory) / name
        if not folder.is_dir():
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            return
        files = [{"rfilename": str(p.relative_to(folder))} for p in sorted(folder.rglob("*")) if p.is_file()]
        body = json.dumps({"id": name, "modelId": name, "sha": "c" * 40, "siblings": files}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("ETag", f'"{abs(hash(self.path))}"')
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in for the hub with the repositories of a folder, and an empty cache."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
    template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    hub._list_files.cache_clear()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def test_a_hub_model_is_fetched_once_and_then_read_from_the_cache(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id is downloaded to the cache, with the fingerprint of the folder; afterwards no connection is made."""
    shutil.copytree(base, tmp_path / "hub" / "someone" / "llama")
    with serving(tmp_path / "hub", tmp_path / "cache", monkeypatch):
        fetched = load("someone/llama")
        assert fetched.fingerprint == load(base).fingerprint
        assert fetched.model.name_or_path == "someone/llama"
        with pytest.raises(SurveyError, match="the hub does not know it"):
            locate_model(ModelSpec("someone/else"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    hub._list_files.cache_clear()
    assert load("someone/llama").fingerprint == fetched.fingerprint


def test_a_hub_model_without_safetensors_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a repository whose weights are pickles alone nothing is downloaded but small files (exit 3)."""
    folder = tmp_path / "hub" / "someone" / "pickled"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with serving(tmp_path / "hub", tmp_path / "cache", monkeypatch):
        with pytest.raises(SurveyError, match="has no weights as safetensors") as error:
            load("someone/pickled")
        assert error.value.code == ExitCode.BAD_INPUT
    assert not list((tmp_path / "cache").rglob("*.bin"))


def test_an_adapter_folder_is_a_model(base: Path, tmp_path: Path) -> None:
    """An adapter's folder as model answers as the trained model to the bit, and as plain peft loads it."""
    adapter, expected = trained_adapter(base, tmp_path / "w")
    loaded = load(adapter)
    assert torch.equal(answers(loaded.model), expected)
    assert loaded.fingerprint != load(base).fingerprint
    check_row_computation(loaded.model, EXAMPLES, TOKENS, SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that is to go
        plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter)
    torch.testing.assert_close(answers(plain), expected, rtol=1e-5, atol=1e-5)


def test_training_goes_on_from_an_adapter(base: Path, tmp_path: Path) -> None:
    """An adapter given as model is trained further itself; what is saved answers the same on the same start."""
    adapter, before = trained_adapter(base, tmp_path / "w")
    language_model = load(adapter)
    model = make_trainable(language_model, LoraSettings(rank=99))
    assert torch.equal(answers(model), before)
    assert {name for name in trained_parameters(model) if "lora_" not in name} == set()
    assert len(trained_parameters(model)) > 0
    change(model, seed=4)
    after = answers(model)
    assert not torch.equal(after, before)
    name = keep_weights(model, tmp_path / "more", 1, language_model.fingerprint)
    assert torch.equal(answers(load_weights(load(adapter), tmp_path / "more" / name)), after)


def test_an_adapter_of_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    """An adapter trained here whose base has changed since is refused with both fingerprints (exit 5)."""
    other = shutil.copytree(base, tmp_path / "other")
    adapter, _ = trained_adapter(other, tmp_path / "w")
    save_local_model(other, seed=2)
    with pytest.raises(SurveyError, match="belong to a base with fingerprint") as error:
        load(adapter)
    assert error.value.code == ExitCode.CONFLICT


def test_an_adapter_without_its_base_names_it(base: Path, tmp_path: Path) -> None:
    """Where an adapter's base is not there, the message names adapter and base whole (exit 4)."""
    moved = shutil.copytree(base, tmp_path / "moved")
    adapter, _ = trained_adapter(moved, tmp_path / "w")
    shutil.rmtree(moved)
    with pytest.raises(SurveyError) as error:
        load(adapter)
    assert error.value.code == ExitCode.NOT_FOUND
    assert str(adapter) in error.value.message
    assert f"There is no model folder {str(moved)!r}" in error.value.message


def test_damaged_adapters_are_refused_by_their_cause(base: Path, tmp_path: Path) -> None:
    """A cut adapter, one that lacks a matrix, and one of prompts rather than matrices are each refused (exit 3)."""
    from safetensors.torch import load_file, save_file

    adapter, _ = trained_adapter(base, tmp_path / "w")
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    save_file({name: t for name, t in tensors.items() if "layers.1.self_attn.q_proj.lora_A" not in name}, file)
    with pytest.raises(SurveyError, match=r"lacks tensors .*layers\.1\.self_attn\.q_proj\.lora_A"):
        load(adapter)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(SurveyError, match="cut short or damaged"):
        load(adapter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        prompts = get_peft_model(load(base).model, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2))
        prompts.save_pretrained(tmp_path / "prompts")
    with pytest.raises(SurveyError, match="PROMPT_TUNING, which changes the prompt") as error:
        load(tmp_path / "prompts")
    assert error.value.code == ExitCode.BAD_INPUT


def write_gguf(base: Path, file: Path) -> None:
    """Write a small Llama and a tokenizer as a GGUF file, weights as they are."""
    import gguf

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = model.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)
    described = json.loads((base / "tokenizer.json").read_text())
    vocabulary = described["model"]["vocab"] | {t["content"]: t["id"] for t in described["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(vocabulary, key=vocabulary.__getitem__))
    writer.add_token_types([gguf.TokenType.NORMAL] * len(vocabulary))
    writer.add_token_merges([" ".join(pair) for pair in described["model"]["merges"]])
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(1)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        count = next((count for part, count in heads.items() if part in name), None)
        if count is not None:  # GGUF interleaves the halves that are rotated
            tensor.copy_(tensor.view(count, 2, -1, config.hidden_size).swapaxes(1, 2).reshape(tensor.shape))
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_is_a_model(base: Path, tmp_path: Path) -> None:
    """A GGUF file, by name or as the only one in its folder, answers as the model it is made of, and can be trained."""
    file = tmp_path / "gguf" / "model.gguf"
    file.parent.mkdir()
    write_gguf(base, file)
    assert locate_model(ModelSpec(str(file))) == locate_model(ModelSpec(str(file.parent)))
    assert locate_model(ModelSpec(str(file))) == ModelSource(file.parent, "model.gguf")
    loaded = load_language_model(ModelSpec(str(file), precision=Precision.FLOAT32))
    torch.testing.assert_close(answers(loaded.model), answers(load(base).model), rtol=1e-4, atol=1e-4)
    loaded.model.save_pretrained(tmp_path / "whole")
    assert (tmp_path / "whole" / "model.safetensors").is_file()
    model = make_trainable(loaded, LoraSettings(rank=2))
    change(model, seed=1)
    name = keep_weights(model, tmp_path / "w", 1, loaded.fingerprint)
    assert torch.equal(answers(load(tmp_path / "w" / name).model), answers(model))


def test_broken_or_several_gguf_files_are_refused(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no GGUF, and a folder of several, are exit 3; without the package gguf it is exit 6."""
    (tmp_path / "a.gguf").write_bytes(b"GGUF\x03\x00")
    with pytest.raises(SurveyError, match=r"configuration of .* cannot be read") as error:
        load(tmp_path / "a.gguf")
    assert error.value.code == ExitCode.BAD_INPUT
    (tmp_path / "b.gguf").write_bytes(b"")
    with pytest.raises(SurveyError, match="holds 2 GGUF files"):
        load(tmp_path)
    monkeypatch.setattr("surveycli.engine.loading.find_spec", lambda _: None)
    with pytest.raises(SurveyError, match="needs the package gguf") as error:
        load(tmp_path / "a.gguf")
    assert error.value.code == ExitCode.MISSING_EXTRA
