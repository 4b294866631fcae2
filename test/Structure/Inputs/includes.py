#===- includes.py - Which folders include which ----------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Finds what the include graph of folders must not have.

  includes.py ROOT KNOWN    prints every circle among the folders of include/
                            and lib/, with the includes that close it, and every
                            face of a device family that includes another one or
                            MLIR. KNOWN lists edges that are left out, and each
                            of them must be needed: "FOLDER -> FOLDER".

A folder of include/ and the one of lib/ are one. So are the folders of a dialect
and all below another folder, but for the faces of the device families, which are
folders of their own.
"""
import collections
import os
import re
import sys

from sources import get_path, list_sources, read_known, report

ENDINGS = (".h", ".cpp", ".def", ".td")
FACES = ("Record", "Encode", "Check", "Simulate")


def get_folder(path):
    parts = get_path(path).split("/")[:-1]
    depth = {"Dialect": 2, "Device": 3}.get(parts[0] if parts else "", 1)
    return "/".join(parts[:depth]) or "."


def read_includes(root):
    """For each file, what it includes: paths from the root, and those of other
    projects as they stand."""
    includes = {}
    for path in list_sources(root, ("include/DLAVM", "lib"), ENDINGS):
        targets = []
        with open(os.path.join(root, path)) as file:
            text = file.read()
        for target in re.findall(r'^\s*#?\s*include "([^"]+)"', text, re.M):
            beside = os.path.normpath(
                os.path.join(os.path.dirname(path), target))
            if os.path.exists(os.path.join(root, beside)):
                target = beside
            elif target.startswith("DLAVM/"):
                target = "include/" + target
            targets.append(target)
        includes[path] = targets
    return includes


def is_ours(path):
    return path.startswith(("include/DLAVM/", "lib/"))


def get_edges(includes):
    """The includes of each edge between folders."""
    edges = collections.defaultdict(list)
    for path, targets in includes.items():
        for target in filter(is_ours, targets):
            edge = get_folder(path), get_folder(target)
            if edge[0] != edge[1]:
                edges[edge].append((path, target))
    return edges


def reach(graph, start):
    """What lies behind one or more edges."""
    found, stack = set(), [start]
    while stack:
        for target in graph[stack.pop()]:
            if target not in found:
                found.add(target)
                stack.append(target)
    return found


def get_graph(edges):
    graph = collections.defaultdict(set)
    for source, target in edges:
        graph[source].add(target)
    return graph


def find_circles(graph):
    """Sets of folders, each of which reaches all others of its set."""
    behind = {folder: reach(graph, folder) for folder in list(graph)}
    circles = {
        frozenset(other for other in behind[folder]
                  if folder in behind.get(other, ()))
        for folder in behind if folder in behind[folder]
    }
    return sorted(map(sorted, circles))


def check_circles(includes, known):
    edges = get_edges(includes)
    left = {e: i for e, i in edges.items() if " -> ".join(e) not in known}
    graph = get_graph(left)
    for circle in find_circles(graph):
        yield "circle among " + ", ".join(circle)
        for (source, target), places in sorted(left.items()):
            if source in circle and target in circle:
                for path, included in places:
                    yield f"  {source} -> {target}: {path} includes {included}"
    for entry in known:
        source, target = entry.split(" -> ")
        if (source, target) not in edges or source not in reach(graph, target):
            yield f"'{entry}' closes no circle: take it from the list"


def check_faces(includes):
    for path in includes:
        folder = get_folder(path)
        face = os.path.basename(folder)
        if not folder.startswith("Device/") or face not in FACES:
            continue
        family = os.path.dirname(folder)
        for target in sorted(reach(collections.defaultdict(list, includes),
                                   path)):
            # What tablegen writes for the dialects needs MLIR.
            if face != "Encode" and (target.startswith("mlir/")
                                     or target.endswith(".inc")):
                yield f"{path} includes {target}: {face} has no MLIR"
            other = get_folder(target)
            if os.path.dirname(other) == family and other != folder and (
                    os.path.basename(other) != "Record"):
                yield f"{path} includes {target}, another face of {family}"
            # Its formulas are the compiler's and the packer's.
            if face in ("Check", "Simulate") and target.endswith(
                    "/Record/Layouts.h"):
                yield f"{path} includes {target}: {face} has its own formulas"


def main(root, known):
    includes = read_includes(root)
    assert includes, "no sources in " + root
    return report([*check_circles(includes, read_known(known)),
                   *check_faces(includes)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
