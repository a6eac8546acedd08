"""PyTorch compiled by inductor with frozen weights, channels last; see README.md for the protocol."""

import os
import sys

import engine

os.environ["TORCHINDUCTOR_FREEZING"] = "1"  # read when torch._inductor is imported
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def load(folder, threads):
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder.resolve() / "inductor")
    import torch

    sys.path.insert(0, str(engine.ROOT / "tools/oracle"))
    import hardnet
    import seeded

    torch.set_num_threads(threads)
    about = engine.about(folder)
    model = hardnet.HarDNet(hardnet.RECORDS[about["model"]])
    weights = seeded.state(model, int(about["weights"].removeprefix("seed:")))
    model = hardnet.with_parameters(model, weights).float().eval().to(memory_format=torch.channels_last)
    image = torch.from_numpy(engine.read_input(folder)).to(memory_format=torch.channels_last)
    compiled = torch.compile(model)

    def run():
        with torch.no_grad():
            return compiled(image)

    return f"torch {torch.__version__.split('+')[0]} inductor, frozen", run


if __name__ == "__main__":
    engine.serve(load)
