"""Named arrays in a safetensors file: an 8-byte length, a JSON header, the bytes of every array."""
import json
import struct

import numpy as np

_DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "|u1"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}


def load(path):
    """Path -> {name: array}."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = np.frombuffer(data[start:end], _DTYPES[entry["dtype"]])
            arrays[name] = flat.reshape(entry["shape"]).copy()
    return arrays


def save(path, arrays, metadata=None):
    """{name: array} -> file; f64, f32, i64, i32 and u8 are stored as they are."""
    header, blobs, end = {"__metadata__": metadata} if metadata else {}, [], 0
    for name, array in arrays.items():
        blobs.append(np.asarray(array, order="C").tobytes())
        start, end = end, end + len(blobs[-1])
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
