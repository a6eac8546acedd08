"""Times packages in turns with PyTorch on one GPU, after it has compared the outputs: part of what scripts/gpu.sh packs.

    python3 rivals.py --device cuda [--rounds 5] [--seconds 0.3] NETWORK...

Every engine has the same seeded weights and input, in float32 without TF32. PyTorch runs eagerly, with cudnn.benchmark, in
both memory formats, and as a CUDA graph of each; ONNX Runtime's CUDA and TensorRT providers run where they are installed. An
engine's outputs must be within 1e-4 (relative RMS) of PyTorch's in double before it is timed. A time is of one run and the
wait for it: from host memory to host memory ("whole"), and with inputs and outputs on the device ("device"). In each round
every engine has its turn; a table shows the least of all runs and the median of the rounds' medians.

Writes results/bench_NETWORK.txt and .json for each, and results/bench.md, of all that lie there.
"""
import argparse
import copy
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

os.environ["NVIDIA_TF32_OVERRIDE"] = "0"  # read by NVIDIA's libraries when they are loaded
import torch  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER / "oracle"))
import detection  # noqa: E402
import hardnet  # noqa: E402
import hardnet_s  # noqa: E402
import seeded  # noqa: E402
import segmentation  # noqa: E402

RESULTS = FOLDER / "results"
MOST_ERROR = 1e-4  # float32 loses 1e-6 on these networks, TF32 1e-3
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def definition(model):
    """The network in PyTorch, or None where nothing here defines it: torchvision has the paper's rivals."""
    if model in hardnet.RECORDS:
        return hardnet.HarDNet(hardnet.RECORDS[model])
    if model in hardnet_s.RECORDS:
        return hardnet_s.HarDNetS(hardnet_s.RECORDS[model])
    if model == "fchardnet70":
        return segmentation.FCHarDNet(segmentation.FCHARDNET70)
    if model in segmentation.FCHARDNETS:
        return segmentation.fchardnet_camvid(*segmentation.FCHARDNETS[model])
    if model in segmentation.FCDENSENETS:
        return segmentation.fcdensenet(*segmentation.FCDENSENETS[model])
    if model in detection.SSDS:
        return detection.SSDS[model]()
    if model == "centernet_hardnet85":
        return detection.CenterNet()
    if importlib.util.find_spec("torchvision"):
        import registry

        return registry.NETWORKS[model].make() if model in registry.NETWORKS else None
    return None


def outputs_of(values):
    return list(values) if isinstance(values, (tuple, list)) else [values]


def first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def relative_rms(found, expected):
    """The worst of the outputs."""
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        a, b = torch.as_tensor(a).double().cpu(), torch.as_tensor(b).double().cpu()
        worst = max(worst, float((a - b).norm() / b.norm()))
    return worst


class Package:
    """What `hardnet` makes of it: the program times itself."""

    name = "hardnet"

    def __init__(self, options, name):
        self.command = [str(FOLDER / "bin/hardnet")]
        self.package = str(FOLDER / "packages" / name)
        self.options = options

    def call(self, *words):
        done = subprocess.run(self.command + list(words) + ["--device", self.options.device],
                              text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def outputs(self, image, count):
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/in.npy", image)
            self.call("run", self.package, "--tensor", f"{folder}/in.npy", "-o", f"{folder}/out.npy")
            names = ["out.npy"] if count == 1 else [f"out{i}.npy" for i in range(count)]
            return [np.load(f"{folder}/{n}") for n in names]

    def round(self):
        said = json.loads(self.call("bench", self.package, "--json", "--warmup", str(self.options.warmup),
                                    "--seconds", str(self.options.seconds)))
        device = [said[k] for k in ("without_copies_min_ms", "without_copies_median_ms") if k in said]
        return {"whole": (said["min_ms"], said["median_ms"]), **({"device": tuple(device)} if device else {})}


class Engine:
    """A network that runs in this process. `whole` returns the outputs, in host memory."""

    def __init__(self, options, name, whole, device):
        self.options, self.name, self.runs = options, name, {"whole": whole, "device": device}

    def time(self, run):
        for _ in range(self.options.warmup):
            run()
        wait(self.options)
        times, start = [], time.perf_counter()
        while time.perf_counter() - start < self.options.seconds or len(times) < 5:
            begin = time.perf_counter_ns()
            run()
            wait(self.options)
            times.append((time.perf_counter_ns() - begin) / 1e6)
        return min(times), statistics.median(times)

    def round(self):
        return {kind: self.time(run) for kind, run in self.runs.items()}


def wait(options):
    if options.device != "cpu":
        torch.cuda.synchronize()


def pinned(options, tensor):
    return tensor.pin_memory() if options.device != "cpu" else tensor


def graph_of(run):
    """A function that replays `run`, captured behind warm-ups on a stream of their own, as PyTorch asks for."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = run()

    def replay():
        graph.replay()
        return results

    return replay


def torch_engines(options, model, image, say):
    """Eager and graph in each memory format, one after the other, each with its own copy of the weights."""
    for name, layout in FORMATS.items():
        net = copy.deepcopy(model).to(options.device, memory_format=layout)  # a graph has its weights' addresses
        x = torch.from_numpy(image).to(options.device).contiguous(memory_format=layout)
        source = pinned(options, torch.from_numpy(image))
        y = outputs_of(net(x))
        target = [pinned(options, torch.empty(o.shape)) for o in y]

        def copied(run, x=x, source=source, target=target):
            x.copy_(source, non_blocking=True)
            for to, o in zip(target, run()):
                to.copy_(o, non_blocking=True)
            wait(options)
            return target

        def eager(net=net, x=x):
            return outputs_of(net(x))

        yield Engine(options, f"PyTorch eager, {name}", lambda c=copied, r=eager: c(r), eager)
        if options.device == "cpu":
            continue
        try:
            replay = graph_of(eager)
        except RuntimeError as error:
            say(f"PyTorch CUDA graph, {name}: not captured: {first_line(error)}")
            continue
        yield Engine(options, f"PyTorch CUDA graph, {name}", lambda c=copied, r=replay: c(r), replay)


def onnx_session(onnxruntime, model, image, provider, settings):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/network.onnx"
        torch.onnx.export(copy.deepcopy(model).cpu(), (torch.from_numpy(image),), path, dynamo=False)
        session = onnxruntime.InferenceSession(path, providers=[(provider, settings)])
    if provider not in session.get_providers():  # it falls back to the CPU where its libraries are missing
        raise RuntimeError(f"expected it among the session's providers, found {', '.join(session.get_providers())}")
    return session


def onnxruntime_engines(options, model, image, say):
    """Of the providers that are there. TF32 is off in both."""
    try:
        import onnxruntime
    except ImportError:
        say("ONNX Runtime, TensorRT: not there (no module onnxruntime)")
        return
    for provider, settings in (("CUDAExecutionProvider", {"use_tf32": 0}), ("TensorrtExecutionProvider", {})):
        if provider not in onnxruntime.get_available_providers():
            say(f"ONNX Runtime {onnxruntime.__version__}, {provider}: not there")
            continue
        try:
            session = onnx_session(onnxruntime, model, image, provider, settings)
        except Exception as error:  # whatever the exporter and the providers raise
            say(f"ONNX Runtime {onnxruntime.__version__}, {provider}: not run: {first_line(error)}")
            continue
        binding = session.io_binding()
        feed = session.get_inputs()[0].name
        binding.bind_ortvalue_input(feed, onnxruntime.OrtValue.ortvalue_from_numpy(image, "cuda", 0))
        for output in session.get_outputs():
            binding.bind_output(output.name, "cuda")

        def device(session=session, binding=binding):
            session.run_with_iobinding(binding)

        def whole(session=session, feed=feed):
            return session.run(None, {feed: image})

        yield Engine(options, f"ONNX Runtime {onnxruntime.__version__}, {provider.removesuffix('ExecutionProvider')}",
                     whole, device)


def compared(options, name, model, image, say):
    """The engines whose outputs agree with PyTorch's in double."""
    package = Package(options, name)
    if model is None:
        say("no definition in PyTorch here (no torchvision, or a network of this project): timed alone")
        return [package]
    x = torch.from_numpy(image).to(options.device)
    torch.backends.cudnn.benchmark = False  # in double it would try for long
    exact = [o.cpu() for o in outputs_of(model.to(options.device)(x.double()))]
    torch.backends.cudnn.benchmark = True
    error = relative_rms(package.outputs(image, len(exact)), exact)
    say(f"error of hardnet: {error:.2e}")
    engines = [package] if error <= MOST_ERROR else []
    model = model.float()
    del x
    for engine in [*torch_engines(options, model, image, say), *onnxruntime_engines(options, model, image, say)]:
        error = relative_rms(engine.runs["whole"](), exact)
        good = error <= MOST_ERROR
        say(f"error of {engine.name}: {error:.2e}{'' if good else f', above {MOST_ERROR}: not timed'}")
        if good:
            engines.append(engine)
    return engines


def run_network(options, name, model_name, weights):
    """Returns whether the package's outputs are right."""
    manifest = json.loads((FOLDER / "packages" / name / f"{name}.json").read_text())
    size = manifest["input"]
    shape = (size["batch"], size["planes"], size["height"], size["width"])
    with open(RESULTS / f"bench_{name}.txt", "w") as text:

        def say(line):
            print(line, flush=True)
            print(line, file=text, flush=True)

        say(f"== {name} {'x'.join(map(str, shape))}")
        model = definition(model_name) if weights != "own" else None
        if model is not None:
            model = hardnet.with_parameters(model, seeded.state(model, int(weights.removeprefix("seed:"))))
        engines = compared(options, name, model, seeded.seeded_input(shape, 1), say)
        times = {e.name: {} for e in engines}
        for _ in range(options.rounds):
            for engine in engines:
                for kind, pair in engine.round().items():
                    times[engine.name].setdefault(kind, []).append(pair)
        found = {
            engine: {k: (min(p[0] for p in pairs), statistics.median(p[1] for p in pairs)) for k, pairs in kinds.items()}
            for engine, kinds in times.items()
        }
        for engine, kinds in found.items():
            say(f"{engine}: " + "; ".join(f"{k} min {a:.4f} ms, median {b:.4f} ms" for k, (a, b) in kinds.items()))
    said = {"network": name, "shape": shape, "rounds": options.rounds, "times": found}
    (RESULTS / f"bench_{name}.json").write_text(json.dumps(said, indent=2) + "\n")
    return any(e.name == Package.name for e in engines)


def cell(times, kind):
    return "{:.3f} / {:.3f}".format(*times[kind]) if times and kind in times else "-"


def best(times, start, kind):
    """The engine of the least median among those that are called so."""
    found = {n: t for n, t in times.items() if n.startswith(start) and kind in t}
    return min(found.values(), key=lambda t: t[kind][1], default=None)


def write_table():
    kinds = {"device": "inputs and outputs on the device", "whole": "from host memory to host memory"}
    lines = []
    for kind, title in kinds.items():
        lines += [f"Milliseconds, min / median, {title}:", "",
                  "| network | input | hardnet | PyTorch eager | PyTorch CUDA graph | ONNX Runtime | graph's median by hardnet's |",
                  "|---|---|---|---|---|---|---|"]
        for file in sorted(RESULTS.glob("bench_*.json")):
            said = json.loads(file.read_text())
            times = said["times"]
            ours, eager, graph, ort = (best(times, n, kind)
                                       for n in (Package.name, "PyTorch eager", "PyTorch CUDA graph", "ONNX Runtime"))
            ratio = f"{graph[kind][1] / ours[kind][1]:.2f}x" if ours and graph else "-"
            lines.append(f"| {said['network']} | {'x'.join(map(str, said['shape']))} | {cell(ours, kind)} | "
                         f"{cell(eager, kind)} | {cell(graph, kind)} | {cell(ort, kind)} | {ratio} |")
        lines.append("")
    (RESULTS / "bench.md").write_text("\n".join(lines))
    print("\n".join(lines))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.3, help="of each turn")
    arguments.add_argument("--warmup", type=int, default=30, help="runs that do not count: clocks settle")
    arguments.add_argument("networks", nargs="+")
    options = arguments.parse_args()
    RESULTS.mkdir(exist_ok=True)
    packages = {line.split()[0]: line.split()[1:] for line in (FOLDER / "packages.txt").read_text().splitlines()}
    torch.set_grad_enabled(False)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print("PyTorch", torch.__version__, torch.cuda.get_device_name() if options.device != "cpu" else "on the CPU")
    wrong = []
    for name in options.networks:
        try:
            if not run_network(options, name, *packages[name]):
                wrong.append(name)
        except (RuntimeError, ValueError, OSError) as error:  # the others are worth having
            print(f"{name}: {error}", flush=True)
            wrong.append(name)
        if options.device != "cpu":
            torch.cuda.empty_cache()
    write_table()
    if wrong:
        sys.exit(f"wrong or not run: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
