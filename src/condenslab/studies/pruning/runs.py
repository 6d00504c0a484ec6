"""Training, merging by the source's rule, and training on."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, losses, measures, networks, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.pruning.cases import MOMENTS, TRAVEL, Case
from condenslab.studies.shared.frames import logarithmic_steps, networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import images

_RECORDS = 60
_STARTED, _ENDED = 0.95, 1e-4
"""Stretches are judged while the loss is between these fractions of its first value."""


class RectifiedSquares(losses.Loss):
    """ℓ(f, y) = ‖max(f, 0) − y‖²: the squared loss of a network with a ReLU on its outputs f."""

    def value(self, outputs: Any, targets: Any) -> Any:
        """Returns ℓ of every sample, shape (sample,)."""
        return jnp.sum((jnp.maximum(outputs, 0.0) - targets) ** 2, axis=1)


def run(case: Case, progress: Progress) -> Outcome:
    """Returns what became of one network.

    Args:
        case: The case.
        progress: Told the fraction of the case that is done.
    """
    risk, held_out, labels = _data(case)
    start, published = _start(case, risk), round(TRAVEL / case.rate)
    at = [*logarithmic_steps(case.epochs, _RECORDS), *([published] if published <= case.epochs else [])]
    trained = train.descend(
        risk,
        start,
        training.Adam(rate=case.rate),
        steps=case.epochs,
        at=at,
        record={"risk": training.record_risk, "parameters": training.record_parameters},
        progress=lambda fraction, text: progress(0.8 * fraction, text),
    )
    steps, risks = np.asarray(trained.times), np.asarray(trained.records["risk"], dtype=np.float64)
    moments = {"plateau": flattest(steps, risks), "published": int(np.searchsorted(steps, published))}
    shown = networks_at(trained.records["parameters"], start)
    values: dict[str, Any] = {"width": case.width, "final_risk": risks[-1]}
    arrays = {"steps": steps, "risk": risks}
    rows = [_merged(network, case, held_out, labels)[1] for network in shown[1:]]
    arrays |= {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for moment in MOMENTS:
        place = moments[moment]
        if place is not None and place < len(steps):
            more, course = _at_moment(case, risk, shown[place], held_out, labels)
            values |= {f"{moment}_{name}": value for name, value in more.items()}
            values |= {f"{moment}_step": int(steps[place]), f"{moment}_risk": risks[place]}
            arrays |= {f"{moment}_{name}": array for name, array in course.items()}
    progress(1.0, "merged")
    return Outcome(values, arrays)


def flattest(steps: np.ndarray, risks: np.ndarray) -> int | None:
    """Returns where |d log R/d log step| is smallest while R is between 0.95 and 1e-4 of its first value, or None.

    Args:
        steps: Step numbers of the records, increasing, shape (record,).
        risks: R, shape (record,).
    """
    inner = np.arange(2, len(steps) - 1)
    inner = inner[(risks[inner + 1] >= _ENDED * risks[0]) & (risks[inner - 1] <= _STARTED * risks[0])]
    if len(inner) == 0:
        return None
    rates = np.abs(np.log(risks[inner + 1] / risks[inner - 1])) / np.log(steps[inner + 1] / steps[inner - 1])
    return int(inner[np.argmin(rates)])


def merge_by_rule(
    network: networks.TwoLayer, *, similarity: float, amplitude_filter: float, seed: int
) -> networks.TwoLayer:
    """Merges a ReLU network as the source does: one neuron of every group stays, chosen at random.

    Neurons below the filter go. Groups have pairwise cosine ≥ similarity on (w, b) (complete linkage). The neuron j
    that stays gets the output weights a_j ← Σ_k a_k‖w_k‖/‖w_j‖ of its group, w with the bias.

    Args:
        network: A network with biases.
        similarity: The smallest cosine in a group, in [0, 1).
        amplitude_filter: As in `measures.condensation`.
        seed: Of the choice.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), section 3.2.
    """
    threshold = float(np.sqrt(2 - 2 * similarity))
    groups = measures.condensation(network, threshold=threshold, amplitude_filter=amplitude_filter).groups
    random = np.random.default_rng([seed, 2])
    neurons = measures.hidden_neurons(network)
    sizes = np.linalg.norm(neurons.incoming, axis=1)
    kept = np.array([random.choice(group.members) for group in groups], dtype=np.int64)
    sums = [neurons.outgoing[:, g.members] @ sizes[g.members] / sizes[j] for g, j in zip(groups, kept, strict=True)]
    outgoing = np.array(sums).reshape(len(kept), len(neurons.outgoing)).T
    return networks.TwoLayer(
        jnp.array(neurons.incoming[kept, :-1].astype(np.float32)),
        jnp.array(neurons.incoming[kept, -1].astype(np.float32)),
        jnp.array(outgoing.astype(np.float32)),
        None,
        network.activation,
    )


def _data(case: Case) -> tuple[EmpiricalRisk, np.ndarray, np.ndarray]:
    """Returns the risk on the training images (targets one-hot over 10), held-out images and their labels."""
    pictures, labels = images.digits()
    order = np.random.default_rng([case.seed, 1]).permutation(len(labels))
    x, classes = pictures.reshape(len(pictures), -1)[order].astype(np.float32), labels[order]
    targets = np.eye(10, dtype=np.float32)[classes[: case.images]]
    loss = RectifiedSquares() if case.output == "relu" else losses.SquaredLoss()
    risk = EmpiricalRisk(jnp.asarray(x[: case.images]), jnp.asarray(targets), loss=loss)
    return risk, x[case.images :], classes[case.images :]


def _at_moment(
    case: Case, risk: EmpiricalRisk, network: networks.TwoLayer, held_out: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    small, values = _merged(network, case, held_out, labels)
    values["dead"] = int(np.sum((_outputs(network, np.asarray(risk.inputs)) <= 0) & (np.asarray(risk.targets) > 0)))
    ours = landscape.reduce(network, threshold=float(np.sqrt(2 - 2 * case.similarity)), drop=case.amplitude_filter)
    classes = _classes(network, held_out)
    values["reduce_neurons"] = ours.network.width
    values["reduce_agreement"] = float(np.mean(_classes(ours.network, held_out) == classes))
    at = logarithmic_steps(case.retrain, _RECORDS)
    again = train.descend(risk, small, training.Adam(rate=case.rate), steps=case.retrain, at=at)
    course = np.asarray(again.records["risk"], dtype=np.float64)
    values["retrained"] = float(course[-1])
    return values, {"retrained_steps": np.asarray(again.times), "retrained_course": course}


def _merged(
    network: networks.TwoLayer, case: Case, held_out: np.ndarray, labels: np.ndarray
) -> tuple[networks.TwoLayer, dict[str, Any]]:
    small = merge_by_rule(network, similarity=case.similarity, amplitude_filter=case.amplitude_filter, seed=case.seed)
    before, after = _classes(network, held_out), _classes(small, held_out)
    return small, {
        "neurons": small.width,
        "agreement": float(np.mean(before == after)),
        "accuracy": float(np.mean(before == labels)),
        "merged_accuracy": float(np.mean(after == labels)),
    }


def _classes(network: networks.TwoLayer, inputs: np.ndarray) -> np.ndarray:
    """Returns the predicted classes; a ReLU on the outputs changes none as long as one output is positive."""
    return np.argmax(_outputs(network, inputs), axis=1)


def _outputs(network: networks.TwoLayer, inputs: np.ndarray) -> np.ndarray:
    """Returns the linear outputs, computed on the host: widths differ, and each would be compiled anew."""
    w, b, a = (np.asarray(v, np.float32) for v in (network.input_weights, network.biases, network.output_weights))
    return np.maximum(inputs @ w.T + b, 0.0) @ a.T


def _start(case: Case, risk: EmpiricalRisk) -> networks.TwoLayer:
    drawn = networks.two_layer(
        case.seed,
        width=case.width,
        inputs=risk.inputs.shape[1],
        outputs=risk.targets.shape[1],
        activation="relu",
        scale=networks.initial.from_variance_exponent(6.0, case.width),
    )
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), drawn)
