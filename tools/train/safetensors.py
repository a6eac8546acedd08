"""Safetensors files: 8 bytes of header size, a JSON header, the tensors' float32 bytes end to end."""

import json
import struct

import numpy as np


def write(path, tensors, metadata):
    """tensors: name -> numpy array; written as little-endian float32 in C order, sorted by name."""
    header, data = {"__metadata__": metadata}, []
    offset = 0
    for name in sorted(tensors):
        values = tensors[name].astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + len(values)],
        }
        offset += len(values)
        data.append(values)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)  # so that the data starts on a cache line
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def read(path):
    """What `write` wrote: name -> numpy array."""
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack("<Q", data[:8])
    header, data = json.loads(data[8:8 + size]), data[8 + size:]
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"]).copy()
            for name, entry in header.items()}
