"""Files that are damaged, endless or made to fill memory: one sentence each, and nothing asked for that they lack."""

import gzip
import io
import lzma
import os
import pathlib
import resource
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condenslab.errors import UserError
from condenslab.memory import available_bytes, shortage
from condenslab.tasks import read_idx, read_images, read_table, require_learnable

laws = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
READERS = (read_table, read_idx, read_images)


def npy(header: str, body: bytes = b"", version=(1, 0)) -> bytes:
    text = header.encode("latin1") + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + body


def archive(path, content: bytes, compression=zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr("images.npy", content)
        made.writestr("labels.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", bytes(8)))


HEADERS = {
    "words": "no header at all",
    "unfinished": "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2",
    "dedent": "{'descr': '<f8',\n   'x'\n 'fortran_order': False}",
    "list": "['descr', 'shape']",
    "type": "{'descr': 'zz', 'fortran_order': False, 'shape': (1, 2, 2), }",
    "object": "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2, 2), }",
    "fields": "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1, 2, 2), }",
    "negative": "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 2, 2), }",
    "words in shape": "{'descr': '<f8', 'fortran_order': False, 'shape': ('a', 2, 2), }",
    "astronomic": "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2, 2), }",
    "huge": "{'descr': '|u1', 'fortran_order': False, 'shape': (11000000, 28, 36), }",
    "many axes": "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1, " * 80 + "), }",
    "short": "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 2), }",
    "zero bytes": "{'descr': '|V0', 'fortran_order': False, 'shape': (1, 2, 2), }",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0), (9, 9)])
def test_headers_of_npz_files(tmp_path, header, version):
    path = tmp_path / "x.npz"
    archive(path, npy(header, version=version))
    refused(read_images, path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damaged_members_of_every_compression(tmp_path, compression):
    good = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 4, 4), }", np.arange(16.0).tobytes())
    path = tmp_path / "x.npz"
    archive(path, good, compression)
    assert read_images(path).images[0, 0, 3, 3] == 15.0
    content = bytearray(path.read_bytes())
    for place in range(45, 90):
        damaged = content.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = read_images(path).images  # LZMA has bytes that do not matter
        except UserError:
            continue
        np.testing.assert_array_equal(read[0, 0], np.arange(16.0).reshape(4, 4))


def test_encrypted_and_unknown_members(tmp_path):
    path = tmp_path / "x.npz"
    archive(path, npy(HEADERS["short"], bytes(32)), zipfile.ZIP_STORED)
    content = path.read_bytes()
    central = content.index(b"PK\x01\x02")
    for offset, value in ((8, 1), (10, 97)):  # the flag of encryption; the number of a compression that nobody knows
        damaged = bytearray(content)
        damaged[central + offset] = value
        damaged[offset - 2] = value
        path.write_bytes(damaged)
        refused(read_images, path)


@laws
@given(st.binary(max_size=200), st.sampled_from(range(3)), st.sampled_from([bytes, gzip.compress, lzma.compress]))
def test_any_bytes_give_an_answer_or_a_sentence(tmp_path, content, reader, pack):
    path = tmp_path / "file"
    for start in (b"", b"\0\0\x08\x02", b"PK\x03\x04", b"1,2\n"):
        path.write_bytes(pack(start + content))
        refused(READERS[reader], path, may_succeed=True)


def refused(reader, path, may_succeed=False):
    try:
        reader(path)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 700
    else:
        assert may_succeed, "a damaged file was read"


def test_idx_headers_that_announce_more_than_there_is(tmp_path):
    path = tmp_path / "x"
    for shape in ((2**32 - 1,) * 3, (0, 2**32 - 1, 2**32 - 1), (1,) * 200, (11_000_000, 28, 36)):
        header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        for pack in (bytes, gzip.compress):
            path.write_bytes(pack(header + bytes(50)))
            refused(read_idx, path, may_succeed=len(shape) == 200)


def test_bombs_are_not_unpacked(tmp_path):
    """1 GB of zeros in 1 MB, in both kinds of file, under a limit of address space that they would break."""
    zeros = io.BytesIO()
    with gzip.GzipFile(fileobj=zeros, mode="wb", compresslevel=1) as packed:
        packed.write(bytes([0, 0, 8, 3]) + struct.pack(">3I", 1000, 1000, 1000))
        for _ in range(64):
            packed.write(bytes(2**24))
    (tmp_path / "bomb-idx3").write_bytes(zeros.getvalue())
    with pytest.raises(UserError, match=r"announces 1 GB in a file of .* MB"):
        read_idx(tmp_path / "bomb-idx3")
    header = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1000, 1000, 1000), }")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        with made.open("images.npy", "w") as member:
            member.write(header)
            for _ in range(60):
                member.write(bytes(2**24))
        made.writestr("labels.npy", npy(HEADERS["short"]))
    with pytest.raises(UserError, match=r"announces 1 GB in a file of .* MB"):
        read_images(tmp_path / "bomb.npz")


@pytest.mark.parametrize("reader", READERS)
def test_what_has_no_end_is_not_read(tmp_path, reader):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "pipe"), ("/dev/zero", "device"), ("/dev/stdin", "stdin")):
        if pathlib.Path(path).exists():
            with pytest.raises(UserError, match=kind):
                reader(path)
    with pytest.raises(UserError):
        reader("zero\0byte")
    with pytest.raises(UserError):
        reader("x" * 300)


def test_a_sparse_file_larger_than_memory(tmp_path):
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.write(b"1,2\n")
        file.truncate(2**42)
    with pytest.raises(UserError, match=r"too large for this machine: .* TB of memory are needed"):
        read_table(path)


def test_the_memory_that_is_left_is_known_and_heeded():
    assert available_bytes() > 0
    assert shortage(1.0) is None and "are needed" in shortage(1e18)
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31));"
        "from condenslab.memory import available_bytes; print(available_bytes())"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(said.stdout) < 2**31
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY or available_bytes() < 2**63


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        (",x,y\n0,0.5,1\n1,0.6,2\n", [[0.5], [0.6]]),
        ('"","x","y"\n"1",0.5,1\n"2",0.6,2\n', [[0.5], [0.6]]),
        ("Unnamed: 0,x,z,y\n0,0.5,3,1\n1,0.6,4,2\n", [[0.5, 3], [0.6, 4]]),
        (";x;y\nMazda RX4;0.5;1\nFiat 128;0.6;2\n", [[0.5], [0.6]]),
        ("\tx\ty\n1\t0.5\t1\n2\t0.6\t2\n", [[0.5], [0.6]]),
    ],
)
def test_row_numbers_are_no_input(tmp_path, text, inputs):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert read_table(path).inputs.tolist() == inputs


COUNTING = ("index", "id", "ID", "Row", "row_number", "No.", "Nr", "#", '"#"', "obs", "sample_id", "rownames")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",x,y\n0.5,0.5,1\n0.7,0.6,2\n", "column 1 has no name and '0.5' is no row number"),
        (",x,y\n0,0.5,1\n5,0.6,2\n", "column 1 has no name and '5' is no row number that follows"),
        (",x,y\n0,0.5,1\nb,0.6,2\n", "column 1 has no name"),
        (",y\n0,1\n1,2\n", "one column beside its row numbers"),
        (",x,y\n0,0.5,1\n1,0.6,two\n", "line 3: column 3 is 'two'"),
        (",x,y\n0,0.5,1\n1,nan,2\n", "line 3: column 2 is nan"),
        ("-1,000,-0,141\n-0,500,0,250\n0,000,1,000\n", "decimal commas"),
        ("x,y\n-1,000,-0,141\n", r"give every line the same columns \(numbers need decimal points"),
        ("1,05,2,10\n3,25,4,75\n", "decimal commas"),
        ("0,5,1,25\n", "no names of columns and only whole numbers"),
        ("0,5,1,25\n0,6,1,36\n", "some of which may be decimal commas: write decimal points, or a first line"),
        ("1,2,3,44,5,6\n", "decimal commas"),
        *((f"{name},x,y\n1,0.5,1\n2,0.6,2\n", "column 1, .*counts the rows") for name in COUNTING),
        ("id;x;y\n0;0.5;1\n1;0.6;2\n", "column 1, 'id', counts the rows"),
        (",,x,y\n0,0,0.5,1\n1,0,0.6,2\n", "line 1: column 2 has no name"),
        ("x,y,\n0.5,1,\n0.6,2,\n", "line 1: column 3 has no name"),
        ("0,1\n0.5,1.5\n0.25,2.5\n", "line 1 may be a sample or count the columns"),
        ("0,1,2\n0.5,1.5,1e3\n0.25,2.5,0.1\n", "line 1 may be a sample or count the columns"),
    ],
)
def test_tables_that_say_something_else_than_they_seem(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("a,b,c,y\n0,5,1,25\n", [[0, 5, 1]]),
        ("0.0,5,1,25\n", [[0, 5, 1]]),
        ("index,x,y\n3,0.5,1\n1,0.6,2\n", [[3, 0.5], [1, 0.6]]),
        ("t,x,y\n1,0.5,1\n2,0.6,2\n", [[1, 0.5], [2, 0.6]]),
        ("0,1\n0.5,1\n", [[0], [0.5]]),
        ("0.0,1.0\n0.5,1.5\n", [[0], [0.5]]),
        ("# x, y\n0.5,1\n", [[0.5]]),
    ],
)
def test_tables_that_are_what_they_seem(tmp_path, text, inputs):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert read_table(path).inputs.tolist() == inputs


@pytest.mark.parametrize("text", ["1,2,3,4\n5,6,7,8\n", "0,1,1,0\n1,0,0,1\n", "10,20\n30,40\n", "-1,5,0,7\n2,3,4,5\n"])
def test_whole_numbers_are_no_decimal_commas(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert read_table(path).inputs.shape == (2, text.split("\n")[0].count(","))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n", "t.csv has 1 sample, 1 input, but there is nothing to compare"),
        ("1,2\n1,3\n", "2 samples, 1 input, but all of them have the same x"),
        ("1,2,5\n2,3,5\n", "2 samples, 2 inputs, but y is 5 in all of them"),
        ("0,0\n0,0\n", "the same x"),
        ("1,1e300\n2,-1e300\n", "y spreads over"),
        ("1e-300,1\n2e-300,2\n", "x spreads over 1e-300"),
        ("1,1e308\n2,-1.7e308\n", "y spreads over"),
    ],
)
def test_tables_from_which_nothing_can_be_learned(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        require_learnable(read_table(path))
    assert "\n" not in str(error.value)


def test_a_table_that_can_be_learned(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("1,7,2\n2,7,3\n2,7,5\n")  # one of two inputs is constant, and one x has two targets
    require_learnable(read_table(path))
