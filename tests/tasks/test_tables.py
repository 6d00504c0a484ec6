"""The user's own file of samples: what is read, and one sentence for everything that cannot be."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.errors import UserError
from condenslab.tasks import Table, read_table

NUMBERS = [[1.0, 2.0], [-0.5, 3e-7], [4.0, 1e20]]
laws = settings(max_examples=50, deadline=None, derandomize=True, database=None)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "samples.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path)

    return write_and_read


@pytest.mark.parametrize(
    "content",
    [
        "1,2\n-0.5,3e-7\n4,1e20\n",
        "1,2\n-0.5,3e-7\n4,1e20",
        "x,y\n1,2\n-0.5,3e-7\n4,1e20\n",
        "x_1,the y\r\n1,2\r\n-0.5,3e-7\r\n4,1e20\r\n",
        "1,2\r-0.5,3e-7\r4,1e20\r",
        "time;height, in m\n1;2\n-0.5;3e-7\n4;1e20\n",
        "x (a;b),y\n1,2\n-0.5,3e-7\n4,1e20\n",
        "x\ty\n1\t2\n-0.5\t3e-7\n4\t1e20\n",
        '\n# made by hand; "not" data\nx, y\n\n1, 2\n  # one more\n-0.5 , 3e-7\n\n4,1e20\n,\n\n',
        '"x","y"\n"1","2"\n"-0.5","3e-7"\n"4","1e20"\n',
        b"\xef\xbb\xbf1,2\n-0.5,3e-7\n4,1e20\n",
        "sep=;\nx;y\n1;2\n-0.5;3e-7\n4;1e20\n",
        '"sep=,"\r\n1,2\r\n-0.5,3e-7\r\n4,1e20\r\n',
        "größe,β\n1,2\n-0.5,3e-7\n4,1e20\n",
    ],
)
def test_what_is_read(read, content):
    table = read(content)
    np.testing.assert_array_equal(table.inputs, [[row[0]] for row in NUMBERS])
    np.testing.assert_array_equal(table.targets, [[row[1]] for row in NUMBERS])
    assert table.name == "samples.csv"
    assert table.digest == read("1,2\n-0.5,3e-7\n4,1e20\n").digest
    assert not table.inputs.flags.writeable and not table.targets.flags.writeable


def test_the_last_of_many_columns_is_y(read):
    table = read("a,b,c,y\n1,2,3,4\n5,6,7,8\n")
    assert table.inputs.tolist() == [[1, 2, 3], [5, 6, 7]]
    assert table.targets.tolist() == [[4], [8]]


def test_one_sample_and_equal_inputs_are_legal(read):
    assert read("1,2\n").targets.tolist() == [[2.0]]
    assert read("1,2\n1,3\n").targets.tolist() == [[2.0], [3.0]]


@given(st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=20))
@laws
def test_every_finite_number_survives_writing_and_reading(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_text("\n".join(",".join(map(repr, row)) for row in rows))
    table = read_table(str(path))
    np.testing.assert_array_equal(np.hstack([table.inputs, table.targets]), rows)


def test_the_digest_is_of_the_numbers(read):
    one = read("1,2\n3,4\n")
    assert len(one.digest) == 64
    assert read("x;y\n1.0;2e0\n3;4.000\n").digest == one.digest
    assert Table(np.array([[1], [3]]), np.array([[2], [4]]), "other").digest == one.digest
    assert read("0,2\n").digest == read("-0.0,2\n").digest
    for other in ("1,2\n3,4.0000000000000009\n", "3,4\n1,2\n", "1,2,3,4\n", "1,2\n3,4\n3,4\n"):
        assert read(other).digest != one.digest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "samples.csv has no samples"),
        ("\n\n# only words\n", "samples.csv has no samples"),
        ("x,y\n", "samples.csv has no samples: write one line for each, x first and y last"),
        ("x,y\n1,2\n3,four\n", "samples.csv, line 3: column 2 is 'four', which is not a number"),
        ("1,two\n3,4\n", "samples.csv, line 1: column 2 is 'two'"),
        ("1,2\n\n# c\n3,\n", "samples.csv, line 4: column 2 is empty"),
        ("1,2\n,4\n", "samples.csv, line 2: column 1 is empty"),
        ("x,y\n1,2\n#N/A,4\n", "line 3: column 1 is '#N/A', which is not a number: fill in what is missing"),
        ("x,y\n1,2\nNA,4\n", "column 1 is 'NA', which is not a number: fill in what is missing, or leave the line out"),
        ("x,y\n1,2\n3, ?\n", r"column 2 is '\?', which is not a number: fill in what is missing"),
        ("1,2,\n3,4,\n", "line 1: column 3 is empty: fill it in .*remove the separator at the end of every line"),
        ("t,y\n2024-01-31,4\n", "'2024-01-31', which is not a number: write a date or time as a number"),
        ("t,y\n12:30,4\n", "'12:30', which is not a number: write a date or time as a number"),
        ('x,y\n"5,274.5",4\n', "no marks between thousands"),
        ("x,y\n27.4%,4\n", "'27.4%', which is not a number: write the number alone"),
        ("x,y\n$3,4\n", "'\\$3', which is not a number: write the number alone"),
        ("x,y\nTrue,4\n", "'True', which is not a number: write 1 and 0"),
        ("x,y\nred,4\n", "'red', which is not a number: .*columns of 0 and 1"),
        ("x,y\n1,a\n2,a\n3,a\n", "all 3 samples are of the class 'a': give several classes"),
        ("a,a,y\n1,2,3\n", "samples.csv, line 1: two columns are named 'a': give each a name of its own"),
        ("y, y\n1,2\n", "two columns are named 'y'"),
        (b"\x1f\x8b\x08\x00", "packed by gzip: unpack it first"),
        (b"PK\x03\x04\x00", "an Excel sheet or another ZIP archive"),
        (b"PAR1\x00", "a Parquet file"),
        (b"\x93NUMPY\x00", "a NumPy file"),
        ("1,2\n3,1_000\n", "line 2: column 2 is '1_000'"),
        ("1;2\n1,5;2,5\n", "line 2: column 1 is '1,5', which is not a number: write a number with a decimal point"),
        ("1,2\n3,4,5\n", r"samples.csv, line 2 has 3 column\(s\) where line 1 has 2"),
        ("x,z,y\n1,2\n", r"samples.csv, line 2 has 2 column\(s\) where line 1 has 3"),
        ("1,2\n3,nan\n", "samples.csv, line 2: column 2 is nan, but every value must be a finite number"),
        ("x,y\n\n-inf,3\n", "samples.csv, line 3: column 1 is -inf"),
        ("1,2\n3,1e999\n", "samples.csv, line 2: column 2 is inf"),
        ("nan,nan\n1,2\n", "samples.csv, line 1: column 1 is nan"),
        ("1\n2\n", "samples.csv, line 1 has one column only"),
        ("1 2\n3 4\n", "samples.csv, line 1 has one column only: write x and y, separated by a comma"),
        (b"1,2\n3,\xe9\n", "samples.csv, line 2: this is not UTF-8 text"),
        ("1,2\n".encode("utf-16"), "samples.csv is not a UTF-8 text file"),
        (b"\x7fELF\x00\x01", "samples.csv is not a UTF-8 text file"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "this is not UTF-8 text"),
        ('1,2\n3,"4\n5,6\n', "samples.csv, line 3: unexpected end of data: write plain numbers without quotes"),
        ("1,2\n3," + "9" * 200_000 + "\n", "samples.csv, line 2: field larger than field limit"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_sentence(read, content, message):
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".") and len(text) < 400


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(UserError, match=r"there is no file .*nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(UserError, match="is an address, and nothing is fetched: download the file"):
        read_table("https://example.org/mine.csv")
    with pytest.raises(UserError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(UserError, match=r"cannot be read|there is no file"):
        (tmp_path / "file").write_text("1,2\n")
        read_table(tmp_path / "file" / "below.csv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("1,2\n")
    path.chmod(0)
    with pytest.raises(UserError, match="cannot be read"):
        read_table(path)


def test_tables_check_their_arrays():
    with pytest.raises(ValueError, match=r"targets must have shape \(2, output\)"):
        Table(np.ones((2, 1)), np.ones((3, 1)), "t")
    for bad in (np.full((2, 2), 0.5), np.ones((2, 2)), np.eye(2) * 2):
        with pytest.raises(ValueError, match="one-hot rows"):
            Table(np.ones((2, 1)), bad, "t", labels=("a", "b"))
    with pytest.raises(ValueError, match="columns must be 2 names"):
        Table(np.ones((2, 1)), np.ones((2, 1)), "t", columns=("x",))


def test_several_targets_and_their_names(tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("a,b,u,v\n1,2,3,4\n5,6,7,9\n")
    table = read_table(file, targets=2)
    assert (table.inputs.tolist(), table.targets.tolist()) == ([[1, 2], [5, 6]], [[3, 4], [7, 9]])
    assert table.names == (("a", "b"), ("u", "v"))
    assert read_table(file).names == (("a", "b", "u"), ("v",))
    assert read_table(file).digest != table.digest
    for bad in (0, 4, True):
        with pytest.raises(UserError, match="target"):
            read_table(file, targets=bad)


def test_classes_are_words_that_come_again(tmp_path):
    file = tmp_path / "iris.csv"
    file.write_text("1.5,2,setosa\n1,2,virginica\n2,2, setosa\n3,1,virginica\n")
    table = read_table(file)
    assert table.labels == ("setosa", "virginica") and table.names == (("x1", "x2"), table.labels)
    assert table.targets.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    file.write_text("x,kind\n1,0\n2,1\n3,0\n4,1\n")
    assert read_table(file).labels == () and read_table(file, classes=True).labels == ("0", "1")
    for content in ("1,a\n2,3\n", "1,3\n2,a\n", "1,a\n2,b\n3,c\n", "1,a\n2,a\n3,a\n", "1,a\n2,\n3,a\n"):
        file.write_text(content)
        with pytest.raises(UserError, match=r"number|empty|of the class 'a'"):
            read_table(file)
    with pytest.raises(ValueError, match="inputs must be finite"):
        Table(np.array([[np.nan]]), np.ones((1, 1)), "t")
