"""Is this JAX build right? Its results against NumPy's, where a release was silently wrong; and how fast it is.

jax 0.10.2 on CPU returns wrong results for a small batched matrix product that is followed by a reduction, over more
than 16,384 rows in float64 and 32,768 in float32 (jax issue 39103); `pip install jax` takes it on Python 3.11.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from condenslab import aborts, studies
from condenslab.diagnosis import Check, Diagnosis
from condenslab.networks import TwoLayer
from condenslab.networks.activations import ACTIVATIONS, activation
from condenslab.risk import EmpiricalRisk
from condenslab.studies.environment import installed_version

Reduction = Callable[[np.ndarray, np.ndarray], Any]

_PACKAGES = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "diffrax",
    "optimistix",
    "lineax",
    "numpy",
    "scipy",
    "matplotlib",
    "plotly",
    "msgspec",
    "safetensors",
    "tyro",
    "rich",
)

_TOLERANCES = {"float32": 1e-4, "float64": 1e-11}
"""Accepted error relative to the largest entry: hundreds to ten thousands of roundings, far below any wrong result."""

FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "sigmoid": special.expit,
    "softplus": lambda z: np.logaddexp(z, 0.0),
    "gelu": lambda z: z * special.ndtr(z),
    "swish": lambda z: z * special.expit(z),
    "exp": np.exp,
    "x_tanh": lambda z: z * np.tanh(z),
    "x2_tanh": lambda z: z * z * np.tanh(z),
}
"""Each activation by NumPy and SciPy, from its definition."""


def reduced_products(rows: np.ndarray, matrix: np.ndarray) -> jax.Array:
    """Returns Σ_i (A·x)_i² for every row x by JAX: a batched matrix product and a reduction, in one compiled program.

    Args:
        rows: x, shape (row, input).
        matrix: A, shape (output, input).
    """
    return jax.jit(lambda x, a: jax.vmap(lambda row: jnp.sum((a @ row) ** 2))(x))(rows, matrix)


def check(reduction: Reduction = reduced_products) -> Diagnosis:
    """Compares this JAX build with NumPy and measures its speed; takes a few seconds.

    Matrix products are rounded as JAX's configuration has them rounded: a GPU's default is found wrong in float32.

    Args:
        reduction: Computes what `reduced_products` does; a parameter so that a wrong one can be seen to be found.

    Returns:
        The diagnosis; JAX's configuration is as before.
    """
    checks: list[Check] = []
    with jax.enable_x64(True):
        for precision in ("float32", "float64"):
            checks.append(check_reductions(precision, reduction))
            checks.append(check_activations(precision))
            checks += check_gradients(precision)
        microseconds = step_microseconds()
    here = studies.environment()
    versions = {"condenslab": here["condenslab"], "python": here["python"]} | {
        name: installed_version(name) for name in _PACKAGES
    }
    return Diagnosis(versions, here["device"], here["threads"], tuple(checks), microseconds, aborts.found())


def check_reductions(precision: str, reduction: Reduction = reduced_products) -> Check:
    """Compares batched matrix products followed by sums, above 16,384 rows.

    Args:
        precision: `"float32"` or `"float64"`.
        reduction: See `check`.
    """
    random = np.random.default_rng(0)
    worst = 0.0
    for count in (16_385, 20_000, 33_000, 40_000):
        for inputs in (3, 5):
            rows = random.normal(size=(count, inputs)).astype(precision)
            matrix = random.normal(size=(3, inputs)).astype(precision)
            products = np.einsum("oi,ni->no", matrix.astype("float64"), rows.astype("float64"))
            worst = max(worst, _relative(reduction(rows, matrix), np.sum(products**2, axis=1)))
    return Check(f"sums of batched matrix products ({precision})", worst, _TOLERANCES[precision])


def check_activations(precision: str) -> Check:
    """Compares every activation with its formula on [−20, 20].

    Args:
        precision: `"float32"` or `"float64"`.
    """
    points = np.linspace(-20.0, 20.0, 4001).astype(precision)
    worst = 0.0
    for name, kind in ACTIVATIONS.items():
        exact = FORMULAS[name](points.astype("float64"))
        error = np.abs(np.asarray(jax.jit(kind.function)(points), "float64") - exact) / np.maximum(np.abs(exact), 1.0)
        worst = max(worst, _largest(error))
    return Check(f"activations ({precision})", worst, _TOLERANCES[precision])


def check_gradients(precision: str) -> list[Check]:
    """Compares gradients of small tanh networks with the closed form: an ensemble of networks, and sample by sample.

    Args:
        precision: `"float32"` or `"float64"`.
    """
    random = np.random.default_rng(1)
    inputs = random.normal(size=(20_000, 3)).astype(precision)
    targets = random.normal(size=(20_000, 1)).astype(precision)
    members = tuple(random.normal(size=shape).astype(precision) for shape in ((4, 3, 3), (4, 3), (4, 1, 3)))
    few = slice(0, 50)
    ensemble = jax.jit(jax.vmap(_gradient, in_axes=(0, None, None)))(members, inputs[few], targets[few])
    each = zip(*members, strict=True)
    exact = [np.stack(parts) for parts in zip(*(_exact(m, inputs[few], targets[few]) for m in each), strict=True)]
    network = tuple(part[0] for part in members)
    samples = (inputs[:, None, :], targets[:, None, :])
    single = jax.jit(jax.vmap(_gradient, in_axes=(None, 0, 0)))(network, *samples)
    mean = [np.mean(np.asarray(part, "float64"), axis=0) for part in single]
    tolerance = _TOLERANCES[precision]
    return [
        Check(f"gradients of an ensemble ({precision})", _worst(ensemble, exact), tolerance),
        Check(f"gradients sample by sample ({precision})", _worst(mean, _exact(network, inputs, targets)), tolerance),
    ]


def step_microseconds(steps: int = 500, repeats: int = 9) -> float:
    """Measures one full-batch gradient step of the width-500 tanh network on 50 samples, in float32.

    Args:
        steps: Steps in one compiled program.
        repeats: How often the program is timed, after one call that compiles it.

    Returns:
        The median over the repeats, in microseconds a step.
    """
    inputs = jnp.linspace(-1.0, 1.0, 50, dtype="float32")[:, None]
    risk = EmpiricalRisk(inputs, jnp.sin(3 * inputs))
    random = np.random.default_rng(2)
    parts = [jnp.asarray(random.normal(size=shape) / 50, "float32") for shape in ((500, 1), (500,), (1, 500))]
    start = TwoLayer(parts[0], parts[1], parts[2], None, activation("tanh"))

    def step(network: TwoLayer, _: None) -> tuple[TwoLayer, None]:
        return jax.tree.map(lambda p, g: p - jnp.float32(0.01) * g, network, risk.gradient(network)), None

    train = jax.jit(lambda network: jax.lax.scan(step, network, None, length=steps)[0])
    jax.block_until_ready(train(start))
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        jax.block_until_ready(train(start))
        times.append(time.perf_counter() - began)
    return 1e6 * statistics.median(times) / steps


def _gradient(parameters: tuple[Any, Any, Any], inputs: Any, targets: Any) -> tuple[Any, Any, Any]:
    """Returns the gradient of the mean squared error of a tanh network, by this package."""
    weights, biases, outer = parameters
    slope = EmpiricalRisk(inputs, targets).gradient(TwoLayer(weights, biases, outer, None, activation("tanh")))
    return slope.input_weights, slope.biases, slope.output_weights


def _exact(parameters: tuple[Any, ...], inputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns it by NumPy in float64: eᵀx, Σe and 2/n·rᵀh with h = tanh(Wx + b), r = Ah − y, e = 2/n·rA⊙(1 − h²)."""
    weights, biases, outer = (np.asarray(part, "float64") for part in parameters)
    x, y = inputs.astype("float64"), targets.astype("float64")
    hidden = np.tanh(np.einsum("ni,ki->nk", x, weights) + biases)
    force = 2.0 / len(x) * (np.einsum("nk,ok->no", hidden, outer) - y)
    error = np.einsum("no,ok->nk", force, outer) * (1.0 - hidden**2)
    return np.einsum("nk,ni->ki", error, x), error.sum(axis=0), np.einsum("no,nk->ok", force, hidden)


def _worst(computed: Any, exact: Any) -> float:
    return max(_relative(a, b) for a, b in zip(computed, exact, strict=True))


def _relative(computed: Any, exact: np.ndarray) -> float:
    return _largest(np.abs(np.asarray(computed, "float64") - exact)) / float(np.max(np.abs(exact)))


def _largest(errors: np.ndarray) -> float:
    """Returns the largest error, infinity where one is not a number."""
    return float(np.max(np.where(np.isnan(errors), np.inf, errors)))
