"""Talks with a chat program at a pseudo-terminal: terminal.py STATE-DIRECTORY PROGRAM ARGUMENTS..."""

import os
import pty
import select
import signal
import sys
import termios
import time

LIMIT = 120  # Seconds; machines that run tests may be slow.


class Terminal:
    def __init__(self, arguments, state):
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.environ.update(TERM="xterm", XDG_STATE_HOME=state, LC_ALL="C")
            os.execvp(arguments[0], arguments)
        self.text = b""

    def read(self):
        """Reads some more; False at the end."""
        if not select.select([self.file], [], [], LIMIT)[0]:
            sys.exit(f"nothing comes after {self.text!r}")
        try:
            data = os.read(self.file, 4096)
        except OSError:
            return False
        self.text += data
        return bool(data)

    def expect(self, text):
        """Waits for a text, and forgets all up to its end."""
        end = time.monotonic() + LIMIT
        while text not in self.text:
            if not self.read() or time.monotonic() > end:
                sys.exit(f"expected {text!r} in {self.text!r}")
        before, self.text = self.text.split(text, 1)
        return before

    def expect_prompt(self):
        """Waits until a line is edited: libedit takes over the terminal only behind the prompt."""
        self.expect(b"> ")
        end = time.monotonic() + LIMIT
        while termios.tcgetattr(self.file)[3] & termios.ICANON:
            if time.monotonic() > end:
                sys.exit("the terminal edits lines itself")
            time.sleep(0.001)

    def send(self, text):
        os.write(self.file, text)

    def interrupt_until_end(self):
        """Presses Ctrl-C again and again, as two at once are one, and returns the exit code."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.send(b"\x03")
            if select.select([self.file], [], [], 0.2)[0] and not self.read():
                return self.finish()
        sys.exit("Ctrl-C does not end it")

    def finish(self):
        """Reads to the end, and returns the exit code."""
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


state, *arguments = sys.argv[1:]
terminal = Terminal(arguments, state)
terminal.expect_prompt()

# Keys edit the line, also characters of several bytes.
terminal.send("Hällo x\x7f\x7f!\r".encode())
terminal.expect(b"\r\n")
terminal.expect("Hällo!\r\n".encode())
terminal.expect_prompt()

# An answer comes piece by piece, and Ctrl-C stops it and no more.
terminal.send(b"endless\r")
terminal.expect(b"\r\n")
terminal.expect(b"xxx")
terminal.send(b"\x03")
terminal.expect(b"note: stopped")
terminal.expect_prompt()
terminal.send(b"again\r")
terminal.expect(b"again\r\n")
terminal.expect(b"again\r\n")
terminal.expect_prompt()

# What fails is said, and the conversation goes on.
terminal.send(b"failure\r")
terminal.expect(b"error: the card is gone")
terminal.expect_prompt()
terminal.send(b"/none\r")
terminal.expect(b"error: there is no command /none")
terminal.expect_prompt()
terminal.send(b"/reset\r")
terminal.expect_prompt()

# A model does not control the terminal.
terminal.send(b"controls\r")
terminal.expect(b"\r\n")
answer = terminal.expect(b"\r\n")
check("\ufffd[2J\ufffd".encode() in answer, f"controls are replaced in {answer!r}")
check(b"\x1b[2J" not in answer, f"no escape sequence in {answer!r}")
terminal.expect_prompt()

# The line before, by the key for it.
terminal.send(b"\x1b[A\x1b[A\x7f\r")
terminal.expect(b"error: there is no command /rese;")
terminal.expect_prompt()

# Ctrl-C at the prompt drops the line; a second one ends.
terminal.send(b"dropped\x03")
terminal.expect(b"note: once more, or Ctrl-D, ends")
terminal.expect_prompt()
terminal.send(b"kept\r")
terminal.expect(b"kept\r\n")
terminal.expect(b"kept\r\n")
terminal.expect_prompt()
terminal.send(b"\x03")
terminal.expect(b"note: once more, or Ctrl-D, ends")
terminal.expect_prompt()
terminal.send(b"\x03")
check(terminal.finish() == 0, "two interrupts end the program")

# Where a device hangs, the second one ends the program.
terminal = Terminal(arguments, state + "-of-the-stuck")
terminal.expect_prompt()
terminal.send(b"stuck\r")
terminal.expect(b"stuck now")
check(terminal.interrupt_until_end() == -signal.SIGINT, "it ends by the signal")

# The history is there in the next chat.
history = os.path.join(state, "dlavm", "chat_history")
check(os.path.exists(history), "there is a history")
terminal = Terminal(arguments, state)
terminal.expect_prompt()
terminal.send(b"\x1b[A\r")
terminal.expect(b"kept\r\n")
terminal.expect(b"kept\r\n")
terminal.expect_prompt()
terminal.send(b"\x04")
check(terminal.finish() == 0, "Ctrl-D ends the program")

# Two chats at once keep the lines of both.
first, second = Terminal(arguments, state), Terminal(arguments, state)
first.expect_prompt()
second.expect_prompt()
for terminal, line in (first, b"of the first"), (second, b"of the second"), (first, b"last"):
    terminal.send(line + b"\r")
    terminal.expect(line + b"\r\n")
    terminal.expect(line + b"\r\n")
    terminal.expect_prompt()
for terminal in first, second:
    terminal.send(b"\x04")
    check(terminal.finish() == 0, "Ctrl-D ends both programs")
with open(history) as file:
    lines = file.read()
for line in "kept", "first", "second", "last":
    check(line in lines, f"{line} is in {lines!r}")

# A window that is closed ends it, and the history is there nevertheless.
terminal = Terminal(arguments, state)
terminal.expect_prompt()
terminal.send(b"endless\r")
terminal.expect(b"xxx")
os.close(terminal.file)
status = os.waitpid(terminal.process, 0)[1]
check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGHUP, "it ends with its terminal")
terminal = Terminal(arguments, state)
terminal.expect_prompt()
terminal.send(b"\x1b[A")
terminal.expect(b"endless")
terminal.send(b"\x03")
terminal.expect(b"note: once more, or Ctrl-D, ends")
terminal.expect_prompt()
terminal.send(b"\x04")
check(terminal.finish() == 0, "Ctrl-D ends the program after an interrupt")
