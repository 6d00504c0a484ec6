"""Checkpoint files made by hand, from the documentation of the format alone."""

import hashlib
import json
import struct


def written(path, content, tensors, version=1):
    """Writes a checkpoint from the documentation of the format alone, without the package and without safetensors."""
    codes = {"float64": "F64", "float32": "F32", "int64": "I64", "float16": "F16"}
    text, entries, data = json.dumps(content), {}, b""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        shape = list(array.shape)
        line = " ".join([json.dumps(name), json.dumps(array.dtype.name), json.dumps(shape, separators=(",", ":"))])
        digest.update(line.encode() + b"\n" + array.tobytes())
        offsets = [len(data), len(data) + array.nbytes]
        entries[name] = {"dtype": codes[array.dtype.name], "shape": shape, "data_offsets": offsets}
        data += array.tobytes()
    envelope = (
        f'{{"format":"condenslab checkpoint","version":{version},"content":{text},"sha256":"{digest.hexdigest()}"}}'
    )
    header = json.dumps({"__metadata__": {"condenslab": envelope}} | entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path
