"""NIST's Statistical Reference Datasets for nonlinear regression: files as published, models in JAX.

https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml; a work of the US government, in the public domain.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

FOLDER = Path(__file__).parent / "landscape" / "nist"


def _waves(b, x):
    turns = ((12.0, b[1], b[2]), (b[3], b[4], b[5]), (b[6], b[7], b[8]))
    return b[0] + sum(c * jnp.cos(2 * jnp.pi * x / p) + s * jnp.sin(2 * jnp.pi * x / p) for p, c, s in turns)


def _peaks(b, x):
    first, second = (b[k] * jnp.exp(-(((x - b[k + 1]) / b[k + 2]) ** 2)) for k in (2, 5))
    return b[0] * jnp.exp(-b[1] * x) + first + second


def _decays(b, x):
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(-b[3] * x) + b[4] * jnp.exp(-b[5] * x)


def _chwirut(b, x):
    return jnp.exp(-b[0] * x) / (b[1] + b[2] * x)


def _cubics(b, x):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


MODELS = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _waves,
    "Eckerle4": lambda b, x: b[0] / b[1] * jnp.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _peaks,
    "Gauss2": _peaks,
    "Gauss3": _peaks,
    "Hahn1": _cubics,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _decays,
    "Lanczos2": _decays,
    "Lanczos3": _decays,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * jnp.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4]),
    "Misra1a": lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** (-2)),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** (-0.5)),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[:, 0] * jnp.exp(-b[2] * x[:, 1]),
    "Rat42": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + jnp.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - jnp.arctan(b[2] / (x - b[3])) / jnp.pi,
    "Thurber": _cubics,
}


@dataclass(frozen=True)
class Problem:
    """One regression: data, two starts, certified parameters and residual sum of squares, level of difficulty.

    x has shape (observation,), or (observation, predictor) where there are two: of Nelson alone, whose y is its
    logarithm, as the model has it.
    """

    x: np.ndarray
    y: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    certified: np.ndarray
    residual: float
    level: str


def read(name: str) -> Problem:
    """Returns a problem from NIST's file."""
    text = (FOLDER / f"{name}.dat").read_text()
    rows = re.findall(r"^\s*b\d+\s*=\s*(\S+)\s+(\S+)\s+(\S+)\s+\S+\s*$", text, re.MULTILINE)
    table = np.array([[float(cell) for cell in row] for row in rows])
    data = text[text.rindex("Data:") :].splitlines()[1:]
    numbers = np.array([[float(cell) for cell in line.split()] for line in data if line.strip()])
    y, x = numbers[:, 0], numbers[:, 1:] if numbers.shape[1] > 2 else numbers[:, 1]
    y = np.log(y) if "log[y]" in text else y
    residual = float(re.search(r"Residual Sum of Squares:\s+(\S+)", text)[1])
    level = re.search(r"(Lower|Average|Higher) Level", text)[1].lower()
    return Problem(x, y, (table[:, 0], table[:, 1]), table[:, 2], residual, level)


def rounding(name: str, problem: Problem) -> np.ndarray:
    """Returns how far the rounding of f(x; b) and y in float64 moves b: |H⁻¹|·Σ_i |∂f_i/∂b|·eps·(|f_i| + |y_i|).

    H = Σ_i ∂f_i/∂b·∂f_i/∂bᵀ, up to residuals. It is above the certified digits for Lanczos' decays alone.
    """
    jacobian = np.asarray(
        jax.jacobian(lambda b: MODELS[name](b, jnp.asarray(problem.x)))(jnp.asarray(problem.certified))
    )
    units = np.linalg.norm(jacobian, axis=0)
    inverse = np.linalg.inv((jacobian / units).T @ (jacobian / units)) / np.outer(units, units)
    return np.abs(inverse) @ (np.abs(jacobian).T @ (2 * np.finfo(float).eps * np.abs(problem.y)))


def level(problem: Problem) -> float:
    """Returns how far the same rounding moves the residual sum of squares: 2·‖r‖·‖eps·y‖, and once more its square."""
    moved = np.finfo(float).eps * float(np.linalg.norm(problem.y))
    return 2 * np.sqrt(problem.residual) * moved + moved**2


def digits(found: np.ndarray, certified: np.ndarray) -> float:
    """Returns the number of digits in which all parameters agree, −log₁₀ of the largest relative error, 11 at most."""
    with np.errstate(divide="ignore"):
        return float(min(11.0, np.min(-np.log10(np.abs(found - certified) / np.abs(certified)))))
