"""Times net.run(x, out=y) beside a bare run of the library, in turns: what Python adds, in us.

PYTHONPATH=build/python python3 bench/python/overhead.py PACKAGE [ROUNDS]
"""

import statistics
import sys
import time

import numpy

import hardnet


def timed_us(call):
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1000


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("overhead: expected PACKAGE [ROUNDS], found other arguments")
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 5000
    with hardnet.load(sys.argv[1], threads=1) as net:
        x = numpy.zeros(net.input_shape, numpy.float32)
        y = net.run(x)
        net.run(x, out=y)
        pointer, library = net._handle.pointer, net._library  # the tensors are x and y from here on
        calls = {
            "library": lambda: library.hardnet_net_run(pointer, net._input, net._outputs, net._failure),
            "library, own memory": lambda: library.hardnet_net_run(pointer, None, None, net._failure),
            "net.run(x, out=y)": lambda: net.run(x, out=y),
        }
        times = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                times[name].append(timed_us(call))
        print(f"{net!r}, {rounds} rounds, us (min / median)")
        for name, found in times.items():
            print(f"  {name:20} {min(found):9.1f} / {statistics.median(found):9.1f}")
        bare, _, python = times.values()
        print(
            f"  {'added by Python':20} {min(python) - min(bare):9.1f} / "
            f"{statistics.median(python) - statistics.median(bare):9.1f}"
        )


if __name__ == "__main__":
    main()
