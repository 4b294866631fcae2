# terminal.py COMMAND...: runs a command with a terminal as its standard error, and
# prints what the terminal got, each state of a line in a line of its own.
import os
import pty
import subprocess
import sys

terminal, end = pty.openpty()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=end)
os.close(end)
text = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # the last process has closed it
        break
    if not piece:
        break
    text += piece
print(text.decode().replace("\r\x1b[K", "\n"))
sys.exit(process.wait())
