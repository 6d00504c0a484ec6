"""`condenslab prove` and `condenslab verify`: files, exit statuses, damage."""

import copy
import json

import pytest

import golden
from condenslab.checker import verify
from condenslab.cli.app import main
from condenslab.cli.prove import write
from condenslab.landscape import proof
from condenslab.sweeps import Record, Store


@pytest.fixture(scope="module")
def certificate():
    return proof.prove(golden.three_tanh(), golden.stationary(1)).certificate()


def test_verify(certificate, tmp_path, capsys):
    file = tmp_path / "point.json"
    write(file, certificate)
    assert main(["verify", str(file), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["verified"] and row["kind"] == "critical_point" and "(3, 0, 0)" in row["sentence"]
    assert main(["verify", str(file)]) == 0 and "verified" in capsys.readouterr().out


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(certificate, tmp_path, capsys, part):
    file = tmp_path / "cut.json"
    text = json.dumps(certificate)
    file.write_text(text[: int(part * len(text))])
    assert main(["verify", str(file)]) == 1
    assert "REFUSED" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", "\x00\xff", '{"format": NaN}'])
def test_hostile_files_are_refused(tmp_path, capsys, text):
    file = tmp_path / "hostile.json"
    file.write_text(text, encoding="latin-1")
    assert main(["verify", str(file)]) == 1
    assert "REFUSED" in capsys.readouterr().out


def test_mistakes_are_sentences(tmp_path, capsys):
    for arguments in (["verify"], ["verify", str(tmp_path / "none.json")], ["verify", str(tmp_path)], ["prove"]):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("condenslab: ")
    assert main(["prove", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture(scope="module")
def good():
    risk, one = golden.three_tanh(), golden.stationary(1)
    return proof.stored_points(proof.problem_of(risk, one), [one])


def changed(values, path, value):
    values = copy.deepcopy(values)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return values


POINT = ["points", 0]
MALFORMED_POINTS = {
    "no network": (POINT, {"theta": [1.0]}),
    "no point": (POINT, None),
    "truncated": ([*POINT, "theta"], [0.1, 0.2]),
    "null": ([*POINT, "theta"], [0.1, None, 0.2]),
    "text": ([*POINT, "theta"], "theta"),
    "ragged": ([*POINT, "theta"], [[0.1], [0.2, 0.3]]),
    "huge": ([*POINT, "theta"], [10**400, 0.1, 0.2]),
    "widths": ([*POINT, "network", "widths"], [2, 1, 1]),
    "negative width": ([*POINT, "network", "widths"], [1, -1, 1]),
    "other outputs": (POINT, {"network": {"widths": [1, 1, 2], "biases": [True, False], "activation": "tanh",
                                          "residual": False}, "theta": [0.1, 0.2, 0.3, 0.4]}),
    "kink": ([*POINT, "network", "activation"], "relu"),
    "deeper": (POINT, {"network": {"widths": [1, 1, 1, 1], "biases": [True, True, False], "activation": "tanh",
                                   "residual": False}, "theta": [0.1] * 5}),
}  # fmt: skip
MALFORMED_RECORDS = {
    "a count of another study": ([], 12),
    "a list": ([], [1, 2]),
    "text": ([], "many"),
    "no problem": (["problem"], None),
    "no points": (["points"], 3),
    "truncated inputs": (["problem", "inputs"], [["1"], ["2"]]),
    "no number": (["problem", "inputs", 0, 0], "nan"),
    "a loss": (["problem", "loss"], "hinge"),
    "a shape": (["problem", "network", "widths"], [1]),
}


def store_of(folder, values):
    records = [
        Record("mine", f"{number:016x}", {"number": number}, "done", values={"critical_points": one})
        for number, one in enumerate(values)
    ]
    Store(folder, create=True).add(records)
    return str(folder)


CASES = [*MALFORMED_POINTS, *(f"record: {name}" for name in MALFORMED_RECORDS)]


@pytest.mark.parametrize("case", CASES)
def test_what_is_malformed_is_a_sentence_and_the_others_are_proven(case, good, tmp_path, capsys):
    whole = case.startswith("record: ")
    path, value = MALFORMED_RECORDS[case.removeprefix("record: ")] if whole else MALFORMED_POINTS[case]
    bad = changed(good, path, value) if path else value
    if not whole:
        bad["points"].append(good["points"][0])
    folder = store_of(tmp_path / "runs", [bad, good])
    assert main(["prove", folder, "--json"]) == 1
    captured = capsys.readouterr()
    assert not captured.err
    first, *rest = json.loads(captured.out)
    assert not first["proven"] and first["kind"] is None and first["certificate"] is None and first["reason"]
    assert first["point"] == (None if whole else 0)
    assert len(rest) == (1 if whole else 2) and all(row["proven"] and row["inertia"] == [3, 0, 0] for row in rest)
    if case == CASES[0]:
        assert main(["prove", folder]) == 1 and "1 malformed" in capsys.readouterr().out


def test_a_folder_for_certificates_that_cannot_be_used(good, tmp_path, capsys):
    folder = store_of(tmp_path / "runs", [good])
    (tmp_path / "file").write_text("no folder")
    assert main(["prove", folder, "-o", str(tmp_path / "file")]) == 2
    assert "certificates cannot be written" in capsys.readouterr().err


def test_a_certificate_that_cannot_be_written_ends_nothing(good, tmp_path, capsys):
    """What stands in its place is a folder here; a full disk fails in the same call."""
    folder = store_of(tmp_path / "runs", [good, good])
    names = [f"mine-{number:016x}-0.json" for number in range(2)]
    (tmp_path / "certificates" / names[0]).mkdir(parents=True)
    assert main(["prove", folder, "-o", str(tmp_path / "certificates"), "--json"]) == 1
    lost, kept = json.loads(capsys.readouterr().out)
    assert lost["proven"] and lost["certificate"] is None and "cannot be written" in lost["reason"]
    assert verify(json.loads((tmp_path / "certificates" / names[1]).read_text())).verified and kept["certificate"]
    assert len(list((tmp_path / "certificates").iterdir())) == 2, "no temporary file is left"


def test_names_from_a_file_lead_nowhere(good, tmp_path, capsys):
    record = Record("../../elsewhere", "0" * 16, {}, "done", values={"critical_points": good})
    Store(tmp_path / "runs", create=True).add([record])
    assert main(["prove", str(tmp_path / "runs")]) == 0
    assert [file.parent for file in tmp_path.rglob("*elsewhere*.json")] == [tmp_path / "runs" / "certificates"]
