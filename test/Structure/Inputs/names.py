#===- names.py - Names of a family in generic code -------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Finds generic code that knows a device family.

  names.py ROOT KNOWN    prints where a file outside the folders of the families
                         names a family, or has a string with the name of one of
                         its parameters or boards, or one that is the name of a
                         register.
                         KNOWN lists what is left out, and each entry must be
                         needed: "FILE: NAME".

Families are the folders of lib/Device that have a Record. Comments do not count,
nor do the descriptions of tablegen files, whose other strings are names of their
own. That lib/Device builds the folder of a family is no knowledge of it.
"""
import os
import re
import sys

from sources import get_path, list_sources, read_known, report

ENDINGS = (".h", ".cpp", ".td", ".def", "CMakeLists.txt")


def read(root, path):
    with open(os.path.join(root, path)) as file:
        return file.read()


def find_families(root):
    devices = os.path.join(root, "lib/Device")
    return [
        name for name in sorted(os.listdir(devices))
        if os.path.isdir(os.path.join(devices, name, "Record"))
    ]


def find_names(root, family):
    """The parameters and boards, and the registers of a family."""
    parameters, registers = set(), set()
    folder = "lib/Device/" + family
    for path in list_sources(root, (folder,), (".cpp", ".def")):
        text = read(root, path)
        parameters.update(re.findall(r'addParameter\(\s*"(\w+)"', text))
        parameters.update(re.findall(r'Boards?\(\{+\s*"(\w+)"', text))
        if path.endswith(".def"):
            registers.update(re.findall(r"^ *(?:REG|FIXED)\((\w+),", text,
                                        re.M))
    assert parameters and registers, "no names in " + folder
    return parameters, registers


def read_code(root, path):
    """A file without comments and descriptions."""
    text = read(root, path)
    if path.endswith("CMakeLists.txt"):
        return re.sub(r"#.*|add_subdirectory\(\w+\)", "", text)
    if path.endswith(".td"):
        text = re.sub(r"(description|summary) = \[\{.*?\}\]", "", text,
                      flags=re.S)
    # Strings stay whole: they may have what looks like a comment.
    return re.sub(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/',
                  lambda match: match.group(1) or "", text, flags=re.S)


def check_names(root):
    families = find_families(root)
    assert families, "no families in " + root
    found = [find_names(root, family) for family in families]
    parameters = set().union(*(names[0] for names in found))
    registers = set().union(*(names[1] for names in found))
    own = tuple("Device/" + family + "/" for family in families)
    tops = ("include/DLAVM", "lib", "runtime", "tools")
    for path in list_sources(root, tops, ENDINGS):
        if get_path(path).startswith(own):
            continue
        code = read_code(root, path)
        for family in families:
            if family.lower() in code.lower():
                yield f"{path}: {family}"
        strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
        words = set(re.findall(r"\w+", " ".join(strings)))
        named = words & parameters
        if not path.endswith(".td"):
            named |= set(strings) & registers
        for name in sorted(named):
            yield f"{path}: {name}"


def main(root, known):
    found = list(check_names(root))
    known = read_known(known)
    return report(
        [entry + ", which is a family's" for entry in found
         if entry not in known] +
        [f"'{entry}' is not there: take it from the list" for entry in known
         if entry not in found])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
