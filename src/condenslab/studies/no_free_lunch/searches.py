"""Searches on every function of a finite set, counted: no random numbers, no training."""

from itertools import product

import numpy as np

from condenslab.studies.no_free_lunch.cases import Search, SearchCase
from condenslab.sweeps import Outcome, Progress

_FEATURES = 60


def enumerate_functions(case: SearchCase, progress: Progress) -> Outcome:
    """Returns how a search fares on all functions, and on those with one peak.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    functions = np.array(list(product(range(case.values), repeat=case.places)))
    best = np.empty(functions.shape, dtype=int)
    found = np.empty(len(functions), dtype=int)
    features = _features(case.places)
    for number, function in enumerate(functions):
        seen = function[visited(case.search, function, features)]
        best[number] = np.maximum.accumulate(seen)
        found[number] = 1 + int(np.argmax(seen == function.max()))
        if number % 500 == 0:
            progress(number / len(functions), f"{number} of {len(functions)} functions")
    peaked = np.array([_one_peak(function) for function in functions])
    counts = np.array([[np.sum(column <= v) for v in range(case.values)] for column in best.T])
    expected = blind_counts(case.places, case.values)
    values = {
        "otherwise": int(np.abs(counts - expected).sum()),
        "all": float(found.mean()),
        "blind_all": blind_queries(functions),
        "peaked": float(found[peaked].mean()),
        "blind_peaked": blind_queries(functions[peaked]),
        "functions": len(functions),
        "functions_peaked": int(peaked.sum()),
    }
    courses = {"course_all": best.mean(axis=0), "course_peaked": best[peaked].mean(axis=0)}
    return Outcome(values, courses | {"blind_course_peaked": blind_course(functions[peaked])})


def blind_counts(places: int, values: int) -> np.ndarray:
    """Returns of how many functions the best of q values is at most v, (v + 1)^q·values^(places − q), shape (q, v).

    Args:
        places: Points.
        values: Values, 0 to values − 1.
    """
    return np.array([[(v + 1) ** q * values ** (places - q) for v in range(values)] for q in range(1, places + 1)])


def blind_queries(functions: np.ndarray) -> float:
    """Returns how many points a random order takes to meet a largest value, (N + 1)/(M + 1) with M such, on average.

    Args:
        functions: Values, shape (function, point).
    """
    tops = np.sum(functions == functions.max(axis=1, keepdims=True), axis=1)
    return float(np.mean((functions.shape[1] + 1) / (tops + 1)))


def blind_course(functions: np.ndarray) -> np.ndarray:
    """Returns the mean best value after q points in random order, shape (q,).

    The chance that q of N points miss those with a value above v, of which there are M, is C(N − M, q)/C(N, q).

    Args:
        functions: Values, shape (function, point).
    """
    size = functions.shape[1]
    course = np.zeros(size)
    for value in range(int(functions.max())):
        more = np.sum(functions > value, axis=1)
        missed = np.ones(len(functions))
        for q in range(size):
            missed = missed * np.maximum(size - more - q, 0) / (size - q)
            course[q] += np.mean(1 - missed)
    return course


def visited(search: Search, function: np.ndarray, features: np.ndarray) -> list[int]:
    """Returns the order in which a search visits the points; it knows the values of those it has visited alone.

    Args:
        search: Which.
        function: Values, shape (point,).
        features: Outputs of the neurons of a wide network on the points, shape (point, neuron).
    """
    order = [0 if search == "in order" else len(function) // 2]
    while len(order) < len(function):
        free = [point for point in range(len(function)) if point not in order]
        order.append(_next(search, order, free, function[order], features))
    return order


def _next(search: Search, order: list[int], free: list[int], seen: np.ndarray, features: np.ndarray) -> int:
    if search == "in order":
        return free[0]
    if search == "next to the best":
        best = order[int(np.argmax(seen))]
        return min(free, key=lambda point: abs(point - best))
    fit = np.linalg.lstsq(features[order], seen - seen.mean(), rcond=1e-8)[0]
    predicted = np.round(features[free] @ fit, 9)  # ties are ties whatever the machine
    return free[int(np.argmax(predicted) if search == "network" else np.argmin(predicted))]


def _features(places: int) -> np.ndarray:
    """Returns fixed tanh neurons on the points, in the linear regime: of a wide network only output weights learn."""
    random, x = np.random.default_rng(0), np.linspace(-1, 1, places)
    weights, biases = random.normal(0, 3, _FEATURES), random.normal(0, 2, _FEATURES)
    return np.tanh(np.outer(x, weights) + biases)


def _one_peak(function: np.ndarray) -> bool:
    """Whether the values rise, not strictly, and then fall, and there are several."""
    steps = np.sign(np.diff(function))
    steps = steps[steps != 0]
    return len(steps) > 0 and not np.any((steps[:-1] < 0) & (steps[1:] > 0))
