"""Tells the answer of a run, and writes the reduced network beside the store."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from condenslab.studies.table.answer import Answer, answer, finished
from condenslab.studies.table.planted import built_in
from condenslab.studies.table.predictor import Predictor
from condenslab.studies.table.remarks import remarks
from condenslab.studies.table.words import lines
from condenslab.sweeps import Record
from condenslab.tasks import Table


def tell(records: Sequence[Record], data: Table | None, out: str | Path | None) -> list[str]:
    """Returns the answer in lines, the number of neurons first, and writes the network that predicts.

    Args:
        records: The records of the run.
        data: The user's own table, or None for the built-in one.
        out: Folder of the store, where the network goes; None to write nothing.

    Raises:
        UserError: The network cannot be written.
    """
    found, table = answer(records), built_in(0.0) if data is None else data
    if found is None:
        return ["no answer: cases of the run are missing or failed (see below)"]
    network = reduced(found, records, table)
    said = lines(found, network, table.name, remarks(table))
    if out is not None:
        place = Path(out) / f"{_stem(table.name)}.network.json"
        network.save(place)
        said.append(f"network     {place}: condenslab predict {place} --data NEW.csv")
    return said


def reduced(found: Answer, records: Sequence[Record], table: Table) -> Predictor:
    """Returns the network of the width that was found, fitted to all samples, in the table's units.

    Args:
        found: The answer.
        records: The records of the run.
        table: The table, for the names of its columns.
    """
    arrays = finished(records, "fits")[0].arrays
    parts = {name: np.asarray(arrays[f"{name}_{found.neurons}"]).tolist() for name in _PARTS}
    inputs, outputs = table.names
    noise = [] if found.noise is None else (np.sqrt(found.noise / found.outputs) * found.height).tolist()
    activation = next(record.case["activation"] for record in records)
    return Predictor(
        **parts,
        activation=activation,
        inputs=list(inputs),
        outputs=list(outputs),
        labels=bool(table.labels),
        noise=noise,
        source=table.name,
        low=table.inputs.min(axis=0).tolist(),
        high=table.inputs.max(axis=0).tolist(),
    )


_PARTS = ("weights", "biases", "outgoing", "level")


def _stem(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in Path(name).stem)
    return kept.strip("-")[:80] or "table"
