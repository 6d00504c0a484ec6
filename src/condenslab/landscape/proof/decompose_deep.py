"""Which narrower network a dense network of any depth nearly embeds compatibly, and the exact embedding next to it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab.landscape.proof.activations import EVEN, ODD
from condenslab.landscape.proof.embedding import NULL, Embedding, Table
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.layered import layers

_SAME = 1e-6
_NONE = 1e-9


@dataclass(frozen=True, eq=False)
class DeepDecomposition:
    """A narrow network and the exact embedding whose image is near the wide one.

    Attributes:
        theta: The narrow parameters, layer by layer, W_l row by row and then b_l.
        widths: The narrow widths.
        embedding: The embedding; None where there is a reason.
        reason: Why the network has no such form, a sentence, or empty.
    """

    theta: np.ndarray
    widths: tuple[int, ...]
    embedding: Embedding | None
    reason: str = ""

    @property
    def trivial(self) -> bool:
        """Whether the narrow network is the wide one."""
        return self.embedding is None or self.widths[1:-1] == tuple(map(len, self.embedding.sources))


@dataclass
class _Layer:
    """What the units of a hidden layer are."""

    sources: list[int]
    signs: list[int]
    biases: list[Fraction]

    def merged(self, columns: np.ndarray, odd: bool) -> np.ndarray:
        """Returns the columns of the next layer, summed over copies with their signs."""
        total = np.zeros((len(columns), max(self.sources, default=NULL) + 1))
        for j, s in enumerate(self.sources):
            if s != NULL:
                total[:, s] += columns[:, j] * (self.signs[j] if odd else 1)
        return total


def decompose_deep(network: TwoLayer | MLP) -> DeepDecomposition:
    """Finds copies (incoming weights equal to 1e-6, up to the symmetry of the activation) and null neurons.

    From the inputs on, so that neurons that read different copies of one neuron are recognised as copies themselves.
    What is found is only a proposal: the proof is about the exact embedding of the exact narrow point.

    Args:
        network: θ, without skips.
    """
    wide = [np.asarray(weight, float) for weight in layers(network)[0]]
    biases = [None if bias is None else np.asarray(bias, float) for bias in layers(network)[1]]
    odd = network.activation.name in ODD
    units: list[_Layer] = []
    narrow, narrow_biases = [], []
    for number, (weight, bias) in enumerate(zip(wide, biases, strict=True)):
        rows = weight if not units else units[-1].merged(weight, odd)
        if number < len(wide) - 1:
            units.append(_units(network, (rows, weight, bias), (wide[number + 1], biases[number + 1])))
            firsts = [units[-1].sources.index(s) for s in range(max(units[-1].sources, default=NULL) + 1)]
            rows, bias = rows[firsts], None if bias is None else bias[firsts]
        narrow.append(rows)
        narrow_biases.append(bias)
    pieces = [p.ravel() for pair in zip(narrow, narrow_biases, strict=True) for p in pair if p is not None]
    theta = np.concatenate(pieces)
    widths = (narrow[0].shape[1], *(len(part) for part in narrow))
    shares, reason = _shares(wide, narrow, units, odd)
    if reason:
        return DeepDecomposition(theta, widths, None, reason)
    sources, signs, own = ([tuple(getattr(u, name)) for u in units] for name in ("sources", "signs", "biases"))
    return DeepDecomposition(theta, widths, Embedding(tuple(sources), tuple(signs), tuple(own), tuple(shares)))


def _units(network: TwoLayer | MLP, own: tuple[Any, Any, Any], following: tuple[Any, Any]) -> _Layer:
    """Returns what the units of a layer are: its merged rows, its rows and biases, and those of the next layer."""
    (rows, weight, bias), (outgoing, next_bias) = own, following
    incoming = rows if bias is None else np.column_stack([rows, bias])
    size = max(1.0, float(np.abs(outgoing).max(initial=0.0)))
    null = np.abs(outgoing).max(axis=0, initial=0.0) <= _NONE * size
    null &= np.abs(weight).max(axis=1, initial=0.0) <= _NONE
    if next_bias is None:
        vanishing = float(network.activation(jnp.zeros(()))) == 0.0
        null &= vanishing & (np.abs(incoming).max(axis=1, initial=0.0) <= _NONE)
    found = _grouped(network.activation.name, incoming, null)
    if next_bias is not None and bias is not None:
        pairs = zip(found.sources, bias, strict=True)
        found.biases = [Fraction(float(b)) if s == NULL else Fraction(0) for s, b in pairs]
    return found


def _grouped(name: str, incoming: np.ndarray, null: np.ndarray) -> _Layer:
    found, firsts = _Layer([], [], [Fraction(0)] * len(incoming)), []
    for k, point in enumerate(incoming):
        if null[k]:
            found.sources.append(NULL)
            found.signs.append(1)
            continue
        bound = _SAME * max(1.0, float(np.abs(point).max(initial=0.0)))
        matches = [(s, 1) for s, other in enumerate(firsts) if np.abs(other - point).max(initial=0.0) <= bound]
        if name in ODD + EVEN:
            matches += [(s, -1) for s, other in enumerate(firsts) if np.abs(other + point).max(initial=0.0) <= bound]
        if not matches:
            firsts.append(point)
        source, sign = matches[0] if matches else (len(firsts) - 1, 1)
        found.sources.append(source)
        found.signs.append(sign)
    return found


def _shares(wide: list, narrow: list, units: list[_Layer], odd: bool) -> tuple[list[Table], str]:
    """Returns the exact shares next to the weights' own, from the outputs on, or why there are none."""
    beta, rows = [Fraction(1)] * len(wide[-1]), list(range(len(wide[-1])))
    row_signs = [1] * len(rows)
    tables: list[Table] = []
    for number in reversed(range(1, len(wide))):
        unit = units[number - 1]
        weight = wide[number] * np.array(row_signs)[:, None] * (np.array(unit.signs)[None, :] if odd else 1.0)
        own = _column_shares(weight, narrow[number], (rows, unit.sources), beta)
        if own is None:
            return [], "copies whose outgoing weights cancel or are not in proportion: no embedding by shares"
        if any(b == 0 for b, s in zip(own, unit.sources, strict=True) if s != NULL):
            return [], "a copy without outgoing weights: its share 0 is not covered here; merge it or give it a share"
        table = _plan(weight, narrow[number], (rows, unit.sources), (beta, own))
        if table is None:
            return [], "weights between copies that are in no proportion to the narrow network's"
        tables.insert(0, table)
        beta, rows, row_signs = own, unit.sources, unit.signs
    first = tuple(tuple(Fraction(int(k != NULL)) for _ in range(wide[0].shape[1])) for k in rows)
    return [first, *tables], ""


def _column_shares(
    weight: np.ndarray, narrow: np.ndarray, index: tuple[list[int], list[int]], beta: list[Fraction]
) -> list[Fraction] | None:
    """Returns β of the columns: Σ_{i ∈ k} β_i·W′_ij = β_j·W_ks for every k, exact with the sum 1 over copies."""
    rows, columns = index
    sums = np.zeros((len(narrow), len(columns)))
    for i, k in enumerate(rows):
        if k != NULL:
            sums[k] += float(beta[i]) * weight[i]
    scale = max(1.0, float(np.abs(narrow).max(initial=0.0)))
    found = [Fraction(0)] * len(columns)
    for s in range(narrow.shape[1]):
        members = [j for j, source in enumerate(columns) if source == s]
        column = narrow[:, s]
        if len(members) == 1:
            found[members[0]] = Fraction(1)
            continue
        size = float(column @ column)
        shares = column @ sums[:, members] / size if size > (_NONE * scale) ** 2 else np.full(len(members), np.nan)
        if not np.abs(sums[:, members] - np.outer(column, shares)).max(initial=0.0) <= _SAME * scale:
            return None
        exact = [Fraction(0) if abs(share) < _NONE else Fraction(float(share)) for share in shares]
        exact[int(np.argmax(np.abs(shares)))] += 1 - sum(exact, Fraction(0))
        for j, share in zip(members, exact, strict=True):
            found[j] = share
    return found


def _plan(
    weight: np.ndarray,
    narrow: np.ndarray,
    index: tuple[list[int], list[int]],
    marginals: tuple[list[Fraction], list[Fraction]],
) -> Table | None:
    """Returns α of a layer near the weights' own, β_i·α_ij with the exact marginals β_i and β_j in every block."""
    (rows, columns), (beta, own) = index, marginals
    bound = _SAME * max(1.0, float(np.abs(weight).max(initial=0.0)))
    table = [[Fraction(0)] * len(columns) for _ in rows]
    for k, s in np.ndindex(*narrow.shape):
        members = [i for i, r in enumerate(rows) if r == k], [j for j, c in enumerate(columns) if c == s]
        last = max(members[0], key=lambda i: abs(beta[i])), max(members[1], key=lambda j: abs(own[j]))
        for i in members[0]:
            for j in members[1]:
                known = abs(narrow[k, s]) > _NONE
                share = Fraction(float(weight[i, j] / narrow[k, s])) if known else own[j]
                table[i][j] = share if abs(share - own[j]) > 1e-12 else own[j]
        for i in members[0]:
            if i != last[0]:
                table[i][last[1]] = 1 - sum((table[i][j] for j in members[1] if j != last[1]), Fraction(0))
        for j in members[1]:
            rest = own[j] - sum((beta[i] * table[i][j] for i in members[0] if i != last[0]), Fraction(0))
            table[last[0]][j] = rest / beta[last[0]]
        repaired = np.array([[float(table[i][j]) * narrow[k, s] for j in members[1]] for i in members[0]])
        if np.abs(repaired - weight[np.ix_(*members)]).max(initial=0.0) > bound:
            return None
    return tuple(tuple(row) for row in table)
