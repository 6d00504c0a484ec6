"""Computes the critical cases: the critical functions of a narrow width, and the lowest minimum in the wide network."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks
from condenslab.landscape import CriticalPoint
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.recovery.cases import CriticalCase
from condenslab.studies.recovery.problem import Setting, make_setting
from condenslab.sweeps import Outcome, Progress

if TYPE_CHECKING:
    from condenslab.tasks import Table


def run_critical(case: CriticalCase, progress: Progress, *, data: "Table | None" = None) -> Outcome:
    """Returns the critical functions whose true width is that of the case, and what embedding the lowest minimum does.

    Args:
        case: The case.
        progress: Called with (fraction, text).
        data: The user's own table, or None for the built-in target.
    """
    setting = make_setting(case.activation, data, standardise=case.standardise)
    risk = EmpiricalRisk(jnp.asarray(setting.inputs), jnp.asarray(setting.targets))
    search = train.critical_points(
        risk,
        width=case.width,
        starts=case.starts,
        key=jax.random.key(case.seed),
        activation=networks.activation(case.activation),
    )
    points = search.of_width(case.width)
    progress(0.7, f"critical functions of width {case.width}")
    values: dict[str, Any] = {
        "risks": [point.risk for point in points],
        "gradients": [point.gradient_norm for point in points],
        "hits": [point.hits for point in points],
        "inertia": [list(point.inertia.counts) for point in points],
        "inertia_decided": [point.inertia.decided for point in points],
        "fates": {fate.name.lower(): count for fate, count in search.fate_counts.items()},
        "narrower": [point.risk for point in search.points if point.width < case.width],
    }
    arrays = _functions(points, setting)
    minima = [point for point in points if point.inertia.decided and point.inertia.positive == 3 * case.width]
    if case.wide and minima:
        embedded, spectra = _embed(risk, min(minima, key=lambda point: point.risk), case.wide)
        values, arrays = values | embedded, arrays | spectra
    return Outcome(values, arrays)


def _functions(points: tuple[CriticalPoint, ...], setting: Setting) -> dict[str, np.ndarray]:
    if not points:
        return {}
    arrays = {"outputs": np.stack([_column(point.network, setting.inputs) for point in points])}
    if setting.one_input:
        arrays["grid"] = setting.grid[:, 0]
        arrays["functions"] = np.stack([_column(point.network, setting.grid) for point in points])
    return arrays


def _column(network: TwoLayer, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(network(jnp.asarray(inputs)))[:, 0]


def _embed(risk: EmpiricalRisk, point: CriticalPoint, wide: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    embedding = landscape.equal_splitting(point.width, wide)
    network, receipt = landscape.embed(risk, point.network, embedding)
    signs = measures.inertia_at(risk, network)
    return {
        "embedded_risk": point.risk,
        "embedded_output_difference": float(receipt.relative_difference),
        "embedded_gradient_from": point.gradient_norm,
        "embedded_gradient": signs.gradient_norm,
        "embedded_from": list(point.inertia.counts),
        "embedded_from_decided": point.inertia.decided,
        "embedded_inertia": list(signs.counts),
        "embedded_decided": signs.decided,
        "embedded_gap": signs.gap,
        "embedded_lowest": float(signs.eigenvalues[0]),
        "embedded_tolerances": [point.inertia.tolerance, signs.tolerance],
    }, {"embedded_from_eigenvalues": point.inertia.eigenvalues, "embedded_eigenvalues": signs.eigenvalues}
