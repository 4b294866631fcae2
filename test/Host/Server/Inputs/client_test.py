"""Runs a test of the openai client: client_test.py PROGRAM SOURCES DIRECTORY.

The client is installed in the directory, as the lock among the sources says,
unless that was done before.
"""

import filecmp
import os
import shutil
import subprocess
import sys

from serving import Server

program, sources, directory = sys.argv[1:]
os.makedirs(directory, exist_ok=True)
names = ["package.json", "package-lock.json", "client_test.mjs"]
# npm writes this file last.
mark = os.path.join(directory, "node_modules", ".package-lock.json")
lock = os.path.join(directory, names[1])
if not (
    os.path.exists(mark)
    and os.path.exists(lock)
    and filecmp.cmp(os.path.join(sources, names[1]), lock, shallow=False)
):
    for name in names[:2]:
        shutil.copy(os.path.join(sources, name), directory)
    command = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=directory, check=True)
shutil.copy(os.path.join(sources, names[2]), directory)
with Server(program, "key=secret", "queue=1") as server:
    subprocess.run(
        ["node", "--test", names[2]],
        cwd=directory,
        env={**os.environ, "SERVER_URL": server.url},
        check=True,
    )
