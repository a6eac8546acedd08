"""ncnn in float32, its model converted by pnnx beside the ONNX file; see README.md for the protocol."""

import pathlib
import shutil
import subprocess

import ncnn
import numpy as np

import engine


def converted(folder, shape):
    """The folder of the converted model. pnnx writes beside the model that it reads, so it gets a copy of its own, with the
    file of its tensors if it has one; its program is called directly, because its Python wrapper wants PyTorch."""
    own, onnx = folder.resolve() / "ncnn", engine.onnx_file(folder)
    tensors = pathlib.Path(f"{onnx}.data")
    done = own / "model.ncnn.bin"
    if not engine.fresh(done, onnx):
        own.mkdir(exist_ok=True)
        shutil.copyfile(onnx, own / "model.onnx")
        if tensors.exists():
            shutil.copyfile(tensors, own / tensors.name)
        pnnx = pathlib.Path(ncnn.__file__).parents[1] / "pnnx/pnnx"
        sizes = ",".join(map(str, shape))
        subprocess.run(
            [pnnx, own / "model.onnx", f"inputshape=[{sizes}]", "fp16=0"],
            cwd=own, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        (own / "model.onnx").unlink()
        (own / tensors.name).unlink(missing_ok=True)
    return own


def load(folder, threads):
    images = engine.read_input(folder)
    own = converted(folder, images.shape)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.load_param(str(own / "model.ncnn.param"))
    net.load_model(str(own / "model.ncnn.bin"))
    mats = [ncnn.Mat(image).clone() for image in images]  # a Mat made from an array does not keep it

    def classify(mat):
        extractor = net.create_extractor()
        extractor.input("in0", mat)
        return extractor.extract("out0")[1]

    # a Mat has no batch: one image after the other
    return f"ncnn {ncnn.__version__}", lambda: np.stack([np.asarray(classify(mat)) for mat in mats])


if __name__ == "__main__":
    engine.serve(load)
