#===- blocks.py - Fenced blocks of a Markdown page -------------------------===#
#
# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Takes the blocks of a page that a comment marks.

  blocks.py extract PAGE MARK    prints the block behind <!-- MARK -->
  blocks.py compare PAGE DIR     every block behind <!-- from FILE --> stands in
                                 DIR/FILE, as far as `...` leaves it in; line
                                 breaks and spaces do not count
"""
import os
import re
import sys


def read_blocks(page):
    with open(page) as file:
        return re.findall(r"<!-- (.*?) -->\n```\w*\n(.*?)```\n", file.read(), re.S)


def squeeze(text):
    return "".join(text.split())


def compare(page, directory):
    wrong = compared = 0
    for mark, block in read_blocks(page):
        if not mark.startswith("from "):
            continue
        path = mark[len("from "):]
        with open(os.path.join(directory, path)) as file:
            text = squeeze(file.read())
        position = 0
        for piece in block.split("..."):
            found = text.find(squeeze(piece), position)
            if found < 0:
                print(f"{page} quotes from {path} what is not there:\n{piece}")
                wrong += 1
                break
            position = found + len(squeeze(piece))
        compared += 1
    print(f"{compared} quotations")
    return wrong == 0 and compared > 0


command, page, argument = sys.argv[1:]
if command == "compare":
    sys.exit(not compare(page, argument))
blocks = [block for mark, block in read_blocks(page) if mark == argument]
if not blocks:
    sys.exit(f"{page} has no block behind <!-- {argument} -->")
sys.stdout.write("\n".join(blocks))
