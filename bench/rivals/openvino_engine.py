"""OpenVINO on the CPU, kept to float32 (its default is bfloat16 where the CPU has it); see README.md for the protocol."""

import openvino

import engine


def load(folder, threads, precision={"INFERENCE_PRECISION_HINT": "f32"}, model=engine.onnx_file):
    core = openvino.Core()
    image = engine.read_input(folder)
    network = core.read_model(model(folder))
    if network.is_dynamic():  # its kernels for open extents are slower
        network.reshape(image.shape)
    compiled = core.compile_model(network, "CPU", {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # compare.py pins the process
        **precision,
    })
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(image))

    def run():
        request.infer()
        return [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]

    found = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return f"OpenVINO {openvino.__version__.split('-')[0]}, {found}", run


if __name__ == "__main__":
    engine.serve(load)
