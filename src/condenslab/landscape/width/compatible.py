"""General compatible embeddings T^α_I: index maps and shares for a dense network of any depth, checked and applied.

Zhang et al., J. Mach. Learn. 1(1), 2022, Definitions 5.1 and 5.2, Conditions 1 and 2, Theorem 5.1. Neurons and hidden
layers are counted from 0 here, so the null neuron, the paper's 0, is −1.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.width.copies import NULL, copied, copied_gradient, layer_name
from condenslab.networks import MLP, Activation, TwoLayer, ravel, unravel
from condenslab.networks.dense import skips
from condenslab.networks.layered import Dense, layers, widths

_TOLERANCE = 1e-12
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class CompatibleEmbedding:
    """A general compatible embedding of a dense network: an affine map θ′ = T^α_I θ that keeps output and criticality.

    Wide neuron i of hidden layer l is a copy of narrow neuron I_l(i), or null (a constant that nothing depends on)
    where I_l(i) = −1; inputs and outputs are mapped to themselves. With α the shares and α_b the bias terms,
    W′_ij = α_ij·W_{I(i)I(j)} and b′_i = α_b,i + b_{I(i)}; where i or j is null, W′_ij = α_ij, and b′_i = α_b,i where i
    is. Condition 1 is checked when the object is made, Condition 2 (which needs σ) by `check` and by every call.

    Attributes:
        sources: I_1 … I_{L−1}, one tuple for each hidden layer; every narrow neuron occurs, −1 marks a null neuron.
        shares: α of each of the L weight matrices, shape (neurons out, neurons in) of the wide network.
        bias_terms: α_b of each of the L layers, shape (neuron,) of the wide network.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022 (arXiv 2111.15527), section 5.
    """

    sources: tuple[tuple[int, ...], ...]
    shares: tuple[np.ndarray, ...]
    bias_terms: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        for name in ("shares", "bias_terms"):
            object.__setattr__(self, name, tuple(np.array(a, dtype=np.float64) for a in getattr(self, name)))
        self._check_form()
        for position in range(1, len(self.shares) + 1):
            self._check_forward(position)
        self._check_backward()

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths (m′_0, …, m′_L) of the wide network."""
        return (self.shares[0].shape[1], *(share.shape[0] for share in self.shares))

    @property
    def narrow_widths(self) -> tuple[int, ...]:
        """The widths (m_0, …, m_L) of the narrow network."""
        return (self.widths[0], *(max(source) + 1 for source in self.sources), self.widths[-1])

    @property
    def backward_shares(self) -> tuple[np.ndarray, ...]:
        """The auxiliary β of the L layers, shape (neuron,): e′_i = β_i·e_{I(i)} for the error vectors; 0 where null."""
        betas = [np.ones(self.widths[-1])]
        for position in range(len(self.shares), 1, -1):
            sums = self._backward_sums(position, betas[0])
            betas.insert(0, np.where(self.index(position - 1) == NULL, 0.0, sums[0]))
        return tuple(betas)

    def index(self, position: int) -> np.ndarray:
        """Returns I_l for l = `position` in 0 (the inputs) … L (the outputs), shape (neuron,)."""
        if position in (0, len(self.shares)):
            return np.arange(self.widths[position])
        return np.array(self.sources[position - 1], dtype=np.int64)

    def constants(self, activation: Activation) -> tuple[np.ndarray, ...]:
        """Returns σ(b*_j) of the null neurons and 0 for the others, of the inputs and every hidden layer.

        The effective bias of a null neuron is b*_i = α_b,i + Σ_{j null} α_ij·σ(b*_j).

        Args:
            activation: σ.
        """
        values = [np.zeros(self.widths[0])]
        for position in range(1, len(self.shares)):
            null, share, term = self.index(position) == NULL, self.shares[position - 1], self.bias_terms[position - 1]
            if not np.any(null):
                values.append(np.zeros(len(null)))
                continue
            with jax.ensure_compile_time_eval():
                outputs = np.asarray(activation(jnp.asarray(share @ values[-1] + term)), dtype=np.float64)
            values.append(np.where(null, outputs, 0.0))
        return tuple(values)

    def corrected(self, activation: Activation) -> "CompatibleEmbedding":
        """Returns the embedding with the bias terms that Condition 2 asks of effective neurons.

        They are α_b,i = −Σ_{j null} α_ij·σ(b*_j): what null neurons send to an effective one is taken off its bias.

        Args:
            activation: σ.
        """
        terms = [
            np.where(self.index(position + 1) == NULL, term, -share @ value)
            for position, (share, term, value) in enumerate(
                zip(self.shares, self.bias_terms, self.constants(activation), strict=True)
            )
        ]
        return CompatibleEmbedding(self.sources, self.shares, tuple(terms))

    def check(self, network: TwoLayer | MLP) -> None:
        """Checks that the embedding keeps output and criticality of a network of these widths, biases and activation.

        Args:
            network: The narrow network; its parameter values play no part.

        Raises:
            TypeError: It is neither a `TwoLayer` nor an `MLP`.
            ValueError: It has other widths or a residual connection on either side, Condition 2 is violated, a layer
                without biases would need a bias term, or a null neuron breaks criticality because the next layer has
                no biases and σ(b*) ≠ 0.
        """
        if widths(network) != self.narrow_widths:
            raise ValueError(
                f"the embedding is made for widths {self.narrow_widths}, inputs and outputs included. "
                f"Got a network of widths {widths(network)}."
            )
        if isinstance(network, MLP) and network.residual and (skips(self.narrow_widths) or skips(self.widths)):
            raise ValueError(
                f"residual connections join layers of equal width, and a compatible embedding is for networks without "
                f"any. Got widths {self.narrow_widths} before and {self.widths} after."
            )
        constants, betas = self.constants(network.activation), self.backward_shares
        for position, bias in enumerate(layers(network)[1]):
            self._check_biases(position + 1, constants[position])
            if bias is None:
                self._check_missing_bias(position + 1, constants[position], betas[position])

    def __call__(self, network: Dense) -> Dense:
        """Returns Tθ, the wide network.

        Raises:
            TypeError: As in `check`.
            ValueError: As in `check`.
        """
        self.check(network)
        return copied(network, self._indices, self.shares, self.bias_terms)

    def gradient(self, gradient: Dense) -> Dense:
        """Returns D·g, so that ∇R′(Tθ) = D·∇R(θ) at any θ, critical or not, for any data and loss.

        The entry of W′_ij is β_i·g_{W, I(i)I(j)} where both are effective, β_i·σ(b*_j)·g_{b, I(i)} where j is null, and
        0 where i is; that of b′_i is β_i·g_{b, I(i)}.

        Args:
            gradient: g, with the structure of the narrow network.

        Raises:
            TypeError: As in `check`.
            ValueError: As in `check`.
        """
        self.check(gradient)
        constants = self.constants(gradient.activation)
        return copied_gradient(gradient, self._indices, self.backward_shares, constants)

    def matrices(self, network: Dense) -> tuple[Array, Array]:
        """Returns (A, D), each of shape (wide param, narrow param): Tθ = A·θ + c and ∇R′(Tθ) = D·∇R(θ).

        With them ∇²R(θ) = Aᵀ·∇²R′(Tθ)·A and ∇²R′(Tθ)·A = D·∇²R(θ) at any θ; A has full column rank.

        Args:
            network: The narrow network; its parameter values play no part.

        Raises:
            TypeError: As in `check`.
            ValueError: As in `check`.
        """
        zero = jnp.zeros_like(ravel(network))

        def both(theta: Array) -> tuple[Array, Array]:
            narrow = unravel(theta, network)
            return ravel(self(narrow)), ravel(self.gradient(narrow))

        return jax.jit(jax.jacfwd(both))(zero)

    @property
    def _indices(self) -> tuple[np.ndarray, ...]:
        return tuple(self.index(position) for position in range(len(self.widths)))

    def _check_form(self) -> None:
        depth = len(self.sources) + 1
        if depth < 2 or len(self.shares) != depth or len(self.bias_terms) != depth:
            raise ValueError(
                f"an embedding of a network with L ≥ 2 layers has L − 1 index maps, L arrays of shares and L of bias "
                f"terms. Got {depth - 1}, {len(self.shares)} and {len(self.bias_terms)}."
            )
        for layer, source in enumerate(self.sources):
            narrow = max(source, default=NULL) + 1
            if set(source) - {NULL} != set(range(narrow)) or narrow == 0:
                raise ValueError(
                    f"the index map of hidden layer {layer} must hold every narrow neuron, and −1 for null ones. "
                    f"Got {sorted(set(source))}."
                )
        ends = [len(source) for source in self.sources]
        for position, (share, term) in enumerate(zip(self.shares, self.bias_terms, strict=True), start=1):
            columns = share.shape[-1] if position == 1 else ends[position - 2]
            rows = share.shape[0] if position == depth else ends[position - 1]
            if share.shape != (rows, columns) or term.shape != (rows,):
                raise ValueError(
                    f"{layer_name(position, depth)} needs shares of shape ({rows}, {columns}) and bias terms of shape "
                    f"({rows},). Got {share.shape} and {term.shape}."
                )
            if not (np.all(np.isfinite(share)) and np.all(np.isfinite(term))):
                raise ValueError(f"shares and bias terms must be finite. Got others in {layer_name(position, depth)}.")

    def _check_forward(self, position: int) -> None:
        share, members = self.shares[position - 1], _members(self.index(position - 1))
        null = self.index(position) == NULL
        sums, size = share @ members, np.abs(share) @ members
        excess = np.abs(sums - np.where(null, 0.0, 1.0)[:, None]) / np.maximum(size, 1.0)
        if np.any(excess > _TOLERANCE):
            i, s = np.unravel_index(np.argmax(excess), excess.shape)
            raise ValueError(
                f"Condition 1 (forward) is violated in {layer_name(position, len(self.shares))}: the shares of neuron "
                f"{i}, which is {'null' if null[i] else 'effective'}, over the copies of neuron {s} of the layer "
                f"before must sum to {0 if null[i] else 1}. Got {sums[i, s]:.6g}."
            )

    def _check_backward(self) -> None:
        betas = self.backward_shares
        for position in range(len(self.shares), 1, -1):
            null, beta = self.index(position - 1) == NULL, betas[position - 2]
            sums = self._backward_sums(position, betas[position - 1])
            size = _members(self.index(position)).T @ np.abs(betas[position - 1][:, None] * self.shares[position - 1])
            excess = np.abs(sums - beta[None, :]) / np.maximum(size.max(axis=0, initial=0.0), 1.0)[None, :]
            if np.any(excess > _TOLERANCE):
                k, j = np.unravel_index(np.argmax(excess), excess.shape)
                raise ValueError(
                    f"Condition 1 (backward) is violated in {layer_name(position, len(self.shares))}: the sums of "
                    f"β_i·α_ij over the copies i of each neuron must be "
                    f"{'0' if null[j] else 'equal'} for column j = {j}, whose neuron is "
                    f"{'null' if null[j] else 'effective'}. Got {sums[k, j]:.6g} for the copies of neuron {k}"
                    f"{'' if null[j] else f' and {beta[j]:.6g} for those of neuron 0'}."
                )

    def _backward_sums(self, position: int, beta: np.ndarray) -> np.ndarray:
        return _members(self.index(position)).T @ (beta[:, None] * self.shares[position - 1])

    def _check_biases(self, position: int, constants: np.ndarray) -> None:
        share, term = self.shares[position - 1], self.bias_terms[position - 1]
        excess = np.where(self.index(position) == NULL, 0.0, np.abs(share @ constants + term))
        excess = excess / np.maximum(np.abs(share) @ np.abs(constants) + np.abs(term), 1.0)
        tolerance = _TOLERANCE if jnp.asarray(0.0).dtype == np.float64 else 1e-6
        if np.any(excess > tolerance):
            i = int(np.argmax(excess))
            raise ValueError(
                f"Condition 2 is violated in {layer_name(position, len(self.shares))}: the bias term of effective "
                f"neuron {i} must be −Σ α_ij·σ(b*_j) over the null neurons j, {-(share @ constants)[i]:.6g} here. "
                f"Got {term[i]:.6g}; `corrected` sets it."
            )

    def _check_missing_bias(self, position: int, constants: np.ndarray, beta: np.ndarray) -> None:
        name = layer_name(position, len(self.shares))
        if np.any(self.bias_terms[position - 1] != 0):
            raise ValueError(f"the network has no biases in {name}, so its bias terms must be 0. Got others.")
        if np.any(np.abs(constants) > _ROUNDING) and np.any(beta != 0):
            j = int(np.argmax(np.abs(constants)))
            raise ValueError(
                f"null neuron {j} of {layer_name(position - 1, len(self.shares))} would break criticality: it sends "
                f"σ(b) = {constants[j]:.6g} to {name}, where the gradient of its weights is σ(b) times that of a bias, "
                f"and {name} has no bias whose gradient vanishes. Choose b with σ(b) = 0, or a network with biases."
            )


def _members(index: np.ndarray) -> np.ndarray:
    """Returns P with P_is = 1 where wide neuron i copies narrow neuron s."""
    return (index[:, None] == np.arange(index.max() + 1)[None, :]).astype(np.float64)
