"""Runs a command beside a board: with_board.py [--kill-after=REGEX] MOUNTPOINT [options of dlavm-board] -- COMMAND

Prints what the command prints, and ends with its exit code. With --kill-after the board is killed, as
nothing can be caught, as soon as the command has printed what matches. What the board prints goes to
MOUNTPOINT.log.
"""

import os
import re
import signal
import subprocess
import sys

arguments = sys.argv[1:]
kill_after = None
if arguments[0].startswith("--kill-after="):
    kill_after = arguments.pop(0).split("=", 1)[1]
separator = arguments.index("--")
mount_point, options, command = arguments[0], arguments[1:separator], arguments[separator + 1 :]
try:
    os.makedirs(mount_point, exist_ok=True)
except OSError:
    pass  # a board that was killed
with open(mount_point + ".log", "w") as log:
    board = subprocess.Popen(
        ["dlavm-board", mount_point, *options], stdout=subprocess.PIPE, stderr=log, text=True
    )
    try:
        if board.stdout.readline() != "ready\n":
            sys.exit("the board does not come up, see " + mount_point + ".log")
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        output = b""
        while data := process.stdout.read1():
            sys.stdout.buffer.write(data)
            output += data
            if kill_after and re.search(kill_after.encode(), output):
                board.kill()
        code = process.wait()
    finally:
        board.terminate()
        board_code = board.wait()
if board_code != (-signal.SIGKILL if kill_after else 0):
    sys.exit("the board ended with " + str(board_code))
if not kill_after and os.listdir(mount_point):
    sys.exit(mount_point + " has files")
sys.exit(code if code >= 0 else 128 - code)
