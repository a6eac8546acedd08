"""Runs one topology through SCALE-Sim 3 and prints the words that each layer moves to and from DRAM, as JSON.

    scale_sim_run.py CONFIG TOPOLOGY FOLDER      in bench/.venv-scalesim; reports go to FOLDER
"""

import contextlib
import csv
import json
import pathlib
import sys

from scalesim.scale_sim import scalesim

FACTORS = ["0"] * 20  # a layout file must be there and parse; with custom layouts off no number of it is used
COLUMNS = {"ifmap": "DRAM IFMAP Reads", "filter": "DRAM Filter Reads", "ofmap": "DRAM OFMAP Writes"}


def main():
    config, topology, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    layout = folder / "layout.csv"
    layout.write_text("\n".join([",".join(["Layer name"] + FACTORS) + ","]) + "\n")
    with contextlib.redirect_stdout(sys.stderr):
        simulator = scalesim(save_disk_space=True, verbose=False, config=config, topology=topology, layout=str(layout))
        simulator.run_scale(top_path=str(folder))
    names = [row[0] for row in simulator.topo.topo_arrays]
    with open(folder / "run/DETAILED_ACCESS_REPORT.csv", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    words = [{"layer": name, **{key: int(float(row[column])) for key, column in COLUMNS.items()}}
             for name, row in zip(names, rows, strict=True)]
    json.dump({"layers": words}, sys.stdout)


if __name__ == "__main__":
    main()
