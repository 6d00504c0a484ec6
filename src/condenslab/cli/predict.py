"""`condenslab predict`: new inputs through the network that a run on a table found."""

import csv
import io
from pathlib import Path

import numpy as np

from condenslab.cli import machine
from condenslab.cli.options import PredictOptions
from condenslab.errors import UserError
from condenslab.studies.table import Predictor, load_predictor
from condenslab.tasks import read_inputs


def run(options: PredictOptions) -> str:
    """Returns the predictions as CSV, and writes them where asked.

    Args:
        options: The options.

    Raises:
        UserError: A file cannot be read or written, or does not fit.
    """
    if not options.file or options.data is None:
        raise UserError("predict needs a network and inputs: condenslab predict NETWORK.json --data FILE.csv")
    network = load_predictor(options.file)
    inputs = read_inputs(options.data, network.inputs)
    text = _table(network, inputs)
    _warn(network, inputs)
    if options.output is not None:
        try:
            Path(options.output).write_text(text, "utf-8")
        except OSError as error:
            raise UserError(f"{options.output} cannot be written: {error.strerror or error}") from error
    return text


def _warn(network: Predictor, inputs: np.ndarray) -> None:
    """Says on standard error which samples are extrapolated."""
    beyond = np.flatnonzero(network.beyond(inputs))
    if len(beyond):
        machine.say(
            f"condenslab: {len(beyond)} of {len(inputs)} samples lie outside the range of "
            f"{network.source or 'the table'}, sample {beyond[0] + 1} the first: their predictions are extrapolated"
        )


def _table(network: Predictor, inputs: np.ndarray) -> str:
    found, written = network.predict(inputs), io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*network.inputs, *(["class"] if network.labels else network.outputs)])
    for x, y in zip(inputs, found, strict=True):
        writer.writerow([*map(repr, x.tolist()), *([y] if network.labels else map(repr, y.tolist()))])
    return written.getvalue()
