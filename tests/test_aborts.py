"""Programs that end the process: found where they do, and avoided by the flag."""

import os
from importlib import metadata

import pytest

from condenslab import aborts


@pytest.mark.parametrize(
    ("release", "flags", "expected"),
    [
        ("0.10.1", "", aborts.FLAG),
        ("0.10.1", "--xla_dump_to=x", f"--xla_dump_to=x {aborts.FLAG}"),
        (
            "0.10.1",
            "--xla_cpu_experimental_ynn_fusion_type=-eltwise",
            "--xla_cpu_experimental_ynn_fusion_type=-eltwise",
        ),
        ("0.11.0", "--xla_dump_to=x", "--xla_dump_to=x"),
    ],
)
def test_the_flag_is_set_where_the_release_needs_it(monkeypatch, release, flags, expected):
    monkeypatch.setattr(metadata, "version", {"jaxlib": release}.__getitem__)
    monkeypatch.setenv("XLA_FLAGS", flags)
    aborts.avoid()
    assert os.environ["XLA_FLAGS"] == expected
    aborts.avoid()
    assert os.environ["XLA_FLAGS"] == expected


def test_padded_sums_are_right_with_the_flag_and_end_the_process_without(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "")
    plain = aborts.found()
    assert ("statically false" in plain) == (metadata.version("jaxlib") == "0.10.1")
    aborts.avoid()
    assert aborts.found() == ""


def test_what_a_process_says_at_its_end_is_told(monkeypatch):
    monkeypatch.setattr(aborts, "_PROGRAM", "import sys; print(1); sys.exit('it\\nended')")
    assert aborts.found() == "it ended"
    monkeypatch.setattr(aborts, "_PROGRAM", "print(127.0)")
    assert aborts.found() == "127.0"
