"""The promise of the reader: it runs nothing, imports nothing, and no number in a file sizes what it allocates."""

import builtins
import json
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import webbrowser
import zipfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from condenslab import interop
from condenslab.errors import UserError
from hostile import NUMBERS, Calls, archive, entry, laughs, npy, safetensors, stream, tensor

WATCHED = (
    "pickle",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess",
    "socket",
    "ctypes",
    "exec",
    "import",
)
events: list[str] = []
watching = False


def _audit(event: str, _: object) -> None:
    if watching and (event.startswith(WATCHED) and event != "os.listdir"):
        events.append(event)


sys.addaudithook(_audit)
interop.read  # noqa: B018  loads the reader before its imports are watched


def refusal(path: Path) -> str:
    """Returns the sentence with which a file is refused; nothing may have been run, imported or allocated."""
    global watching
    tracemalloc.start()
    watching = True
    try:
        with pytest.raises(UserError) as caught:
            interop.read(path)
    finally:
        watching = False
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert not events, events
    assert peak < 50 * path.stat().st_size + (8 << 20)
    text = str(caught.value)
    assert len(text) < 600 and "\n" not in text and str(path) in text
    return text


COLLIDING = [k * (2**61 - 1) for k in range(1, 20_000)]


def number(size, value=None):
    """Returns the beginning of a pickle: a whole number of so many bytes or more."""
    digits = b"\x01" * size if value is None else value.to_bytes(16, "little")
    return b"\x80\x02\x8b" + struct.pack("<i", len(digits)) + digits


BAD_PICKLES = {
    "a system call": (pickle.dumps({"w": Calls(os.system, "touch PWNED")}, 2), "system"),
    "eval": (pickle.dumps([Calls(eval, "1")], 4), "eval"),
    "exec": (pickle.dumps([Calls(exec, "1")], 2), "exec"),
    "import": (pickle.dumps([Calls(builtins.__import__, "this")], 4), "__import__"),
    "open": (pickle.dumps([Calls(open, "/etc/passwd")], 4), "open"),
    "a browser": (pickle.dumps([Calls(webbrowser.open, "http://localhost")], 4), "webbrowser"),
    "a subprocess": (pickle.dumps([Calls(subprocess.getoutput, "id")], 3), "subprocess"),
    "a class to run": (b"\x80\x02csubprocess\nPopen\nX\x02\x00\x00\x00id\x85\x81.", "subprocess"),
    "a memo bomb": (b"\x80\x02]r\xff\xff\xff\x7f.", "no arrays"),
    "bytes of a terabyte": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".", "damaged"),
    "a bytearray of a terabyte": (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "damaged"),
    "text of a terabyte": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".", "damaged"),
    "a long integer": (b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b".", "damaged"),
    "an integer as text": (b"I" + b"9" * 100_000 + b"\n.", "first bytes|damaged"),
    "lists that repeat": (laughs(b"]", b"l"), "repetition|no arrays|parts"),
    "tuples that repeat": (laughs(b")", b"t"), "repetition|no arrays|parts"),
    "a key that repeats": (laughs(b")", b"t")[:-1] + b"}h\x1eK\x00s.", "keys|pickle"),
    "a cycle": (b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.", "refers back"),
    "depth": (b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".", "deep"),
    "an item of a list": (b"\x80\x02]K\x00K\x01s.", "no dict"),
    "an append to a dict": (b"\x80\x02}K\x00a.", "no list"),
    "an empty stack": (b"\x80\x020.", "damaged"),
    "a mark that is missing": (b"\x80\x02e.", "damaged"),
    "no end": (b"\x80\x02]", "damaged|no end"),
    "an unknown operation": (b"\x80\x02\xff.", "damaged"),
    "an old instance": (b"\x80\x02(ios\nsystem\n.", "operation INST"),
    "a registered extension": (b"\x80\x02\x82\x01.", "operation EXT1"),
    "a global of numbers": (b"\x80\x04K\x01K\x02\x93.", "no name"),
    "a long name": (b"\x80\x04X" + struct.pack("<I", 10**6) + b"a" * 10**6 + b"X\x01\x00\x00\x00b\x93.", "no name"),
    "a strange reference": (b"\x80\x02K\x01Q.", "no storage"),
    "a key that takes long to hash": (number(10**6) + b"q\x00}(" + b"h\x00N" * 20_000 + b"u.", "no names"),
    "keys of one hash": (b"\x80\x02}(" + b"".join(number(8, k)[2:] + b"N" for k in COLLIDING) + b"u.", "no names"),
    "long arguments, again and again": (
        b"\x80\x02ctorch._utils\n_rebuild_parameter\nq\x01("
        + b"N" * 10**5
        + b"tq\x02]("
        + b"h\x01h\x02R" * 10**4
        + b"e.",
        "arguments",
    ),
}


@pytest.mark.parametrize("kind", BAD_PICKLES)
def test_a_bad_pickle_gets_a_sentence(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pkl, words = BAD_PICKLES[kind]
    text = refusal(archive(tmp_path / "bad.pt", pkl))
    assert any(word in text for word in words.split("|")), text
    if pkl[:1] == b"\x80":
        (tmp_path / "bad.pkl").write_bytes(pkl)
        assert "not read because" in refusal(tmp_path / "bad.pkl")
    assert not (tmp_path / "PWNED").exists()


BIG = b"J\xff\xff\xff\x7f"
BAD_TENSORS = {
    "a storage that is shorter": (tensor(count=1_000_000), NUMBERS, "16 bytes"),
    "a storage that is missing": (tensor(), None, "lacks"),
    "a shape beyond its storage": (tensor(shape=b"K\x40\x85"), NUMBERS, "beyond"),
    "an offset beyond its storage": (tensor(offset=b"K\x09"), NUMBERS, "beyond"),
    "numbers repeated": (tensor(shape=BIG + BIG + b"\x86", stride=b"K\x00K\x00\x86"), NUMBERS, "repeats"),
    "a negative stride": (tensor(stride=b"J\xff\xff\xff\xff\x85"), NUMBERS, "stride"),
    "a negative offset": (tensor(offset=b"J\xff\xff\xff\xff"), NUMBERS, "offset"),
    "a size that is true": (tensor(shape=b"\x88\x85"), NUMBERS, "shape"),
    "more strides than sizes": (tensor(stride=b"K\x01K\x01\x86"), NUMBERS, "strides"),
    "packed numbers": (tensor(kind=b"QUInt4x2Storage"), NUMBERS, "packs"),
    "an unknown storage": (tensor(kind=b"OddStorage"), NUMBERS, "OddStorage"),
}


@pytest.mark.parametrize("kind", BAD_TENSORS)
def test_a_bad_tensor_gets_a_sentence(kind, tmp_path):
    pkl, data, words = BAD_TENSORS[kind]
    assert words in refusal(archive(tmp_path / "bad.pt", pkl, [] if data is None else [("0", data)]))


def test_bad_archives_get_a_sentence(tmp_path):
    big = archive(tmp_path / "big.pt", tensor(), [("0", NUMBERS)], extra=[("net/byteorder", b"big")])
    assert "big-endian" in refusal(big)
    bomb = tensor(count=1 << 25)
    packed = archive(tmp_path / "c.pt", bomb, [("0", bytes(1 << 27))], compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(packed)
    nones = b"\x80\x02" + b"N" * (100 << 20) + b"."
    assert "unpack" in refusal(archive(tmp_path / "n.pt", nones, compression=zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as out:
        out.writestr("a.txt", "hello")
    assert "neither of torch nor of numpy" in refusal(tmp_path / "other.zip")


def test_arrays_that_unpack_to_much_together_are_refused(tmp_path):
    """Each of them alone would pass: what counts is the sum, as memory does."""
    with zipfile.ZipFile(tmp_path / "many.npz", "w", zipfile.ZIP_DEFLATED) as out:
        for name in "abcdefgh":
            out.writestr(
                f"{name}.npy",
                npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3000000,), }\n", bytes(12 * 10**6)),
            )
    with pytest.raises(UserError, match="would unpack"):
        interop.read(tmp_path / "many.npz")


def test_a_name_without_end_is_refused(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"a" * 1001: entry([1], 0, 4)}, bytes(4))
    assert "1000 characters" in refusal(path)


def test_overlapping_and_double_members_are_refused(tmp_path):
    path = archive(tmp_path / "a.pt", tensor(), [("0", NUMBERS), ("1", NUMBERS)])
    raw = path.read_bytes()
    place = raw.rindex(b"net/data/1")
    (tmp_path / "b.pt").write_bytes(raw[:place] + b"net/data/0" + raw[place + 10 :])
    assert "two members" in refusal(tmp_path / "b.pt")
    local = raw.index(b"PK\x03\x04", 4)
    start = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"net/data/0")) + 42
    for offset, words in ((len(raw) * 2, "damaged|cut"), (local - 9, "damaged"), (0, "overlap|bytes")):
        (tmp_path / "c.pt").write_bytes(raw[:start] + struct.pack("<I", offset) + raw[start + 4 :])
        text = refusal(tmp_path / "c.pt")
        assert any(word in text for word in words.split("|")), text


BAD_SAFETENSORS = {
    "a header of exabytes": ({}, b"", 1 << 62, "header"),
    "a hole": ({"a": entry([1], 4, 8)}, bytes(8), None, "holes"),
    "an overlap": ({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, bytes(8), None, "overlap"),
    "bytes at the end": ({"a": entry([1], 0, 4)}, bytes(8), None, "holes"),
    "a product that wraps": ({"a": entry([1 << 32, 1 << 32], 0, 0)}, b"", None, "bytes"),
    "a name twice": (b'{"a":%s,"a":%s}' % ((json.dumps(entry([1], 0, 4)).encode(),) * 2), bytes(4), None, "twice"),
    "depth": (b'{"a":' + b"[" * 100_000, b"", None, "JSON"),
    "a negative size": ({"a": entry([-1], 0, 4)}, bytes(4), None, "sizes"),
    "a size that is true": ({"a": entry([True], 0, 4)}, bytes(4), None, "sizes"),
    "a fraction": ({"a": entry([1.0], 0, 4)}, bytes(4), None, "sizes"),
    "packed numbers": ({"a": entry([2], 0, 1, "F4")}, bytes(1), None, "packed"),
    "an unknown type": ({"a": entry([1], 0, 4, "X9")}, bytes(4), None, "X9"),
    "a type that is a list": ({"a": entry([1], 0, 4, ["F32"])}, bytes(4), None, "type"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [1]}}, bytes(4), None, "data_offsets"),
    "an entry that is a number": ({"a": 3}, b"", None, "data_offsets"),
    "no tensors": ({}, b"", None, "no arrays"),
}


@pytest.mark.parametrize("kind", BAD_SAFETENSORS)
def test_a_bad_safetensors_file_gets_a_sentence(kind, tmp_path):
    head, data, length, words = BAD_SAFETENSORS[kind]
    assert words in refusal(safetensors(tmp_path / "bad.safetensors", head, data, length))


BAD_FILES = {
    "nothing": (b"", "empty"),
    "words": (b"hello, world", "no format"),
    "a page": (b"<!DOCTYPE html><html>", "no format"),
    "tar": (bytes(257) + b"ustar\x0000" + bytes(400), "tar"),
    "GGUF": (b"GGUF\x03\x00\x00\x00", "GGUF"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "gzip": (b"\x1f\x8b\x08\x00aaaa", "gzip"),
    "an array of a terabyte": (
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }\n"),
        "cut short",
    ),
    "an array of objects": (npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", bytes(8)), "objects"),
    "an array with code": (npy(b"__import__('os').system('touch PWNED')\n"), "parsed"),
    "an array of depth": (npy(b"(" * 5000), "parsed"),
    "an array of negative size": (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n"), "sizes"),
    "msgpack of depth": (b"\x81\xa1a" + b"\x91" * 100_000, "msgpack"),
    "msgpack of a gigabyte": (b"\x81\xa1a\xc6\x3f\xff\xff\xff", "msgpack"),
    "msgpack with a bad array": (b"\x81\xa1a\xc7\x03\x01\x93\x01\x02", "array|msgpack"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_foreign_file_gets_a_sentence(kind, tmp_path):
    data, words = BAD_FILES[kind]
    (tmp_path / "file").write_bytes(data)
    text = refusal(tmp_path / "file")
    assert any(word in text for word in words.split("|")), text


def test_bad_streams_get_a_sentence(tmp_path):
    assert "big-endian" in refusal(stream(tmp_path / "a.pt", little=False))
    assert "cut short" in refusal(stream(tmp_path / "b.pt", count=1 << 60))
    assert "no tensor uses" in refusal(stream(tmp_path / "c.pt", keys=("9",)))
    assert "system" in refusal(stream(tmp_path / "d.pt", pickle.dumps(Calls(os.system, "id"), 2)))


@pytest.mark.parametrize(
    "shard", ["../w.safetensors", "/etc/passwd", "..", "", "a\\b", "gone.safetensors", "x.index.json"]
)
def test_a_shard_elsewhere_is_refused(shard, tmp_path):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": shard}}))
    assert "shard" in refusal(index)


def test_indices_and_folders_without_weights_are_refused(tmp_path):
    for text, words in (
        ("[1]", "JSON object"),
        ("{}", "weight_map"),
        ("{", "no JSON"),
        ('{"weight_map":{"a":1}}', "map"),
    ):
        (tmp_path / "x.index.json").write_text(text)
        assert words in refusal(tmp_path / "x.index.json")
    (tmp_path / "empty").mkdir()
    assert "no file with weights" in refusal(tmp_path / "empty")
    for name in ("a.pt", "b.pt"):
        archive(tmp_path / "empty" / name, tensor(), [("0", NUMBERS)])
    assert "several" in refusal(tmp_path / "empty")
    (tmp_path / "orbax").mkdir()
    (tmp_path / "orbax" / "manifest.ocdbt").write_bytes(b"x")
    assert "Orbax" in refusal(tmp_path / "orbax")
    with pytest.raises(UserError, match="no file"):
        interop.read(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="neither a file"):
        interop.read(tmp_path / "pipe")


@pytest.mark.more
def test_more_than_a_million_tensors_are_refused(tmp_path):
    many = {f"t{n}": entry([1], 4 * n, 4 * n + 4) for n in range(1_000_001)}
    path = safetensors(tmp_path / "many.safetensors", many, bytes(4_000_004))
    with pytest.raises(UserError, match="1000001 tensors"):
        interop.read(path)


def good_files(folder: Path) -> dict[str, Path]:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float16)}
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    (folder / "arrays.pkl").write_bytes(pickle.dumps(arrays, 2))
    head = {"a": entry([2, 1], 0, 8), "b": entry([1], 8, 10, "BF16")}
    return {
        "zip": archive(folder / "net.pt", tensor(), [("0", NUMBERS)]),
        "stream": stream(folder / "old.pt"),
        "safetensors": safetensors(folder / "net.safetensors", head, bytes(10)),
        "npz": folder / "plain.npz",
        "packed npz": folder / "packed.npz",
        "pickle": folder / "arrays.pkl",
    }


@pytest.mark.parametrize("kind", ["zip", "stream", "safetensors", "npz", "packed npz", "pickle"])
def test_a_file_cut_at_any_byte_is_refused(kind, tmp_path):
    whole = good_files(tmp_path)[kind].read_bytes()
    assert interop.read(good_files(tmp_path)[kind]).tensors
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UserError):
            interop.read(tmp_path / "cut")


def _mutants(kind: str, examples: int, folder: Path) -> None:
    whole = good_files(folder)[kind].read_bytes()
    places = st.integers(0, len(whole) - 1)
    edit = st.tuples(places, st.integers(0, 3), st.binary(max_size=8))

    @hypothesis.settings(max_examples=examples, deadline=None, database=None, derandomize=True)
    @hypothesis.given(st.lists(edit, min_size=1, max_size=6))
    def run(edits):
        global watching
        data = bytearray(whole)
        for place, how, new in edits:
            length = (len(new), 0, 8, 1)[how]
            data[place : place + length] = new if how else new[: len(data) - place]
        (folder / "mutant").write_bytes(bytes(data))
        watching = True
        try:
            for array in interop.read(folder / "mutant").tensors.values():
                array.astype(array.dtype).tobytes()
        except UserError as error:
            assert "\n" not in str(error)
        finally:
            watching = False
        assert not events, events

    run()


@pytest.mark.parametrize("kind", ["zip", "stream", "safetensors", "packed npz", "pickle"])
def test_a_changed_file_is_read_or_refused(kind, tmp_path):
    _mutants(kind, 60, tmp_path)


@pytest.mark.more
@pytest.mark.parametrize("kind", ["zip", "stream", "safetensors", "npz", "packed npz", "pickle"])
def test_many_changed_files_are_read_or_refused(kind, tmp_path):
    _mutants(kind, 10_000, tmp_path)
