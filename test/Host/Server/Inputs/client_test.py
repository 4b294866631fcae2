"""Runs a test of the openai client: client_test.py SCRIPT DIRECTORY COMMAND...

The command is a server. The client is installed in the directory, as the lock
beside the script says, unless that was done before.
"""

import fcntl
import filecmp
import os
import shutil
import subprocess
import sys

from serving import Server

script, directory, *command = sys.argv[1:]
sources = os.path.dirname(script)
os.makedirs(directory, exist_ok=True)
# Tests that run side by side install it once.
with open(os.path.join(directory, "install.lock"), "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    lock = os.path.join(directory, "package-lock.json")
    # npm writes this file last.
    done = os.path.join(directory, "node_modules", ".package-lock.json")
    if not (
        os.path.exists(done)
        and os.path.exists(lock)
        and filecmp.cmp(os.path.join(sources, "package-lock.json"), lock, shallow=False)
    ):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(sources, name), directory)
        npm = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(npm, cwd=directory, check=True)
shutil.copy(script, directory)
with Server(*command) as server:
    subprocess.run(
        ["node", "--test", os.path.basename(script)],
        cwd=directory,
        env={**os.environ, "SERVER_URL": server.url},
        check=True,
    )
    if server.stop() != 0:
        sys.exit("the server failed: " + server.stderr)
