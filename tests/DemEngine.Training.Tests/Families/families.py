"""Writes tiny random models of each family, and what transformers computes of them.

Beside each model, its name.safetensors has tokens, logits, the mean loss of the next tokens, and its gradient by each weight.

Usage: python3 families.py [name ...]
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    LlamaConfig,
    MistralConfig,
    MixtralConfig,
    Qwen2Config,
    Qwen3Config,
)

HERE = pathlib.Path(__file__).parent
SIZES = dict(
    vocab_size=17,
    hidden_size=8,
    intermediate_size=12,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    rms_norm_eps=1e-5,
    bos_token_id=1,
    eos_token_id=2,
)
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    "rope_theta": 100.0,
}
FAMILIES = {
    "llama": LlamaConfig(**SIZES, head_dim=8, rope_parameters=LLAMA3),
    "mistral": MistralConfig(**SIZES, head_dim=6, sliding_window=5),
    "qwen2": Qwen2Config(**SIZES, tie_word_embeddings=True, use_sliding_window=False),
    "qwen3": Qwen3Config(**SIZES, head_dim=6, use_sliding_window=False),
    "gemma2": Gemma2Config(
        **SIZES,
        pad_token_id=None,  # Torch gives the embedding of padding no gradient.
        head_dim=6,
        sliding_window=5,
        query_pre_attn_scalar=10,
        attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0,
    ),
    "gemma3": Gemma3TextConfig(
        **SIZES,
        pad_token_id=None,
        head_dim=6,
        sliding_window=5,
        query_pre_attn_scalar=10,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 300.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
        },
    ),
    "mixtral": MixtralConfig(**SIZES, head_dim=6, num_local_experts=4, num_experts_per_tok=2),
}


def gradients(model):
    """Gradients under the names of the checkpoint, where experts are matrices of their own."""
    for key, weight in model.named_parameters():
        if ".mlp.experts." not in key:
            yield key.replace(".mlp.gate.", ".block_sparse_moe.gate.") if "mixtral" in model.config.model_type else key, weight.grad
            continue
        layer = key.split(".mlp.")[0]
        for expert, matrix in enumerate(weight.grad):
            parts = {"w1": matrix.chunk(2)[0], "w3": matrix.chunk(2)[1]} if "gate_up" in key else {"w2": matrix}
            for name, part in parts.items():
                yield f"{layer}.block_sparse_moe.experts.{expert}.{name}.weight", part


for number, (name, config) in enumerate(FAMILIES.items()):
    torch.manual_seed(number)
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.5 + (1 if "norm" in key and "gemma" not in name else 0))
    tokens = torch.randint(0, config.vocab_size, (2, 14))
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    expected = {"tokens": tokens.float(), "logits": logits.detach(), "loss": loss.detach().reshape(1)}
    expected |= {f"gradient.{key}": gradient for key, gradient in gradients(model)}
    model.save_pretrained(HERE / name)
    save_file({key: value.contiguous() for key, value in expected.items()}, HERE / f"{name}.safetensors")
    (HERE / name / "generation_config.json").unlink(missing_ok=True)
    print(name, loss.item())
