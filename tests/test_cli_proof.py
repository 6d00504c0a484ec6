"""`condenslab prove` and `condenslab verify`: files, exit statuses, damage."""

import json

import pytest

import golden
from condenslab.cli.app import main
from condenslab.cli.prove import write
from condenslab.landscape import proof


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
