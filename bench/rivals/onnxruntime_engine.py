"""ONNX Runtime on the CPU; see README.md for the protocol."""

import onnxruntime

import engine


def load(folder, threads, model=engine.onnx_file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(model(folder)), options, providers=["CPUExecutionProvider"]
    )
    feed = {session.get_inputs()[0].name: engine.read_input(folder)}
    return f"ONNX Runtime {onnxruntime.__version__}", lambda: session.run(None, feed)


if __name__ == "__main__":
    engine.serve(load)
