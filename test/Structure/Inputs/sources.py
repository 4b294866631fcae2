#===- sources.py - The files of include/ and lib/ --------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""What the tests of the structure share."""
import os
import re


def list_sources(root, tops, endings):
    """The files below root/top, as paths from the root."""
    for top in tops:
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), root)


def get_path(path):
    """The path below include/DLAVM or lib, which mirror each other."""
    return re.sub(r"^(include/DLAVM|lib)/", "", path)


def read_known(path):
    """The lines of a list of what is known to be wrong."""
    with open(path) as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def report(errors):
    """Prints the errors; the exit code of the script."""
    for error in errors:
        print(error)
    return 1 if errors else 0
