"""Computes ranks of small networks, and follows gradient flows with the ranks along each."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, training
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.model_rank.cases import PAIRS, RISK, THRESHOLDS, Case
from condenslab.studies.shared.frames import networks_at
from condenslab.studies.shared.ranks import rank_values
from condenslab.sweeps import Outcome, Progress


def fixed(case: Case, progress: Progress) -> Outcome:
    """Returns the rank of one network, with that of the theory.

    Args:
        case: A case that is no run.
        progress: Not called: a case takes a moment.
    """
    network, expected = random_network(case.seed) if case.kind == "formula" else (_pair(case), PAIRS[case.kind])
    found = measures.model_rank(network, measures.covering_probes(case.seed, network, 120))
    return Outcome(rank_values(found) | {"expected": expected}, {"spectrum": found.singular_values})


def _pair(case: Case) -> TwoLayer:
    random = np.random.default_rng([case.seed, 8])
    w, other = random.uniform(0.5, 2.0), random.uniform(2.2, 3.5)
    a = random.uniform(0.5, 2.0, 2)
    second = {"condensed": w, "opposite": -w}.get(case.kind, other)
    return _network([[w], [second]], [[a[0], 0.0 if case.kind == "dead" else a[1]]])


def random_network(seed: int) -> tuple[TwoLayer, int]:
    """Returns a network of d = 3 with generic, copied, mirrored, dead and null neurons, and m_w + m_a·d.

    m_w counts distinct non-zero w up to sign, m_a those of them with some a ≠ 0.
    """
    random = np.random.default_rng([seed, 9])
    generic, dead, null = (int(random.integers(1, 4)) for _ in range(3))
    base, lost = random.standard_normal((generic, 3)), random.standard_normal((dead, 3))
    weights = np.concatenate([base, base[:1], -base[-1:], lost, np.zeros((null, 3))])
    outgoing = random.uniform(0.5, 2.0, len(weights))
    outgoing[generic + 2 :] = 0.0
    return _network(weights, outgoing[None, :]), generic + dead + 3 * generic


def _network(weights: Any, outgoing: Any) -> TwoLayer:
    arrays = (jnp.asarray(np.asarray(part, dtype=np.float64)) for part in (weights, outgoing))
    inner, outer = arrays
    return networks.TwoLayer(inner, None, outer, None, networks.activation("tanh"))


def follow(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Follows gradient flows of one program, with the ranks along each.

    Args:
        cases: Runs.
        progress: Called with (fraction, text).
    """
    x = np.linspace(-3.0, 3.0, cases[0].samples)[:, None]
    risk = EmpiricalRisk(x, np.tanh(x + 1.0))
    starts = [
        networks.two_layer(
            case.seed, width=case.width, inputs=1, activation="tanh", scale=networks.Scale(case.std, case.std)
        )
        for case in cases
    ]
    until = [training.Until(time=case.time, risk=RISK) for case in cases]
    record = {"risk": training.record_risk, "parameters": training.record_parameters}
    runs = train.ensemble(
        training.flow, risk, starts, until=until, record=record, max_steps=20_000, chunk=1, progress=progress
    )
    return train.outcomes(cases, runs, partial(_along, risk), asked=("FINISHED", "RISK_REACHED"))


def _along(risk: Any, case: Case, run: Any) -> Outcome:
    """Returns how many singular values of the tangents exceed fractions of the largest, along a flow."""
    probes = jnp.linspace(-5.0, 5.0, 4 * 3 * case.width)[:, None]
    places = np.unique(np.linspace(0, len(run.times) - 1, 40).round().astype(int))
    points = networks_at(run.records["parameters"][places], run.network)
    # Only the spectra are asked for: with a tolerance no argument for zeros is looked for.
    spectra = [measures.model_rank(point, probes, tolerance=1e-12) for point in points]
    counts = np.array([spectrum.counts_at(THRESHOLDS) for spectrum in spectra])
    values = {"ends": counts[-1].tolist(), "risk": float(run.records["risk"][-1]), "stop": run.stop.value}
    if case.std < 1 and run.stop.name == "RISK_REACHED":
        values |= rank_values(_merged_rank(risk, run.network), "merged")
    return Outcome(values, {"times": run.times[places], "counts": counts})


def _merged_rank(risk: Any, network: TwoLayer) -> Any:
    """Returns the model rank of the network whose groups are merged and which is then brought to its minimum."""
    merged = landscape.reduce(network, threshold=0.1, drop=0.05, risk=risk).network
    polished, _ = landscape.polish(risk, merged)
    return measures.model_rank(polished, measures.covering_probes(0, polished, 60))
