"""Images from the user's files: written here byte by byte, then truncated, mislabelled and mixed up."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from condenslab.errors import UserError
from condenslab.tasks.image_files import FASHION_MNIST, labelled_images, read_idx, read_images


def idx(array: np.ndarray, code: int = 0x08, shape: tuple[int, ...] | None = None) -> bytes:
    """The IDX file of an array, header and all."""
    shape = array.shape if shape is None else shape
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 0], dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    images, labels = tmp_path / "images-idx3-ubyte", tmp_path / "labels-idx1-ubyte"
    images.write_bytes(idx(IMAGES))
    labels.write_bytes(gzip.compress(idx(LABELS)))
    return images, labels


def test_idx_files_packed_or_not(files):
    np.testing.assert_array_equal(read_idx(files[0]), IMAGES)
    found = labelled_images(*files)
    assert found.images.shape == (2, 1, 3, 4) and found.labels.tolist() == [7, 0]
    np.testing.assert_array_equal(found.images[:, 0], IMAGES / 255.0)
    assert not found.images.flags.writeable and not found.labels.flags.writeable


@pytest.mark.parametrize(("code", "dtype"), [(9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_every_number_type_is_big_endian(tmp_path, code, dtype):
    path = tmp_path / "numbers"
    path.write_bytes(idx(np.array([[1, -2], [3, 4]], dtype=dtype), code))
    np.testing.assert_array_equal(read_idx(path), [[1, -2], [3, 4]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(IMAGES)[:-1], "has only 23: the file is truncated"),
        (idx(IMAGES) + b"x", "has more: the file is mislabelled"),
        (idx(IMAGES)[:10], "ends within its header"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-12], "damaged gzip"),
        (b"\x89PNG\r\n", "no IDX file.*89 50 4e 47"),
        (b"", "begins with nothing"),
        (idx(IMAGES, shape=(2**32 - 1, 2**32 - 1, 4)), r"announces \S+ TB in a file of 40 bytes"),
        (idx(IMAGES, code=0x0A), "no IDX file"),
    ],
    ids=["short", "long", "header", "gzip", "png", "empty", "huge", "code"],
)
def test_damaged_idx_files_are_named(tmp_path, content, message):
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        read_idx(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_files_that_do_not_fit_together(files, tmp_path):
    images, labels = files
    with pytest.raises(UserError, match="swapped"):
        labelled_images(labels, images)
    with pytest.raises(UserError, match=r"label 7 at sample 0.*0 to 6"):
        labelled_images(images, labels, classes=7)
    three = tmp_path / "three"
    three.write_bytes(idx(np.zeros(3, dtype=np.uint8)))
    with pytest.raises(UserError, match=r"2 images.*3 labels"):
        labelled_images(images, three)
    with pytest.raises(UserError, match="one whole number a sample"):
        labelled_images(images, images)
    with pytest.raises(UserError, match="no file"):
        read_idx(tmp_path / "missing")
    with pytest.raises(UserError, match="is a folder"):
        read_idx(tmp_path)


def test_npz_files(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, x=IMAGES, y=LABELS.astype(int))
    found = read_images(path, images="x", labels="y")
    np.testing.assert_array_equal(found.images[:, 0], IMAGES / 255.0)
    np.savez(path, images=np.ones((2, 3, 5, 5)), labels=np.array([1, 2]))
    np.testing.assert_array_equal(read_images(path).images, np.ones((2, 3, 5, 5)))
    with pytest.raises(UserError, match=r"no array 'x', only images, labels"):
        read_images(path, images="x")
    with pytest.raises(UserError, match="label 2 at sample 1"):
        read_images(path, classes=2)


def test_damaged_npz_files(tmp_path):
    path = tmp_path / "own.npz"
    mixed = np.empty(2, dtype=object)
    mixed[0], mixed[1] = np.zeros((2, 2)), np.zeros((3, 3))
    np.savez(path, images=mixed, labels=LABELS)
    with pytest.raises(UserError, match="mixed sizes"):
        read_images(path)
    np.savez(path, images=np.full((2, 2, 2), np.nan), labels=LABELS)
    with pytest.raises(UserError, match="NaN or infinite"):
        read_images(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match="no npz file, or a damaged one"):
        read_images(path)
    np.save(tmp_path / "one.npy", IMAGES)
    with pytest.raises(UserError, match="no npz file"):
        read_images(tmp_path / "one.npy")
    with pytest.raises(UserError, match="no file"):
        read_images(tmp_path / "missing.npz")


@pytest.mark.skipif(not Path(FASHION_MNIST).is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_debian():
    folder = Path(FASHION_MNIST)
    found = labelled_images(folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz")
    assert found.images.shape == (10_000, 1, 28, 28) and np.bincount(found.labels).tolist() == [1000] * 10
