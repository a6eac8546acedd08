"""A checkpoint that torch.save wrote, as safetensors: what `hardnet import` and `hardnet compile` run for a .pth.

    python3 pth_to_safetensors.py CHECKPOINT.pth FD     writes to the open file descriptor FD

Nothing in the checkpoint is executed. Its pickles are first scanned, not run: a class or function beyond the few that
tensors are made of ends the conversion. Then PyTorch's weights-only loader reads a copy of what was scanned, never the
file itself, so that nobody else's idea of the file's format matters (a TorchScript archive, an old tar).

Exit status 0: written. 3: the checkpoint is not acceptable, 4: no memory or disk space, 5: no usable PyTorch; one line
on stdout says why.
"""
import inspect
import io
import json
import os
import pickletools
import re
import struct
import sys
import zipfile

MOST_BYTES = 2 << 30  # as of any checkpoint
LEGACY_START = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save's magic number before 1.6, pickled
LEGACY_PICKLES = 5  # magic number, protocol, machine, the object, its storages' keys; raw storages follow
CONTAINERS = ("state_dict", "model_state", "model_state_dict", "model")  # where training scripts put the state_dict
ALLOWED = re.compile(
    r"collections OrderedDict|torch Size|torch\.nn\.parameter Parameter|"
    r"torch (Byte|Char|Short|Int|Long|Half|Float|Double|BFloat16|Bool)Storage|torch (float|int|uint)[0-9]+|torch bfloat16|"
    r"torch\._utils _rebuild_(tensor|tensor_v2|parameter)")
TYPES = {"torch.float32": "F32", "torch.float64": "F64", "torch.float16": "F16", "torch.bfloat16": "BF16",
         "torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8",
         "torch.bool": "BOOL"}


class Refused(Exception):
    """Its text says what was expected and found."""


def scan_pickle(data, start):
    """Walks the pickle at `start` of the bytearray `data` without running it; returns its end.

    A float (a learning rate, an accuracy) becomes the integer 0 of the same length: it is no weight, and PyTorch 1.13
    refuses it.
    """
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        for opcode, argument, position in pickletools.genops(stream):
            if opcode.name in ("GLOBAL", "INST") and not ALLOWED.fullmatch(argument):
                raise Refused("expected a state_dict of tensors and plain values, found " + argument.replace(" ", ".")
                              + ", which is not loaded (save model.state_dict() alone)")
            if opcode.name == "STACK_GLOBAL":
                raise Refused("expected a pickle of protocol 2 as torch.save writes it, found a later one")
            if opcode.name == "BINFLOAT":
                data[position:position + 9] = b"\x8a\x07" + bytes(7)  # LONG1 of 7 bytes
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"expected a pickle, found a damaged one ({error})") from None
    return stream.tell()


def scanned_zip(data):
    """The format since PyTorch 1.6: <name>/data.pkl and <name>/data/<key>, stored uncompressed."""
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(copy, "w") as target:
            entries = {e.filename.partition("/")[2]: e for e in source.infolist()}
            if "constants.pkl" in entries:
                raise Refused("expected a state_dict, found a TorchScript program, which is code")
            if "data.pkl" not in entries:
                raise Refused("expected an archive of torch.save, found a zip file without data.pkl")
            if any(e.compress_type != zipfile.ZIP_STORED for e in entries.values()):
                raise Refused("expected an archive of torch.save, found compressed entries")
            if "byteorder" in entries and source.read(entries["byteorder"]) != b"little":
                raise Refused("expected little-endian tensors, found big-endian ones")
            pickle = bytearray(source.read(entries["data.pkl"]))
            scan_pickle(pickle, 0)
            target.writestr("archive/data.pkl", bytes(pickle))
            target.writestr("archive/version", b"3\n")
            for name, entry in entries.items():
                if name.startswith("data/"):
                    target.writestr("archive/" + name, source.read(entry))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise Refused(f"expected an archive of torch.save, found a damaged zip file ({error})") from None
    copy.seek(0)
    return copy


def scanned_legacy(data):
    """The format before PyTorch 1.6: pickles one behind the other, then the storages."""
    data = bytearray(data)
    at = 0
    for _ in range(LEGACY_PICKLES):
        at = scan_pickle(data, at)
    return io.BytesIO(data)


def scanned(path):
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refused(f"expected at most {MOST_BYTES} bytes, found more")
    if data.startswith(b"PK\x03\x04"):
        return scanned_zip(data)
    if data.startswith(LEGACY_START):
        return scanned_legacy(data)
    raise Refused("expected what torch.save writes, found another format")


def load(torch, file):
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch names no classes for what may be wrong in a file
        reason = str(error).partition("WeightsUnpickler error: ")[2] or f"{type(error).__name__}: {error}"
        raise Refused(f"expected a checkpoint that PyTorch {torch.__version__} loads, found: {reason}") from None


def state_dict_of(torch, loaded):
    """{name: tensor} of a state_dict or of a dict around one."""
    def holds_tensors(value):
        return isinstance(value, dict) and any(torch.is_tensor(v) for v in value.values())
    inner = [key for key in CONTAINERS if isinstance(loaded, dict) and holds_tensors(loaded.get(key))]
    if len(inner) > 1:
        raise Refused(f"expected one state_dict, found {len(inner)}: {', '.join(inner)}")
    state = loaded[inner[0]] if inner else loaded
    if not holds_tensors(state):
        raise Refused(f"expected a state_dict, bare or under {', '.join(CONTAINERS)}, found neither")
    for name, tensor in state.items():
        if not isinstance(name, str):
            raise Refused(f"expected names of tensors, found {name!r}")
        if not torch.is_tensor(tensor) or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise Refused(f"{name}: expected a dense tensor, found another value")
        if str(tensor.dtype) not in TYPES:
            raise Refused(f"{name}: expected a tensor of floats, found {tensor.dtype}")
    return state


def write_safetensors(torch, state, file):
    header, offset = {}, 0
    for name, tensor in state.items():
        end = offset + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": TYPES[str(tensor.dtype)], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    if offset > MOST_BYTES:  # a stride of 0 makes large tensors of small storages
        raise Refused(f"expected at most {MOST_BYTES} bytes of tensors, found {offset}")
    text = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace")
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in state.values():
        flat = tensor.detach().contiguous().reshape(-1)
        file.write(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")


def import_torch():
    try:
        import torch
    except Exception as error:  # a broken installation fails in many ways
        finish(5, f"expected PyTorch in {sys.executable}, found: {error}")
    if "weights_only" not in inspect.signature(torch.load).parameters:
        finish(5, f"expected PyTorch 1.13 or later in {sys.executable}, found {torch.__version__}")
    return torch


def convert(path, descriptor):
    file = scanned(path)  # what is refused here needs no PyTorch, whose import takes a second
    torch = import_torch()
    with os.fdopen(descriptor, "wb") as out:
        write_safetensors(torch, state_dict_of(torch, load(torch, file)), out)


def finish(status, text):
    print("".join(c if " " <= c <= "~" else "?" for c in text.partition("\n")[0])[:300])
    sys.exit(status)


def main(path, descriptor):
    try:
        convert(path, int(descriptor))
    except Refused as refused:
        finish(3, str(refused))
    except (MemoryError, OSError) as error:
        finish(4, f"expected memory and room for the tensors, found less ({error})")
    except Exception as error:  # what nobody has met yet in a file is still the file's fault
        finish(3, f"expected a checkpoint of tensors, found {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
