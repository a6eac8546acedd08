"""The command `hardnet` of an environment: becomes the program that lies beside the module
hardnet. It imports nothing, to start at once."""

import os
import sys


def main():
    environment = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    program = os.path.join(environment, "hardnet", "hardnet")
    os.execv(program, [program, *sys.argv[1:]])
