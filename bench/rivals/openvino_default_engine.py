"""OpenVINO on the CPU at the precision that it chooses itself: bfloat16 where the CPU multiplies it."""

import engine
import openvino_engine

if __name__ == "__main__":
    engine.serve(lambda folder, threads: openvino_engine.load(folder, threads, precision={}))
