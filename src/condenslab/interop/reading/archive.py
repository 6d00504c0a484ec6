"""The members of a zip archive as bytes of the mapped file; what is compressed is unpacked within bounds."""

import itertools
import struct
import zipfile
import zlib
from typing import BinaryIO

import numpy as np

from condenslab.interop.reading.refusal import RefusalError

_FREE_BYTES, _MOST_RATIO, _MOST_BYTES = 64 << 20, 100, 8 << 30
_LOCAL_HEADER = 30


class Archive:
    """A zip archive.

    Args:
        raw: The whole file, one axis of uint8.
        stream: The file, seekable.

    Raises:
        RefusalError: It has two members of one name, or an encrypted one.
        zipfile.BadZipFile: It is damaged.
    """

    def __init__(self, raw: np.ndarray, stream: BinaryIO):
        self._raw = raw
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._spans: dict[str, tuple[int, int]] = {}
        self._unpacked = 0
        with zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                if info.filename in self._members:
                    raise RefusalError(f"its archive has two members {info.filename[:80]}")
                if info.flag_bits & 1:
                    raise RefusalError("its archive is encrypted")
                self._members[info.filename] = info

    @property
    def names(self) -> list[str]:
        """Names of the members."""
        return list(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def stored(self, name: str) -> np.ndarray:
        """Returns the bytes of a member that is not compressed, without a copy.

        Args:
            name: The member.

        Raises:
            RefusalError: It is missing, compressed, cut short, or overlaps another member that was read.
        """
        if name not in self._members:
            raise RefusalError(f"its archive lacks the member {name[:80]}")
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise RefusalError(
                f"the member {name[:80]} of its archive is compressed, which the program that writes it never does"
            )
        return self._bytes(info, info.file_size)

    def unpacked(self, name: str) -> np.ndarray:
        """Returns the bytes of a member, unpacked where it is compressed.

        Args:
            name: The member.

        Raises:
            RefusalError: As `stored`; or what was unpacked so far would come to more than 64 MiB and a hundred times
                the size of the file, or to more than 8 GiB.
        """
        info = self._members.get(name)
        if info is None or info.compress_type == zipfile.ZIP_STORED:
            return self.stored(name)
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise RefusalError(f"the member {name[:80]} of its archive is compressed in an unusual way")
        size = info.file_size
        total = self._unpacked + size
        if total > _MOST_BYTES or (total > _FREE_BYTES and total > _MOST_RATIO * self._raw.size):
            raise RefusalError(
                f"the member {name[:80]} would unpack from {info.compress_size} bytes to {size}, and the archive of "
                f"{self._raw.size} to {total} or more"
            )
        self._unpacked = total
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        data = unpacker.decompress(self._bytes(info, info.compress_size).data, size + 1)
        if len(data) != size:
            raise RefusalError(f"the member {name[:80]} does not unpack to the {size} bytes that its archive gives it")
        return np.frombuffer(data, np.uint8)

    def _bytes(self, info: zipfile.ZipInfo, size: int) -> np.ndarray:
        start = info.header_offset
        if start < 0 or start + _LOCAL_HEADER > self._raw.size:
            raise RefusalError("its archive is cut short")
        header = self._raw[start : start + _LOCAL_HEADER].tobytes()
        if header[:4] != b"PK\x03\x04":
            raise RefusalError(f"its archive is damaged before the member {info.filename[:80]}")
        begin = start + _LOCAL_HEADER + sum(struct.unpack("<HH", header[26:]))
        if begin + size > self._raw.size:
            raise RefusalError("its archive is cut short")
        self._spans[info.filename] = (start, begin + size)
        return self._raw[begin : begin + size]

    def check_overlaps(self) -> None:
        """Refuses the archive if two members that were read share bytes.

        Raises:
            RefusalError: They do.
        """
        spans = sorted(self._spans.values())
        if any(first[1] > second[0] for first, second in itertools.pairwise(spans)):
            raise RefusalError("members of its archive overlap")
