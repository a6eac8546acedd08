"""A checkpoint that torch.save wrote, as safetensors: what `hardnet import` and `hardnet compile` run for a .pth.

    python3 pth_to_safetensors.py CHECKPOINT.pth FD [KEY]     writes to the open file descriptor FD; KEY says under which
                                                              of the file's keys the weights are

Nothing in the checkpoint is executed. Its pickles are first scanned, not run: a class or function beyond the few that
tensors are made of ends the conversion. Then PyTorch's weights-only loader reads a copy of what was scanned, never the
file itself, so that nobody else's idea of the file's format matters (a TorchScript archive, an old tar).

Exit status 0: written; what the user should know on stdout, a line each. 3: the checkpoint is not acceptable, 4: no memory
or disk space, 5: no usable PyTorch; one line on stdout says why.
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
# Where training scripts put the state_dict, and an average of it over the training (EMA) beside it.
ORDINARY = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params")
AVERAGED = ("ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "params_ema")
ALLOWED = re.compile(
    r"collections OrderedDict|torch Size|torch\.nn\.parameter Parameter|"
    r"torch (Byte|Char|Short|Int|Long|Half|Float|Double|BFloat16|Bool)Storage|torch (float|int|uint)[0-9]+|torch bfloat16|"
    r"torch\._utils _rebuild_(tensor|tensor_v2|parameter)")
# What numbers and arrays of numpy are made of. They are no weights: each becomes 0, so that none of this is loaded.
NUMPY = re.compile(r"numpy\.(_?)core\.multiarray (scalar|_reconstruct)|numpy (dtype|ndarray)|_codecs encode")
TYPES = {"torch.float32": "F32", "torch.float64": "F64", "torch.float16": "F16", "torch.bfloat16": "BF16",
         "torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8",
         "torch.bool": "BOOL"}


class Refused(Exception):
    """Its text says what was expected and found."""


class Item:
    """A value on a pickle's stack: the bytes that make it, and the function or class that it is or came from."""
    def __init__(self, start, origin="", made=False):
        self.start, self.origin, self.made = start, origin, made


def follow(opcode, argument, position, stack, memo):
    """One instruction's effect on the stack; returns the Item that is a number or an array of numpy now, or None."""
    before = opcode.stack_before
    if pickletools.markobject in before:
        while stack.pop() != "mark":
            pass
        before = before[:before.index(pickletools.markobject)]
    taken = [stack.pop() for _ in before][::-1]
    start = taken[0].start if taken else position
    item = Item(start)
    if opcode.name == "GLOBAL":
        item.origin = argument
    elif opcode.name == "MARK":
        item = "mark"
    elif opcode.name in ("REDUCE", "BUILD"):
        item.origin, item.made = taken[0].origin, NUMPY.fullmatch(taken[0].origin) is not None
    elif opcode.name in ("GET", "BINGET", "LONG_BINGET") and argument in memo:
        item.origin, item.made = memo[argument].origin, memo[argument].made
    elif opcode.name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
        item = taken[0]
    stack.extend([item] * len(opcode.stack_after))
    if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    return item if isinstance(item, Item) and item.made and opcode.stack_after else None


def scan_pickle(data, start):
    """Walks the pickle at `start` without running it; returns its end, and its bytes without floats and numpy.

    A float (a learning rate, an accuracy) becomes 0, as a number of numpy does: PyTorch 1.13 refuses it.
    """
    stream = io.BytesIO(data)
    stream.seek(start)
    stack, memo, zeros, globals_of_numpy = [], {}, [], []  # zeros: (from, to), in order, none within another
    try:
        instructions = list(pickletools.genops(stream))
        for (opcode, argument, position), end in zip(instructions, [i[2] for i in instructions[1:]] + [stream.tell()]):
            if opcode.name == "GLOBAL" and NUMPY.fullmatch(argument):
                globals_of_numpy.append(position)
            elif opcode.name in ("GLOBAL", "INST") and not ALLOWED.fullmatch(argument):
                raise not_loaded(argument.replace(" ", "."))
            if opcode.name == "STACK_GLOBAL":
                raise Refused("expected a pickle of protocol 2 as torch.save writes it, found a later one")
            made = follow(opcode, argument, position, stack, memo)
            if made or opcode.name == "BINFLOAT":
                first = made.start if made else position
                while zeros and zeros[-1][0] >= first:
                    zeros.pop()
                zeros.append((first, end))
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"expected a pickle, found a damaged one ({error})") from None
    if any(not any(first <= at < end for first, end in zeros) for at in globals_of_numpy):
        raise not_loaded("a class of numpy")
    parts, at = [], start
    for first, end in zeros:
        parts += [data[at:first], b"K\x00"]
        at = end
    return stream.tell(), b"".join(parts + [data[at:stream.tell()]])


def not_loaded(name):
    return Refused("expected a state_dict of tensors and plain values, found " + name
                   + ", which is not loaded (save model.state_dict() alone)")


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
            target.writestr("archive/data.pkl", scan_pickle(source.read(entries["data.pkl"]), 0)[1])
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
    pickles, at = [], 0
    for _ in range(LEGACY_PICKLES):
        at, pickle = scan_pickle(data, at)
        pickles.append(pickle)
    return io.BytesIO(b"".join(pickles) + data[at:])


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


def state_dicts_in(torch, loaded, keys, depth=2):
    """{key: state_dict} of those keys that hold one; a dict around one counts."""
    found = {}
    for key in keys if isinstance(loaded, dict) else ():
        value = loaded.get(key)
        if not isinstance(value, dict):
            continue
        inner = state_dicts_in(torch, value, ORDINARY, depth - 1) if depth > 1 else {}
        if len(inner) == 1:
            found[key], = inner.values()
        elif any(torch.is_tensor(v) for v in value.values()):
            found[key] = value
    return found


def choose_state(torch, loaded, key):
    """The state_dict that the file holds, bare or in a dict, and what to tell of the choice."""
    if key:
        chosen = state_dicts_in(torch, loaded, [key])
        if chosen:
            return chosen[key], []
        under = beginning_with(key + ".", torch, loaded)
        if not under:
            raise Refused(f"expected tensors under {key}, found {keys_of(loaded)}")
        return under, []
    ordinary, averaged = (state_dicts_in(torch, loaded, keys) for keys in (ORDINARY, AVERAGED))
    several = ordinary or averaged
    if len(several) > 1:
        raise Refused(f"expected one state_dict, found {len(several)}: {', '.join(several)} (--state-key chooses)")
    for name, state in several.items():
        others = [other for other in averaged if other != name]
        notes = [f"weights: those under {name}, not their average under {other} (--state-key {other} takes it)"
                 for other in others]
        if name in averaged:
            notes.append(f"weights: the average under {name}, since there are no others")
        return state, notes
    if isinstance(loaded, dict) and any(torch.is_tensor(value) for value in loaded.values()):
        return loaded, []
    raise Refused(f"expected a state_dict, bare or under {', '.join(ORDINARY + AVERAGED)}, found {keys_of(loaded)} "
                  "(--state-key chooses)")


def beginning_with(prefix, torch, loaded):
    """What lies under names like "ema.base.0" in the state_dict that the file holds; {} where nothing does."""
    try:
        state, _ = choose_state(torch, loaded, "")
    except Refused:
        return {}
    return {name[len(prefix):]: value for name, value in state.items()
            if isinstance(name, str) and name.startswith(prefix)}


def keys_of(loaded):
    if not isinstance(loaded, dict):
        return f"a {type(loaded).__name__}"
    return "the keys " + (", ".join(str(key) for key in list(loaded)[:10]) or "of an empty dict")


def state_dict_of(torch, loaded, key):
    """{name: tensor}, and notes."""
    state, notes = choose_state(torch, loaded, key)
    plain = [name for name, value in state.items() if value is None or isinstance(value, (bool, int, str))]
    if plain:
        notes.append(f"values that are no tensors passed over: {len(plain)}")
    state = {name: tensor for name, tensor in state.items() if name not in plain}
    for name, tensor in state.items():
        if not isinstance(name, str):
            raise Refused(f"expected names of tensors, found {name!r}")
        if not torch.is_tensor(tensor) or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise Refused(f"{name}: expected a dense tensor, found another value")
        if str(tensor.dtype) not in TYPES:
            raise Refused(f"{name}: expected a tensor of floats, found {tensor.dtype}")
    return state, notes


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


def convert(path, descriptor, key):
    file = scanned(path)  # what is refused here needs no PyTorch, whose import takes a second
    torch = import_torch()
    with os.fdopen(descriptor, "wb") as out:
        state, notes = state_dict_of(torch, load(torch, file), key)
        write_safetensors(torch, state, out)
    for note in notes:
        print(in_a_line(note))


def in_a_line(text):
    return "".join(c if " " <= c <= "~" else "?" for c in text.partition("\n")[0])[:400]


def finish(status, text):
    print(in_a_line(text))
    sys.exit(status)


def main(path, descriptor, key=""):
    try:
        convert(path, int(descriptor), key)
    except Refused as refused:
        finish(3, str(refused))
    except (MemoryError, OSError) as error:
        finish(4, f"expected memory and room for the tensors, found less ({error})")
    except Exception as error:  # what nobody has met yet in a file is still the file's fault
        finish(3, f"expected a checkpoint of tensors, found {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
