"""Writes tiny random models of each family, and what transformers computes of them.

Beside each model, its name.safetensors has tokens, logits, the mean loss of the next tokens, and its gradient by each weight.

Usage: python3 families.py
"""

import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

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
}
for number, (name, config) in enumerate(FAMILIES.items()):
    torch.manual_seed(number)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.5 + (1 if "norm" in key else 0))
    tokens = torch.randint(0, config.vocab_size, (2, 14))
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    expected = {"tokens": tokens.float(), "logits": logits.detach(), "loss": loss.detach().reshape(1)}
    expected |= {f"gradient.{key}": weight.grad for key, weight in model.named_parameters()}
    model.save_pretrained(HERE / name)
    save_file({key: value.contiguous() for key, value in expected.items()}, HERE / f"{name}.safetensors")
    (HERE / name / "generation_config.json").unlink(missing_ok=True)
    print(name, loss.item())
