"""Many connections and malformed requests: flood_test.py PROGRAM COUNT."""

import json
import random
import resource
import select
import socket
import sys
import unittest

from serving import PATIENCE, Server

count = int(sys.argv.pop())
program = sys.argv.pop()
CONNECTIONS = 1000
RAW_ANSWERS = 50


def head(method, path, body, extra=""):
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def chat(content, **members):
    messages = [{"role": "user", "content": content}]
    return json.dumps({"messages": messages, **members}).encode()


class Reader:
    """Reads responses from a connection."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""

    def more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise EOFError(self.data)
        self.data += piece

    def take_until(self, mark):
        while (at := self.data.find(mark)) < 0:
            self.more()
        taken = self.data[: at + len(mark)]
        self.data = self.data[len(taken) :]
        return taken

    def read(self):
        """Status and body of a response."""
        lines = self.take_until(b"\r\n\r\n").decode().split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        if headers.get("transfer-encoding") == "chunked":
            body = self.take_until(b"\r\n0\r\n\r\n")
        else:
            while len(self.data) < int(headers["content-length"]):
                self.more()
            body = self.data[: int(headers["content-length"])]
            self.data = self.data[len(body) :]
        return status, body, headers.get("connection") != "close"


INTERESTING = [b"", b"\0", b"\xff", b"\xc3", b'"', b"{", b"}", b"[" * 50, b"null", b"-1", b"1e999",
               b"\\ud800", b"\\u0000", b"99999999999999999999", b"\r\n", b"\r\n\r\n", b":", b",", b"%00"]


def mutate(random, data):
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((0, 1, 1, 4, 30)))
        kind = random.randrange(4)
        if kind == 0:
            data[at:end] = random.choice(INTERESTING)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end]
        elif at < len(data):
            data[at] = random.randrange(256)
    return bytes(data)


BODIES = [
    chat("count 3", max_tokens=4, temperature=0.5, top_p=0.5, seed=7, stop=["x", "y"]),
    chat("count 3", max_tokens=4, stream=True, stream_options={"include_usage": True}),
    chat("say \u00e4\u20ac\U0001f600", max_tokens=4, logprobs=True, top_logprobs=2),
    json.dumps(
        {"messages": [{"role": "system", "content": [{"type": "text", "text": "a"}]},
                      {"role": "user", "content": "say b"}], "max_tokens": 4, "model": "fake"}
    ).encode(),
]
PROMPTS = [
    json.dumps({"prompt": "count 3", "max_tokens": 4, "echo": True}).encode(),
    json.dumps({"prompt": list(b"say b"), "max_tokens": 4, "logprobs": 1}).encode(),
]
RAW = [
    head("POST", "/v1/chat/completions", BODIES[0]),
    head("GET", "/v1/models/fake?x=%41#y", b"", "Authorization: Bearer x\r\nRange: bytes=0-3\r\n"),
    b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
    b"\r\n5;a=b\r\n{\"pro\r\n10\r\nmpt\": \"say hi\"}  \r\n0\r\nTrailer: x\r\n\r\n",
    head("OPTIONS", "/v1/completions", b"", "Origin: null\r\nAccess-Control-Request-Headers: a\r\n"),
    head("GET", "/", b"", "Expect: 100-continue\r\nConnection: close\r\nAccept-Encoding: br\r\n"),
]


class Flood(unittest.TestCase):
    def setUp(self):
        # The tests' own connections and those of the server.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4 * CONNECTIONS
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        self.server = Server(program, "queue=16", "request-ms=5000", "cors=*")
        self.addCleanup(self.server.__exit__)

    def finish(self):
        self.assertEqual(self.server.chat("say all is well")[0], 200)
        # A leak is an exit code where AddressSanitizer looks for them.
        self.assertEqual(self.server.stop(), 0, self.server.stderr)

    def open(self):
        return socket.create_connection((self.server.host, self.server.port), PATIENCE)

    def test_connections(self):
        request = head("POST", "/v1/chat/completions", chat("say hello"))
        # Some say nothing, some say only a part.
        idle = [self.open() for _ in range(CONNECTIONS)]
        for sock in idle[::2]:
            sock.sendall(request[:-5])
        self.assertEqual(self.server.health()["status"], "ok")
        busy = [self.open() for _ in range(CONNECTIONS)]
        for sock in busy:
            sock.sendall(request)
        statuses = [Reader(sock).read()[0] for sock in busy]
        self.assertEqual(set(statuses) - {200, 429}, set())
        self.assertIn(200, statuses)
        # They can go on, and those that were slow too.
        for sock in busy[:20]:
            sock.sendall(request)
            self.assertEqual(Reader(sock).read()[0], 200)
        for sock in idle[:40:2]:
            sock.sendall(request[-5:])
            self.assertEqual(Reader(sock).read()[0], 200)
        self.assertGreaterEqual(self.server.metric("dlavm_connections"), 2 * CONNECTIONS)
        for sock in idle + busy:
            sock.close()
        self.finish()

    def test_malformed(self):
        generator = random.Random(1)
        statuses = {}
        # Those of requests that are malformed as requests of HTTP.
        raw = []
        sock = reader = None
        for i in range(count):
            if i % 10 == 0:
                # Some lack their end, and nobody answers them. Until enough are answered, that
                # takes as long as a slow machine may need for the others.
                seconds = 1 if len(raw) < RAW_ANSWERS else 0.01
                status = self.send_raw(mutate(generator, generator.choice(RAW)), seconds)
                if status:
                    raw.append(status)
            else:
                prompts = generator.random() < 0.3
                body = mutate(generator, generator.choice(PROMPTS if prompts else BODIES))
                path = "/v1/completions" if prompts else "/v1/chat/completions"
                if not sock:
                    sock = self.open()
                    reader = Reader(sock)
                sock.sendall(head("POST", path, body))
                status, answer, stays = reader.read()
                if status >= 400:
                    error = json.loads(answer)["error"]
                    self.assertEqual(sorted(error), ["code", "message", "param", "type"], body)
                    self.assertLess(len(error["message"]), 400, body)
                if not stays:
                    sock.close()
                    sock = None
            statuses[status] = statuses.get(status, 0) + 1
        if sock:
            sock.close()
        print("answers by status:", dict(sorted(statuses.items(), key=str)), file=sys.stderr)
        self.assertEqual(set(statuses) & {500, 502}, set())
        self.assertGreater(statuses.get(400, 0), count // 3)
        self.assertGreater(statuses.get(200, 0), count // 100)
        self.assertGreaterEqual(len(raw), RAW_ANSWERS)
        self.assertLessEqual({200, 400}, set(raw))
        self.finish()

    def send_raw(self, data, seconds):
        """The status, or None if none comes in time, as the server waits for more."""
        with self.open() as sock:
            sock.sendall(data)
            if not select.select([sock], [], [], seconds)[0]:
                return None
            try:
                answer = sock.recv(65536)
            except ConnectionResetError:
                return None
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 "), data)
            return int(answer.split(b" ")[1]) if answer else None


if __name__ == "__main__":
    unittest.main()
