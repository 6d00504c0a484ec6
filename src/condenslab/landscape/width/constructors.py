"""Compatible embeddings by name: one step, K steps, three-fold, two-fold null, and compositions of any."""

import functools
import itertools
from collections.abc import Sequence

import numpy as np

from condenslab.landscape.width.compatible import CompatibleEmbedding
from condenslab.landscape.width.copies import NULL
from condenslab.landscape.width.splitting import Splitting
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_number
from condenslab.networks.layered import require_dense_layer, widths


def as_compatible(splitting: Splitting, network: TwoLayer | MLP) -> CompatibleEmbedding:
    """Returns a splitting of one layer as a compatible embedding of the whole network, for composition.

    Args:
        splitting: For example `landscape.splitting(…)` or `landscape.equal_splitting(…)`.
        network: The narrow network, for its widths.

    Raises:
        IndexError: The network has no such hidden layer.
        TypeError: It is neither a `TwoLayer` nor an `MLP`.
        ValueError: Its layer has another width.
    """
    require_dense_layer(network, splitting.layer)
    embedding = _one_layer(widths(network), splitting.layer, splitting.sources, splitting.shares)
    embedding.check(network)
    return embedding


def null_neuron(network: TwoLayer | MLP, layer: int = 0, bias: float = 0.0) -> CompatibleEmbedding:
    """Returns the one-step null embedding T^b_{l,0}: a last neuron with zero input and output weights and bias b.

    Its output weights have the gradient σ(b)·E[∂ℓ/∂f] (times the backward weights), which is that of the next layer's
    bias: where that layer has none, the null neuron is refused unless σ(b) = 0.

    Args:
        network: The narrow network.
        layer: Which hidden layer, counted from 0 at the input.
        bias: b, any number; must be 0 in a layer without biases.

    Raises:
        IndexError: The network has no such hidden layer.
        TypeError: It is neither a `TwoLayer` nor an `MLP`.
        ValueError: The bias is not finite, or the null neuron would break criticality, as above.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022, Definition 4.3; for σ(b) ≠ 0 it relies on the next layer's bias.
    """
    require_dense_layer(network, layer)
    width = widths(network)[layer + 1]
    embedding = _one_layer(widths(network), layer, (*range(width), NULL), (*[1.0] * width, 0.0), bias)
    embedding.check(network)
    return embedding


def k_step(network: TwoLayer | MLP, steps: Sequence[tuple[int, int, float]]) -> CompatibleEmbedding:
    """Returns the K-step composition T^{α_K}_{l_K,s_K} ⋯ T^{α_1}_{l_1,s_1} of one-step embeddings.

    Args:
        network: The narrow network.
        steps: (layer l_k, neuron s_k, share α_k) for each step, counted from 0, the neuron in the layer as widened so
            far; a neuron of −1 appends a null neuron, whose bias α_k then is.

    Raises:
        IndexError: No such layer or neuron.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: There are no steps, one is no triple, a share is not finite, or a null neuron would break
            criticality.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022, Definition 4.6.
    """
    embeddings, shape = [], list(widths(network))
    for step in steps:
        if np.shape(step) != (3,):
            raise ValueError(f"each step must be (layer, neuron, share), a list of steps is given. Got {step!r}.")
        layer, neuron, share = step
        check_number("share", share)
        require_dense_layer(network, layer)
        width = shape[layer + 1]
        if not NULL <= neuron < width:
            raise IndexError(f"neuron must be one of 0 to {width - 1}, or −1 for a null neuron. Got {neuron}.")
        shares = [1.0] * width
        if neuron != NULL:
            shares[neuron] = 1.0 - share
        sent, bias = (0.0, share) if neuron == NULL else (share, 0.0)
        embeddings.append(_one_layer(shape, layer, (*range(width), neuron), (*shares, sent), bias))
        shape[layer + 1] += 1
    embedding = compose(*embeddings)
    embedding.check(network)
    return embedding


def compose(*embeddings: CompatibleEmbedding) -> CompatibleEmbedding:
    """Returns the embedding that applies the given ones in turn, the first one first.

    Args:
        *embeddings: At least one; the wide widths of each are the narrow widths of the next.

    Raises:
        ValueError: There are none, or the widths of two neighbours differ.
    """
    if not embeddings:
        raise ValueError("a composition needs at least one embedding. Got none.")
    return functools.reduce(_compose_two, embeddings)


def three_fold(network: TwoLayer | MLP) -> CompatibleEmbedding:
    """Returns the three-fold global splitting: three copies of the whole network side by side, with shares 1, 1, −1.

    All hidden widths are tripled and the copies are not connected; the outputs are f + f − f. A critical point with a
    positive semidefinite Hessian becomes a strict saddle by it unless E[Σ_o ∂_oℓ·∇²f_o] = 0.

    Args:
        network: The narrow network.

    Raises:
        TypeError: It is neither a `TwoLayer` nor an `MLP`.
        ValueError: It has no hidden layer, or residual connections.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022, Example 5.1, Lemmas 6.1 and 6.2, Theorem 6.3.
    """
    shape = widths(network)
    hidden = shape[1:-1]
    shares = [np.kron(np.eye(3), np.ones((out, into))) for into, out in itertools.pairwise(hidden)]
    if hidden:
        first = np.ones((3 * hidden[0], shape[0]))
        last = np.kron(np.array([[1.0, 1.0, -1.0]]), np.ones((shape[-1], hidden[-1])))
        shares = [first, *shares, last]
    terms = tuple(np.zeros(share.shape[0]) for share in shares)
    embedding = CompatibleEmbedding(tuple(tuple(range(m)) * 3 for m in hidden), tuple(shares), terms)
    embedding.check(network)
    return embedding


def two_fold_null(network: TwoLayer | MLP, biases: Sequence[Sequence[float]]) -> CompatibleEmbedding:
    """Returns the two-fold global null embedding: as many null neurons as neurons in every hidden layer.

    Their input and output weights are zero, their biases arbitrary.

    Args:
        network: The narrow network.
        biases: The biases of the null neurons, for each hidden layer as many numbers as it has neurons.

    Raises:
        TypeError: It is neither a `TwoLayer` nor an `MLP`.
        ValueError: The biases do not fit, or break criticality, as in `null_neuron`.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022, Example 5.2.
    """
    hidden = widths(network)[1:-1]
    if tuple(len(layer) for layer in biases) != hidden:
        raise ValueError(
            f"a two-fold null embedding needs one bias for each hidden neuron, {hidden} of them by layer. "
            f"Got {tuple(len(layer) for layer in biases)}."
        )
    return k_step(network, [(layer, NULL, float(bias)) for layer, row in enumerate(biases) for bias in row])


def _one_layer(
    shape: Sequence[int], layer: int, sources: Sequence[int], shares: Sequence[float], bias: float = 0.0
) -> CompatibleEmbedding:
    """Copies neurons of one layer with shares of their output weights; `bias` is that of null ones."""
    index = [tuple(range(width)) for width in shape]
    index[layer + 1] = tuple(sources)
    factors = [np.ones((len(out), len(into))) for into, out in itertools.pairwise(index)]
    null = np.array(sources) == NULL
    factors[layer][null, :] = 0.0
    factors[layer + 1] *= np.array(shares)[None, :]
    terms = [np.zeros(len(factor)) for factor in factors]
    terms[layer][null] = bias
    return CompatibleEmbedding(tuple(index[1:-1]), tuple(factors), tuple(terms))


def _compose_two(first: CompatibleEmbedding, second: CompatibleEmbedding) -> CompatibleEmbedding:
    if first.widths != second.narrow_widths:
        raise ValueError(
            f"embeddings compose where the first ends and the second begins. Got widths {first.widths} and then "
            f"{second.narrow_widths}."
        )
    sources, shares, terms = [], [], []
    for position in range(1, len(first.shares) + 1):
        rows, columns = second.index(position), second.index(position - 1)
        both = (rows != NULL)[:, None] & (columns != NULL)[None, :]
        inner = first.shares[position - 1][np.maximum(rows, 0)][:, np.maximum(columns, 0)]
        shares.append(second.shares[position - 1] * np.where(both, inner, 1.0))
        own = np.where(rows != NULL, first.bias_terms[position - 1][np.maximum(rows, 0)], 0.0)
        terms.append(second.bias_terms[position - 1] + own)
        source = np.where(rows != NULL, first.index(position)[np.maximum(rows, 0)], NULL)
        sources.append(tuple(source.tolist()))
    return CompatibleEmbedding(tuple(sources[:-1]), tuple(shares), tuple(terms))
