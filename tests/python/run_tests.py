"""Runs this folder's tests, or those that are named as unittest names them: run_tests.py nets_test.Threads."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def main() -> int:
    for module, package in (("numpy", "python3-numpy"), ("PIL", "python3-pil")):
        try:
            __import__(module)
        except ImportError:
            print(f"skipped: {sys.executable} has no {module} (apt-get install {package})")
            return 0
    sys.path.insert(0, HERE)
    loader = unittest.defaultTestLoader
    tests = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(HERE, "*_test.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
