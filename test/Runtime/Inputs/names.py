# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Asks a compiler which names no namespace can have beside the runtime header.

    names.py RUNTIME SOURCES COMPILER...

SOURCES is the folder with the names that dlavm refuses. Prints those that it would not.
"""
import os
import re
import subprocess
import sys
import tempfile

HEAD = '#include "dlavm_runtime.h"\n#include <cstdint>\n#include <vector>\n'


def main(runtime, sources, *compiler):
    def run(*flags, text):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "names.cpp")
            with open(file, "w") as out:
                out.write(text)
            command = [*compiler, "-std=c++17", "-I", runtime, *flags, file]
            return subprocess.run(command, capture_output=True, text=True)

    # What the headers mention, macros included.
    mentioned = run("-E", "-dD", text=HEAD).stdout
    names = sorted(name for name in set(re.findall(r"\b[A-Za-z]\w*", mentioned)) if "__" not in name)
    text = HEAD + "".join(f"namespace {name} {{}}\n" for name in names)
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout
    most = "-ferror-limit=0" if "clang" in version else "-fmax-errors=0"
    errors = run("-fsyntax-only", most, text=text).stderr
    first = HEAD.count("\n") + 1
    lines = {int(line) - first for line in re.findall(r"names\.cpp:(\d+)", errors)}
    impossible = {names[line] for line in lines if 0 <= line < len(names)}
    refused = set()
    for file in ("CppNames.cpp", "CLibraryNames.def"):
        with open(os.path.join(sources, file)) as source:
            refused |= set(re.findall(r'"(\w+)"', source.read()))
    print(len(impossible) > 300, *sorted(impossible - refused))


if __name__ == "__main__":
    main(*sys.argv[1:])
