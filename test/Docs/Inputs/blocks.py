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
  blocks.py run PAGE DIR         goes through the page as a reader in DIR does:
                                 writes each block behind <!-- file FILE -->,
                                 runs each block of sh, which must succeed, or
                                 with <!-- exit 1 --> end with 1, and compares
                                 each block behind <!-- from FILE --> and behind
                                 <!-- output -->, which quotes what the commands
                                 before it printed
"""
import os
import re
import subprocess
import sys


def read_blocks(page):
    """Mark, or "", language and text of each block."""
    with open(page) as file:
        text = file.read()
    pattern = r"(?:^<!-- ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```\n"
    return re.findall(pattern, text, re.S | re.M)


def squeeze(text):
    return "".join(text.split())


def is_quoted(block, text):
    """Whether the pieces of a block stand in a text; prints the first that does
    not."""
    text = squeeze(text)
    position = 0
    for piece in block.split("..."):
        found = text.find(squeeze(piece), position)
        if found < 0:
            print(f"the page quotes what is not there:\n{piece}")
            return False
        position = found + len(squeeze(piece))
    return True


def is_in_file(mark, block, directory):
    path = mark[len("from "):]
    with open(os.path.join(directory, path)) as file:
        if is_quoted(block, file.read()):
            return True
    print(f"in {path}")
    return False


def compare(page, directory):
    quotations = [
        is_in_file(mark, block, directory)
        for mark, _, block in read_blocks(page)
        if mark.startswith("from ")
    ]
    print(f"{len(quotations)} quotations")
    return all(quotations) and len(quotations) > 0


def run(page, directory):
    output = None
    commands = 0
    for mark, language, block in read_blocks(page):
        if mark.startswith("file "):
            with open(os.path.join(directory, mark[len("file "):]), "w") as file:
                file.write(block)
        elif mark.startswith("from "):
            if not is_in_file(mark, block, directory):
                return False
        elif mark == "output":
            if not is_quoted(block, output):
                print(f"What was printed:\n{output}")
                return False
        elif language == "sh":
            expected = int(mark[len("exit "):]) if mark.startswith("exit ") else 0
            shell = ["bash", "-e", "-o", "pipefail", "-c", block]
            done = subprocess.run(
                shell, cwd=directory, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output = done.stdout
            commands += 1
            if done.returncode != expected:
                print(f"exit code {done.returncode} instead of {expected}:\n"
                      f"{block}\n{output}")
                return False
    print(f"{commands} blocks of commands")
    return commands > 0


command, page, argument = sys.argv[1:]
if command == "compare":
    sys.exit(not compare(page, argument))
if command == "run":
    sys.exit(not run(page, argument))
blocks = [block for mark, _, block in read_blocks(page) if mark == argument]
if not blocks:
    sys.exit(f"{page} has no block behind <!-- {argument} -->")
sys.stdout.write("\n".join(blocks))
