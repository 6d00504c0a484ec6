"""Number types by the names that the formats give them."""

import ml_dtypes
import numpy as np

from condenslab.interop.reading.refusal import RefusalError

_EXTENDED = {
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float8_e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "float8_e4m3fnuz": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "float8_e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "float8_e5m2fnuz": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "float8_e8m0fnu": np.dtype(ml_dtypes.float8_e8m0fnu),
}
_PLAIN = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "complex64": "<c8",
    "complex128": "<c16",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
    "bool": "?",
}
NAMED = _EXTENDED | {name: np.dtype(code) for name, code in _PLAIN.items()}
"""numpy's types by their names; those that numpy lacks are those of ml_dtypes."""

SAFETENSORS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
    "C64": "complex64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
"""Type names of safetensors."""

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
    "QInt8Storage": "int8",
    "QUInt8Storage": "uint8",
    "QInt32Storage": "int32",
}
"""Storage classes of torch."""

TORCH_NAMES = {"double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32"}
"""Second names of torch's types."""


def named(name: str, what: str) -> np.dtype:
    """Returns a type by numpy's, torch's or ml_dtypes' name.

    Args:
        name: The name.
        what: What has the type, for the message.

    Raises:
        RefusalError: No number type has that name, or several numbers share a byte.
    """
    plain = TORCH_NAMES.get(name, name)
    if plain not in NAMED:
        packed = "packs several numbers into a byte" if "4" in name else "is no type that numpy or ml_dtypes holds"
        raise RefusalError(f"{what} has the type {name[:40]}, which {packed}")
    return NAMED[plain]


def is_number(dtype: np.dtype) -> bool:
    """Says whether arrays of a type are real floating-point numbers, those of ml_dtypes included."""
    return dtype.kind == "f" or dtype.name in _EXTENDED
