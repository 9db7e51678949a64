"""Model folders that are damaged, incomplete or of another kind: refused by their cause before anything is computed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from model_samples import build_model, save_local_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, T5Config, T5ForConditionalGeneration

from surveycli.configuration import ModelSpec
from surveycli.engine.model import load_language_model
from surveycli.errors import ExitCode, SurveyError

Damage = Callable[[Path], object]
WEIGHTS = "model.safetensors"
SMALL = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama with its tokenizer, as a downloaded model would lie in a folder."""
    return save_local_model(tmp_path_factory.mktemp("whole") / "llama")


def refused(whole: Path, path: Path, damage: Damage) -> SurveyError:
    """Return the error that the damaged copy of a model is refused with."""
    shutil.copytree(whole, path)
    damage(path)
    with pytest.raises(SurveyError) as error:
        load_language_model(ModelSpec(str(path), device="cpu"))
    return error.value


def cut(n_bytes: int) -> Damage:
    def damage(folder: Path) -> None:
        content = (folder / WEIGHTS).read_bytes()
        (folder / WEIGHTS).write_bytes(content[:n_bytes])

    return damage


def write(name: str, text: str) -> Damage:
    return lambda folder: (folder / name).write_text(text)


def remove(pattern: str) -> Damage:
    return lambda folder: [path.unlink() for path in folder.glob(pattern)]


def configure(**changes: Any) -> Damage:
    def damage(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return damage


def change(edit: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    """Rewrite the tensors as `edit`, which changes them in place, leaves them."""

    def damage(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        edit(tensors)
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return damage


def both(first: Damage, second: Damage) -> Damage:
    def damage(folder: Path) -> None:
        first(folder)
        second(folder)

    return damage


def pickle(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def shorten(tensors: dict[str, torch.Tensor]) -> None:
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = tensors[name][:4000].clone()


QUERY = "model.layers.1.self_attn.q_proj.weight"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
FILES: dict[str, tuple[Damage, str]] = {
    "cut in the header": (cut(1000), r"model\.safetensors is cut short or damaged \(1,000 bytes\)"),
    "cut in the weights": (cut(200_000), r"model\.safetensors is cut short or damaged \(200,000 bytes\)"),
    "empty": (cut(0), r"model\.safetensors is empty"),
    "a pointer": (write(WEIGHTS, POINTER), r"model\.safetensors is only a Git LFS pointer"),
    "absent": (remove(WEIGHTS), r"model\.safetensors is missing"),
    "pickled": (pickle, r"only as pytorch_model\.bin, a pickle"),
    "a shard outside": (
        both(remove(WEIGHTS), write(f"{WEIGHTS}.index.json", '{"weight_map": {"a": "../x"}}')),
        r"names '\.\./x'; expected files in the same folder",
    ),
    "a shard missing": (
        both(remove(WEIGHTS), write(f"{WEIGHTS}.index.json", '{"weight_map": {"a": "b.safetensors"}}')),
        r"b\.safetensors is missing",
    ),
    "an index that is not one": (
        both(remove(WEIGHTS), write(f"{WEIGHTS}.index.json", "[]")),
        "expected a JSON object with a weight_map",
    ),
    "no configuration": (remove("config.json"), "holds no model: there is neither config.json"),
    "a configuration that is no JSON": (write("config.json", "{"), "configuration of .* cannot be read"),
    "a configuration of words": (configure(hidden_size="wide"), "configuration of .* cannot be read"),
    "no tokenizer": (remove("tokenizer*"), "The tokenizer of .* cannot be read"),
    "a cut tokenizer": (write("tokenizer.json", '{"version": "1.0", "mod'), "The tokenizer of .* cannot be read"),
    "code of its own": (
        configure(model_type="own", auto_map={"AutoConfig": "a.B", "AutoModelForCausalLM": "a.C"}),
        "cannot be read: .*custom code",
    ),
}
TENSORS: dict[str, tuple[Damage, str]] = {
    "an absent one": (change(lambda t: t.pop(QUERY)), rf"lacks tensors of LlamaForCausalLM: {QUERY}"),
    "a renamed one": (
        change(lambda t: t.update({"model.layers.1.query.weight": t.pop(QUERY)})),
        rf"lacks tensors of LlamaForCausalLM: {QUERY}\. .*model\.layers\.1\.query\.weight",
    ),
    "a layer too few": (configure(num_hidden_layers=4), r"lacks tensors .*model\.layers\.3\..* and \d+ more"),
    "a layer too many": (configure(num_hidden_layers=2), r"no place for: model\.layers\.2\."),
    "a bias without a place": (
        change(lambda t: t.update({QUERY.replace("weight", "bias"): torch.ones(32)})),
        r"no place for: model\.layers\.1\.self_attn\.q_proj\.bias",
    ),
    "one of another shape": (
        change(lambda t: t.update({"model.norm.weight": torch.ones(7)})),
        r"another shape .*model\.norm\.weight is \(7,\), expected \(32,\)",
    ),
    "a NaN": (change(lambda t: t[QUERY].view(-1)[5:6].fill_(torch.nan)), rf"not finite numbers: {QUERY}"),
    "an infinity": (change(lambda t: t["model.norm.weight"].fill_(-torch.inf)), r"not finite numbers: model\.norm\.w"),
    "fewer rows than the tokenizer has tokens": (
        both(configure(vocab_size=4000), change(shorten)),
        "tokens up to number 4095, its embeddings 4000 rows",
    ),
    "none as large as configured": (configure(hidden_size=1_000_000), r"describes .* parameters, its files hold"),
    "fewer than layers": (configure(num_hidden_layers=1_000_000), "1000000 layers, its files 30 tensors"),
}


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_refused_by_their_cause(whole: Path, tmp_path: Path, kind: str) -> None:
    """Files that are cut, missing, pickled or not what they claim are refused with their name and the cause."""
    damage, words = FILES[kind]
    error = refused(whole, tmp_path / "m", damage)
    assert error.code == ExitCode.BAD_INPUT
    with pytest.raises(SurveyError, match=words):
        raise error


@pytest.mark.parametrize("kind", TENSORS)
def test_tensors_that_do_not_fit_are_named(whole: Path, tmp_path: Path, kind: str) -> None:
    """Tensors that are absent, renamed, misshaped or not finite, or that the model has no place for, are named."""
    damage, words = TENSORS[kind]
    error = refused(whole, tmp_path / "m", damage)
    assert error.code == ExitCode.BAD_INPUT
    with pytest.raises(SurveyError, match=words):
        raise error


@pytest.mark.parametrize("method", ["gptq", "awq"])
def test_a_missing_package_for_packed_weights_is_named(whole: Path, tmp_path: Path, method: str) -> None:
    """A GPTQ or AWQ folder without its package is exit 6 with the package's name."""
    packed = configure(quantization_config={"quant_method": method, "bits": 4, "group_size": 128})
    error = refused(whole, tmp_path / "m", packed)
    assert error.code == ExitCode.MISSING_EXTRA
    assert "optimum" in error.message or "gptqmodel" in error.message


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: BertForMaskedLM(BertConfig(**SMALL)), "BertForMaskedLM.* is not a causal language model"),
        (
            lambda: T5ForConditionalGeneration(T5Config(vocab_size=300, d_model=32, d_kv=8, d_ff=64, num_layers=1)),
            "T5ForConditionalGeneration.* is an encoder with a decoder",
        ),
    ],
    ids=["BERT", "T5"],
)
def test_encoders_are_refused_by_their_architecture(
    whole: Path, tmp_path: Path, model: Callable[[], Any], words: str
) -> None:
    """A model that reads both ways, or that has an encoder, is refused by the name of its architecture."""

    def damage(folder: Path) -> None:
        remove(WEIGHTS)(folder)
        model().save_pretrained(folder)

    error = refused(whole, tmp_path / "m", damage)
    assert error.code == ExitCode.BAD_INPUT
    with pytest.raises(SurveyError, match=words):
        raise error


def test_tensors_of_other_parts_are_no_fault(whole: Path, tmp_path: Path) -> None:
    """Tensors outside the decoder, such as a tower for images or a head for another task, do not make it unreadable."""
    shutil.copytree(whole, tmp_path / "m")
    change(lambda t: t.update({"vision.patch.weight": torch.ones(3), "score.weight": torch.ones(2)}))(tmp_path / "m")
    assert load_language_model(ModelSpec(str(tmp_path / "m"), device="cpu")).fingerprint


def test_a_model_of_several_files_loads_as_of_one(whole: Path, tmp_path: Path) -> None:
    """Weights spread over shards load with the fingerprint of the same weights in one file."""
    model = build_model("Llama", vocab_size=4096)
    shutil.copytree(whole, tmp_path / "m")
    (tmp_path / "m" / WEIGHTS).unlink()
    model.save_pretrained(tmp_path / "m", max_shard_size="300KB")
    assert len(list((tmp_path / "m").glob("*.safetensors"))) > 1
    found = [load_language_model(ModelSpec(str(path), device="cpu")).fingerprint for path in (whole, tmp_path / "m")]
    assert found[0] == found[1]
