"""What the name of a tensor says about it: a weight of neurons, of attention, of an output, or no weight at all."""

import re

_OPTIMISER = re.compile(
    r"(^|\.)(optimizers?(_states?|_state_dict)?|opt(_state)?|optim(_state)?|exp_avg(_sq)?|max_exp_avg_sq|momentum_buffer"
    r"|lr_schedulers?|scheduler|grad_scaler|scaler|loops|callbacks|adam_[mv])(\.|$)"
)
_AVERAGE = re.compile(
    r"(^|\.)(ema|ema_model|model_ema|ema_state_dict|state_dict_ema|ema_params|shadow_params|averaged?_model)(\.|$)"
)
_EMBEDDING = re.compile(
    r"(^|[._])(embed(ding|dings|s|_tokens|_positions|_in|_out)?|word_embeddings|wte|wpe|tok_embeddings|token_embd|emb"
    r"|position_embeddings|pos_embed(ding)?|relative_attention_bias|shared|cls_token|relative_position_bias_table)([._]|$)"
)
_OUTPUT = re.compile(
    r"(^|\.)(lm_head|head|heads|classifier|logits|fc_out|output_layer|score|last_linear|qa_outputs|decoder|readout"
    r"|output_weights|predictions|seq_relationship|proj_out)(\.(weight|kernel|w))?$"
)
_WRAPPERS = re.compile(
    r"^(state_dict|model_state_dict|model_state|model_dict|module|_orig_mod|network|net|model|params|weights|ema|ema_model"
    r"|model_ema|ema_state_dict|state_dict_ema|ema_params|_forward_module|backbone)\."
)
_LEAVES = ("weight", "kernel", "w", "weights", "kernels", "input_weights", "weight_v", "coefficients")
_FUSED = ("in_proj_weight", "qkv", "wqkv", "query_key_value", "c_attn", "qkv_proj", "in_proj")
_QKVO = {
    "q": ("query", "q_proj", "q_lin", "q", "wq", "to_q", "query_proj"),
    "k": ("key", "k_proj", "k_lin", "k", "wk", "to_k", "key_proj"),
    "v": ("value", "v_proj", "v_lin", "v", "wv", "to_v", "value_proj"),
    "o": ("o_proj", "out_proj", "out_lin", "dense", "wo", "o", "c_proj", "proj", "to_out", "out", "output"),
}
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)


def plain(name: str) -> str:
    """Returns a name with dots between its parts, in lower case.

    Args:
        name: The name in the file.
    """
    return name.replace("/", ".").lower()


def stripped(name: str) -> str:
    """Returns a name without what wrappers put before it, so that checkpoints of one network agree.

    Args:
        name: The name in the file.

    Example:
        >>> stripped("state_dict.module.fc1.weight")
        'fc1.weight'
    """
    short = name.replace("/", ".")
    while match := _WRAPPERS.match(short):
        if "." not in short[match.end() :]:
            break
        short = short[match.end() :]
    return short


def of_optimiser(name: str) -> bool:
    """Says whether a tensor is a moment of an optimiser or other state of training.

    Args:
        name: Its name.
    """
    return bool(_OPTIMISER.search(plain(name)))


def of_average(name: str) -> bool:
    """Says whether a tensor belongs to a moving average of the weights.

    Args:
        name: Its name.
    """
    return bool(_AVERAGE.search(plain(name)))


def is_embedding(name: str) -> bool:
    """Says whether the rows of a matrix are tokens or positions.

    Args:
        name: Its name.
    """
    return bool(_EMBEDDING.search(plain(name)))


def is_output(name: str) -> bool:
    """Says whether the name is that of an output layer.

    Args:
        name: Its name.
    """
    return bool(_OUTPUT.search(plain(name)))


def module(name: str) -> str:
    """Returns the name of the layer that a weight belongs to.

    Args:
        name: Its name.
    """
    head, _, leaf = name.rpartition(".") if "." in name else name.rpartition("/")
    return head if plain(leaf) in _LEAVES else name


def attention_role(name: str, all_names: frozenset[str]) -> tuple[str, str] | None:
    """Returns the block of attention that a matrix belongs to and its role in it, or None.

    Args:
        name: Its name.
        all_names: Names of all matrices, in `plain` form without wrappers' part: q, k, v with one parent are attention
            even where no part of the name says so.

    Returns:
        (block, "q" | "k" | "v" | "o" | "qkv").
    """
    short = module(name)
    parent, _, leaf = short.rpartition(".")
    leaf = leaf.lower()
    if leaf.isdigit():  # to_out.0
        parent, _, leaf = parent.rpartition(".")
        leaf = leaf.lower()
    parts = parent.split(".")
    marked = [place for place, part in enumerate(parts) if _ATTENTION.search(part)]
    block = ".".join(parts[: marked[-1] + 1]) if marked else parent
    if leaf in _FUSED and (marked or leaf not in ("in_proj",)):
        return block, "qkv"
    for role, words in _QKVO.items():
        if leaf in words and (marked or _has_siblings(parent, leaf, name, all_names)):
            return block, role
    return None


def _has_siblings(parent: str, leaf: str, name: str, all_names: frozenset[str]) -> bool:
    rows = list(zip(*(_QKVO[role] for role in "qkv"), strict=True))
    for row in rows:
        if leaf in row or leaf in _QKVO["o"]:
            tail = name[len(module(name)) :]
            if all(plain(f"{parent}.{word}{tail}") in all_names for word in row):
                return True
    return False
