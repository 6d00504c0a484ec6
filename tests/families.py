"""Networks of many families with random weights, small: a builder, example inputs, and how many groups theory gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LAYERS = 2
_TEXT = {"vocab_size": 97, "max_position_embeddings": 32}
_WIDE = {"hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": LAYERS, "num_attention_heads": 4}
_SPECIAL = {"bos_token_id": 1, "eos_token_id": 2}


@dataclass(frozen=True)
class Family:
    """A network.

    `groups` follows from the architecture: an attention layer has interchangeable heads, a key dimension and a value
    dimension; a feed-forward layer its hidden units; a residual stream is one group where it is no output; a residual
    stage of a convolution network one, and each inner convolution of a block one. Rotary embeddings fix the key
    dimension, grouped queries give two kinds of heads.
    """

    build: Callable[[Any, Any], Any]
    inputs: Callable[[Any], Any]
    groups: int
    unknown: frozenset[str] = frozenset()


def tokens(torch: Any) -> Any:
    return torch.randint(0, 97, (4, 8))


def image(torch: Any) -> Any:
    return torch.randn(4, 3, 32, 32)


def _model(name: str, config: str, **settings: Any) -> Callable[[Any, Any], Any]:
    def build(torch: Any, transformers: Any) -> Any:
        kind = getattr(transformers, config)
        module = getattr(transformers, name, None) or getattr(transformers.models.whisper.modeling_whisper, name)
        return module(kind(**settings))

    return build


def _mlp(torch: Any, _: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 3))


def _cnn(torch: Any, _: Any) -> Any:
    nn = torch.nn
    first = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4)]
    second = [nn.Conv2d(8, 12, 3, groups=4, padding=1), nn.PReLU(12), nn.Flatten(), nn.Linear(12 * 64, 5)]
    return nn.Sequential(*first, *second)


def _encoder(torch: Any, _: Any) -> Any:
    return torch.nn.Sequential(torch.nn.TransformerEncoderLayer(24, 4, 40, batch_first=True), torch.nn.Linear(24, 5))


_STAGES = {"embedding_size": 16, "depths": [2, 2]}
_ATTENTION = 3  # heads, key dimension, value dimension
FAMILIES: dict[str, Family] = {
    "MLP": Family(_mlp, lambda torch: torch.randn(4, 7), 2),
    "CNN": Family(_cnn, image, 3),
    # stem, a channel inside each of 4 blocks; the stream of the second stage is an output, that of the first the stem's
    "ResNet basic": Family(
        _model("ResNetModel", "ResNetConfig", hidden_sizes=[16, 24], layer_type="basic", **_STAGES), image, 5
    ),
    # stem, the stream of the first stage, two channels inside each of 4 blocks
    "ResNet bottleneck": Family(
        _model("ResNetModel", "ResNetConfig", hidden_sizes=[32, 48], layer_type="bottleneck", **_STAGES), image, 10
    ),
    # stem and first block 1, 16 expansions, 7 streams between them; the last convolution is an output
    "MobileNetV2": Family(
        _model("MobileNetV2Model", "MobileNetV2Config", depth_multiplier=0.5, image_size=32), image, 24
    ),
    "ConvNeXt": Family(
        _model("ConvNextModel", "ConvNextConfig", hidden_sizes=[16, 24], depths=[1, 2], num_stages=2, image_size=32),
        image,
        3 + 1,
    ),
    "BERT": Family(_model("BertModel", "BertConfig", **_WIDE, **_TEXT), tokens, LAYERS * (_ATTENTION + 1)),
    "GPT-2": Family(
        _model(
            *("GPT2LMHeadModel", "GPT2Config"),
            n_embd=48,
            n_layer=LAYERS,
            n_head=4,
            vocab_size=97,
            n_positions=32,
            **_SPECIAL,
        ),
        tokens,
        LAYERS * (_ATTENTION + 1) + 1,
        frozenset({"diff"}),
    ),
    "Llama": Family(
        _model("LlamaForCausalLM", "LlamaConfig", num_key_value_heads=2, **_WIDE, **_TEXT),
        tokens,
        LAYERS * (2 + 1 + 1) + 1,
        frozenset({"diff"}),
    ),
    "GPT-NeoX": Family(
        _model("GPTNeoXForCausalLM", "GPTNeoXConfig", **_WIDE, **_TEXT, **_SPECIAL),
        tokens,
        LAYERS * (_ATTENTION + 1) + 1,  # a quarter of the key dimension is rotated, the rest is free
        frozenset({"diff"}),
    ),
    "Qwen3": Family(
        _model("Qwen3ForCausalLM", "Qwen3Config", num_key_value_heads=2, head_dim=12, vocab_size=97, **_WIDE),
        tokens,
        LAYERS * (2 + 1 + 1) + 1,
        frozenset({"diff"}),
    ),
    "T5 encoder": Family(  # one table of position biases ties the heads of all layers
        _model(
            "T5EncoderModel", "T5Config", d_model=48, d_kv=12, d_ff=80, num_layers=LAYERS, num_heads=4, vocab_size=97
        ),
        tokens,
        1 + LAYERS * (2 + 1),
    ),
    "DistilBERT": Family(
        _model("DistilBertModel", "DistilBertConfig", dim=48, hidden_dim=80, n_layers=LAYERS, n_heads=4, **_TEXT),
        tokens,
        LAYERS * (_ATTENTION + 1),
    ),
    "ViT": Family(
        _model("ViTModel", "ViTConfig", image_size=32, patch_size=8, **_WIDE), image, LAYERS * (_ATTENTION + 1)
    ),
    "Swin": Family(
        _model(
            *("SwinModel", "SwinConfig"),
            image_size=32,
            patch_size=2,
            embed_dim=16,
            depths=[2, 2],
            num_heads=[2, 4],
            window_size=4,
        ),
        image,
        4 * (_ATTENTION + 1),
        frozenset({"slice"}),
    ),
    "Whisper encoder": Family(
        _model(
            *("WhisperEncoder", "WhisperConfig"),
            d_model=48,
            encoder_layers=LAYERS,
            encoder_attention_heads=4,
            encoder_ffn_dim=80,
            num_mel_bins=16,
            max_source_positions=20,
        ),
        lambda torch: torch.randn(4, 16, 40),
        LAYERS * (_ATTENTION + 1) + 1,
    ),
    "Mamba": Family(  # the scan mixes what it expands; the rank of the step size stays free
        _model(
            "MambaForCausalLM", "MambaConfig", hidden_size=48, num_hidden_layers=LAYERS, vocab_size=97, state_size=8
        ),
        tokens,
        LAYERS + 1,
    ),
    "encoder layer": Family(_encoder, lambda torch: torch.randn(4, 5, 24), 3),
}
