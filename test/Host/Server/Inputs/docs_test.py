"""Runs the shell blocks of a page against a server: docs_test.py PAGE PROGRAM, and prints what they print."""

import re
import subprocess
import sys

from serving import Server

page, program = sys.argv[1:]
with open(page) as file:
    blocks = re.findall(r"^```sh\n(.*?)^```$", file.read(), re.M | re.S)
with Server(program) as server:
    for block in blocks:
        block = block.replace("http://127.0.0.1:8000", server.url)
        # curl shows progress where its output is no terminal.
        block = block.replace("curl ", "curl --silent --show-error ")
        print("$", block, end="", flush=True)
        subprocess.run(["bash", "-euc", block], check=True, timeout=300)
        print(flush=True)
