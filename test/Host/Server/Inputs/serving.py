"""Runs servers for tests: each at a free port of 127.0.0.1."""

import http.client
import json
import re
import signal
import subprocess
import threading
import time

# For what comes much sooner, on machines that are slow.
PATIENCE = 120


class Server:
    """A server that listens, until the end of the `with` statement."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # What it says is read all the time, so that it never waits for us.
        self.stderr = ""
        self._reader = threading.Thread(target=self._read_stderr)
        self._reader.start()
        self.url = self.port = None
        for line in self.process.stdout:
            found = re.search(r"listening on (http://([0-9.]+):(\d+))", line)
            if found:
                self.url, self.host, self.port = found[1], found[2], int(found[3])
                return
        self.process.wait()
        raise RuntimeError("the server did not start: " + self.stderr)

    def _read_stderr(self):
        for line in self.process.stderr:
            self.stderr += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self):
        """Ends it as a user does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def request(self, method, path, body=None, headers=None):
        """Returns status, headers and body, which is parsed where it is JSON."""
        connection = self.connect()
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.headers.get("Content-Type") == "application/json":
            text = json.loads(text) if text else None
        return response.status, response.headers, text

    def chat(self, content, **members):
        messages = [{"role": "user", "content": content}]
        return self.request(
            "POST", "/v1/chat/completions", {"messages": messages, **members}
        )

    def health(self):
        return self.request("GET", "/health")[2]

    def metric(self, name):
        text = self.request("GET", "/metrics")[2].decode()
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if re.match(re.escape(name) + r"([{ ]|$)", line)
        )


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain until " + what)
        time.sleep(0.02)
