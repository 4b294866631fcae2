"""Compares how long the compiler takes for two files.

compile_time.py CXX MOST FILE BASELINE [-- ARGUMENT...] compiles both by turns
with -O1 -c, prints the ratio of the medians of user time, and fails if it is
larger than MOST. The load of the machine concerns both.
"""

import os
import statistics
import subprocess
import sys

RUNS = 9


def compile_once(command):
    before = os.times().children_user
    subprocess.run(command, check=True)
    return os.times().children_user - before


def main():
    cxx, most, *files = sys.argv[1:5]
    arguments = sys.argv[6:]
    times = {file: [] for file in files}
    for _ in range(RUNS):
        for file in files:
            command = [cxx, "-O1", "-c", *arguments, file, "-o", os.devnull]
            times[file].append(compile_once(command))
    medians = [statistics.median(times[file]) for file in files]
    ratio = medians[0] / medians[1]
    print(f"{medians[0]:.3f} s, baseline {medians[1]:.3f} s, ratio {ratio:.2f}")
    if ratio > float(most):
        sys.exit(f"the ratio must be at most {most}")


if __name__ == "__main__":
    main()
