"""Letters and normaliser by the engine against each family's own forward pass, in float32."""

from __future__ import annotations

import warnings

import pytest
import torch
from family_configs import build_family, small_config
from model_samples import random_examples
from transformers import AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from surveycli.configuration import BatchSettings
from surveycli.engine.architecture import demand_decoder
from surveycli.engine.own_head import own_logits
from surveycli.engine.self_check import check_row_computation, choose_rows
from surveycli.errors import SurveyError

EXAMPLES, TOKENS = random_examples(10)
SHARED = BatchSettings(max_row_tokens=512)
PADDED = BatchSettings(share_prefixes=False, max_row_tokens=512)
# What these do to logits: scale them (both ways), cap them, scale hidden states before lm_head, or nothing; experts,
# latent attention, absolute positions, rotations of a part, parallel layers, windows, tied and biased heads.
EXACT = (
    "llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text", "gemma4_text",
    "phi", "phi3", "cohere", "cohere2", "granite", "granitemoe", "hyperclovax", "minicpm3", "deepseek_v3", "gpt_oss",
    "nanochat", "olmo2", "glm4", "falcon", "gpt2", "gpt_neox", "opt", "stablelm", "llama4_text", "modernbert-decoder",
)  # fmt: skip
# Recurrent layers, and positions that are counted from the mask: exact one by one and padded, not as a tree.
ONLY_PADDED = ("mamba", "jamba", "bloom", "qwen3_next")
# Read in both directions.
NOT_CAUSAL = ("bert", "xlnet")
# What transformers cannot build small and by itself: no text decoder alone, broken defaults, or missing packages.
NOT_BUILT = {
    "blt", "cohere_compass_text", "dbrx", "dots3_note", "dots3_note_text", "gemma3n", "gemma4_assistant",
    "gemma4_unified_assistant", "moss_transcribe_diarize", "musicgen", "musicgen_melody", "phi4_multimodal",
    "reformer", "zamba", "zamba2",
}  # fmt: skip
SLOW = ("kimi_linear",)  # minutes on a processor


@pytest.mark.parametrize("kind", EXACT)
def test_the_engine_agrees_with_the_model_itself(kind: str) -> None:
    """Trees and padded rows give the letters' log probabilities of the model's own forward pass to 1e-5."""
    model = build_family(kind)
    for settings in (SHARED, PADDED):
        agreement = check_row_computation(model, EXAMPLES, TOKENS, settings)
        assert max(agreement.alone, agreement.in_rows) < 1e-5


@pytest.mark.parametrize("kind", ONLY_PADDED)
def test_families_without_a_mask_are_computed_one_by_one(kind: str) -> None:
    """Where trees do not hold, they are refused by name, and the rows chosen instead agree to 1e-4."""
    model = build_family(kind)
    with pytest.raises(SurveyError, match=type(model).__name__) as error:
        check_row_computation(model, EXAMPLES, TOKENS, SHARED)
    assert "--no-share-prefixes" in error.value.hint
    chosen = choose_rows(model, EXAMPLES, TOKENS, SHARED)
    assert not chosen.share_prefixes
    assert check_row_computation(model, EXAMPLES, TOKENS, chosen).in_rows < 1e-4


@pytest.mark.parametrize("kind", NOT_CAUSAL)
def test_models_that_read_both_ways_are_refused(kind: str) -> None:
    """An encoder that transformers loads as a language model is refused by name, since it is not causal."""
    model = build_family(kind)
    with pytest.raises(SurveyError, match=f"{type(model).__name__} is not a causal decoder"):
        choose_rows(model, EXAMPLES, TOKENS, SHARED)


def test_transforms_of_logits_are_not_idle() -> None:
    """Families that scale or cap logits have others than lm_head's product, as they are configured here."""
    for kind in ("gemma2", "gemma3_text", "gemma4_text", "cohere", "granite", "hyperclovax", "nanochat", "minicpm3"):
        model = build_family(kind)
        hidden = torch.randn(3, 32, generator=torch.Generator().manual_seed(0)) * 3
        with torch.no_grad():
            product = model.get_output_embeddings()(hidden)
            own = own_logits(model, hidden, model.get_output_embeddings())
        assert float((own - product).abs().max()) > 0.05, kind


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - NOT_BUILT - set(SLOW)))
def test_every_family_agrees_or_is_refused_by_name(kind: str) -> None:
    """Every family that transformers ships agrees with its own forward pass to 1e-4, or is refused by its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some warn of optional kernels
        model = build_family(kind)
    try:
        demand_decoder(kind, model.config)
        settings = choose_rows(model, EXAMPLES, TOKENS, SHARED)
    except SurveyError as error:
        assert kind in error.message or type(model).__name__ in error.message
        return
    agreement = check_row_computation(model, EXAMPLES, TOKENS, settings)
    assert agreement.alone < 1e-5
    assert agreement.in_rows < (1e-5 if settings.share_prefixes else 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(NOT_BUILT & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)))
def test_what_is_left_out_cannot_be_built_small(kind: str) -> None:
    """The families left out above are those that fail to build, or stay large: none that could be tried."""
    try:
        with torch.device("meta"):
            size = sum(p.numel() for p in AutoModelForCausalLM.from_config(small_config(kind)).parameters())
    except Exception as error:  # noqa: BLE001 - each fails in a way of its own
        assert str(error)
        return
    assert size > 30_000_000
