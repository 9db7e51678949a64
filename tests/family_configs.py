"""Small configurations of every decoder family that transformers ships, made from each family's own defaults."""

from __future__ import annotations

from typing import Any

import torch
from model_samples import VOCABULARY
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

# Sizes by the names that families give them; a family takes those that its configuration has.
_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512,
    "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
    "d_model": 32, "n_embd": 32, "n_head": 4, "n_layer": 3, "n_positions": 512, "n_ctx": 512, "num_layers": 3,
    "num_heads": 4, "ffn_dim": 64, "d_ff": 64, "dff": 64, "d_kv": 8, "decoder_ffn_dim": 64, "decoder_layers": 3,
    "decoder_attention_heads": 4, "word_embed_proj_dim": 32, "embedding_size": 32, "max_seq_len": 512,
    "max_target_positions": 512, "rotary_dim": 4,
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16, "n_group": 1, "topk_group": 1,
    "first_k_dense_replace": 1,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8,
    "state_size": 8, "mamba_d_state": 8, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_n_groups": 1,
    "mamba_d_ssm": 64, "mamba_expand": 2, "mamba_num_heads": 4, "mamba_head_dim": 16, "n_groups": 1,
    "linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
    "dim_model_base": 16, "block_size": 8, "image_token_id": 5, "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": VOCABULARY, "num_kv_shared_layers": 0, "lru_width": 32, "attention_window_size": 64,
    "conv_dim": 32, "attention_hidden_size": 32, "global_head_dim": 8, "encoder_hidden_size": 32,
}  # fmt: skip
# What a family needs beyond them, or needs otherwise; what scales or caps its logits is set so that it shows.
_MLA = {"num_key_value_heads": 4, "head_dim": 4}
OWN: dict[str, dict[str, Any]] = {
    "axk1": _MLA, "axk2": _MLA, "deepseek_v2": _MLA, "deepseek_v3": _MLA, "deepseek_v32": _MLA,
    "glm4_moe_lite": _MLA, "glm_moe_dsa": _MLA, "longcat_flash": _MLA, "minicpm3": _MLA, "youtu": _MLA,
    "dots1": {"n_shared_experts": 1}, "dots3_note": _MLA, "dots3_note_text": _MLA,
    "gpt_neo": {"attention_types": [[["global", "local", "global"], 1]]},
    "mamba2": {"num_heads": 8}, "zaya": {"num_experts_per_tok": 1},
    "lfm2_moe": {"num_dense_layers": 1, "layer_types": ["full_attention"] * 3},
    "granite": {"logits_scaling": 3.0}, "granitemoe": {"logits_scaling": 3.0}, "hyperclovax": {"logits_scaling": 0.2},
    "cohere": {"logit_scale": 0.3}, "cohere2": {"logit_scale": 0.3},
    "gemma2": {"final_logit_softcapping": 2.0}, "gemma3_text": {"final_logit_softcapping": 2.0},
    "gemma4_text": {"final_logit_softcapping": 2.0}, "nanochat": {"final_logit_softcapping": 2.0},
}  # fmt: skip


def small_config(kind: str) -> Any:
    """Return a small configuration of a model type; of one with several parts, the text part is small."""
    family = CONFIG_MAPPING[kind]
    default = family()
    text = default.get_text_config(decoder=True)
    sizes = {**_SIZES, **OWN.get(kind, {})}
    chosen = {name: value for name, value in sizes.items() if name in _names(text) or name in OWN.get(kind, {})}
    if text is default:
        return family(**chosen)
    part = next(name for name, value in vars(default).items() if value is text)
    return family(**{part: chosen})


def _names(config: Any) -> set[str]:
    return {*config.to_dict(), *getattr(config, "attribute_map", {})}


def build_family(kind: str) -> Any:
    """Return a small random float32 model of a model type, the same at each call."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(small_config(kind), dtype=torch.float32).eval()
    with torch.no_grad():  # the usual scale of 0.02 makes small models nearly constant: differences would not show
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4.0)
    return model
