"""Tests a server over loopback: server_test.py PROGRAM, dlavm-test-server."""

import http.client
import json
import signal
import socket
import sys
import threading
import time
import unittest

from serving import PATIENCE, Server, wait_until

program = sys.argv.pop(1)


def serve(**options):
    return Server(
        program, *(f"{name.replace('_', '-')}={value}" for name, value in options.items())
    )


def read_events(response):
    """The data of each event of a stream."""
    return [
        line[len("data: ") :]
        for line in response.read().decode().split("\n")
        if line.startswith("data: ")
    ]


class Stream:
    """A streamed chat, and its first event."""

    def __init__(self, server, content, **members):
        self.connection = server.connect()
        messages = [{"role": "user", "content": content}]
        self.connection.request(
            "POST",
            "/v1/chat/completions",
            json.dumps({"messages": messages, "stream": True, **members}),
            {"Content-Type": "application/json"},
        )
        self.response = self.connection.getresponse()
        self.first = self.response.readline()

    def leave(self):
        self.response.close()
        self.connection.close()


def raw(server, data):
    """Sends bytes and returns all that comes back."""
    with socket.create_connection((server.host, server.port), PATIENCE) as sock:
        sock.sendall(data)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        return answer


ENDLESS = "slow 10 count 1000000"


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = serve(body=20000)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def assertError(self, answer, status, code, text=""):
        self.assertEqual(answer[0], status, answer[2])
        error = answer[2]["error"]
        self.assertEqual(sorted(error), ["code", "message", "param", "type"])
        self.assertEqual(error["code"], code)
        self.assertIn(text, error["message"])
        return error

    def test_models(self):
        status, _, models = self.server.request("GET", "/v1/models")
        self.assertEqual((status, models["object"]), (200, "list"))
        self.assertEqual([model["id"] for model in models["data"]], ["fake"])
        model = self.server.request("GET", "/v1/models/fake")[2]
        self.assertEqual(model, models["data"][0])
        answer = self.server.request("GET", "/v1/models/other")
        self.assertError(answer, 404, "model_not_found", "'fake'")

    def test_chat(self):
        status, _, chat = self.server.chat("say Good morning", max_tokens=10)
        self.assertEqual((status, chat["object"]), (200, "chat.completion"))
        self.assertEqual(chat["model"], "fake")
        choice = chat["choices"][0]
        self.assertEqual(choice["message"]["content"], "Good morning")
        self.assertEqual(choice["finish_reason"], "stop")
        usage = chat["usage"]
        self.assertEqual(usage["completion_tokens"], 3)
        self.assertEqual(
            usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"]
        )
        choice = self.server.chat("count 9", max_tokens=3)[2]["choices"][0]
        self.assertEqual(choice["message"]["content"], "1 2 3")
        self.assertEqual(choice["finish_reason"], "length")
        choice = self.server.chat("count 9", stop=["4"])[2]["choices"][0]
        self.assertEqual(choice["message"]["content"], "1 2 3 ")

    def test_cached_tokens(self):
        self.server.chat("say something that is known now")
        usage = self.server.chat("say something that is new")[2]["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        self.assertEqual(cached, len("user:say something that is "))

    def test_stream(self):
        stream = Stream(
            self.server, "count 3", stream_options={"include_usage": True}
        )
        self.assertEqual(stream.response.getheader("Content-Type"), "text/event-stream")
        events = [stream.first.decode()[len("data: ") :]] + read_events(stream.response)
        self.assertEqual(events.pop(), "[DONE]")
        chunks = [json.loads(event) for event in events]
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        usage = chunks.pop()
        self.assertEqual(usage["choices"], [])
        self.assertEqual(usage["usage"]["completion_tokens"], 4)
        self.assertTrue(all(chunk["usage"] is None for chunk in chunks))
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
        self.assertEqual(text, "1 2 3")
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"], "stop")

    def test_logprobs(self):
        chat = self.server.chat("count 2", logprobs=True, top_logprobs=2)[2]
        content = chat["choices"][0]["logprobs"]["content"]
        self.assertEqual([entry["token"] for entry in content], ["1", " 2"])
        self.assertEqual(content[0]["bytes"], [0x31])
        top = content[1]["top_logprobs"]
        self.assertEqual([entry["token"] for entry in top], [" 2", "b"])
        self.assertEqual([entry["logprob"] for entry in top], [-0.5, -1.5])

    def complete(self, **members):
        return self.server.request("POST", "/v1/completions", members)

    def test_completions(self):
        status, _, answer = self.complete(prompt="count 100")
        self.assertEqual((status, answer["object"]), (200, "text_completion"))
        choice = answer["choices"][0]
        self.assertEqual(choice["finish_reason"], "length")
        self.assertEqual(choice["text"], " ".join(map(str, range(1, 17))))
        choice = self.complete(prompt=["say x"], echo=True)[2]["choices"][0]
        self.assertEqual(choice["text"], "say xx")
        ids = list(b"say y")
        choice = self.complete(prompt=ids, logprobs=1)[2]["choices"][0]
        self.assertEqual(choice["text"], "y")
        self.assertEqual(
            choice["logprobs"],
            {
                "tokens": ["y"],
                "token_logprobs": [-0.5],
                "top_logprobs": [{"y": -0.5}],
                "text_offset": [0],
            },
        )

    def test_refusals(self):
        post = lambda path, body, **headers: self.server.request(
            "POST", path, body, headers
        )
        self.assertError(self.server.request("GET", "/v2"), 404, "not_found", "/v1/models")
        answer = self.server.request("GET", "/v1/completions")
        self.assertError(answer, 405, "method_not_allowed")
        self.assertEqual(answer[1]["Allow"], "POST, OPTIONS")
        answer = post("/v1/models", {})
        self.assertError(answer, 405, "method_not_allowed")
        answer = post("/v1/chat/completions", '{"messages": nothing}')
        self.assertError(answer, 400, "invalid_json", "line 1, column 15")
        answer = post("/v1/chat/completions", b'{"messages": "\xff"}')
        self.assertError(answer, 400, "invalid_json", "UTF-8")
        answer = self.server.request(
            "POST", "/v1/completions", "{}", {"Content-Type": "text/plain"}
        )
        self.assertError(answer, 415, "unsupported_media_type")
        answer = self.server.request(
            "POST", "/v1/completions", "{}", {"Content-Encoding": "gzip"}
        )
        self.assertError(answer, 415, "unsupported_media_type", "compressed")
        answer = self.server.chat("x", n=2)
        self.assertEqual(self.assertError(answer, 400, "unsupported_parameter")["param"], "n")
        answer = self.server.chat("x" * 9000)
        self.assertError(answer, 400, "context_length_exceeded", "8192")
        answer = post(
            "/v1/chat/completions",
            {"messages": [{"role": "system", "content": "refuse"}]},
        )
        error = self.assertError(answer, 400, "invalid_value", "no role system")
        self.assertEqual(error["param"], "messages")
        # What is not the client's fault.
        answer = post(
            "/v1/chat/completions",
            {"messages": [{"role": "system", "content": "break"}]},
        )
        self.assertError(answer, 500, None, "takes too long")
        note = "note: /v1/chat/completions: the template takes"
        wait_until(lambda: note in self.server.stderr, "it is said")
        self.assertError(post("/v1/completions", b" " * 20001), 413, None, "20000")

    def test_raw_requests(self):
        for data, status in (
            (b"\x16\x03\x01 hello", 400),
            (b"GET /" + b"a" * 3000, 414),
            (b"GET / HTTP/1.1\r\nA: " + b"a" * 40000, 431),
            (b"NEVER / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
            (b"GET / HTTP/3.9\r\nConnection: close\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        ):
            head, body = raw(self.server, data).split(b"\r\n\r\n", 1)
            self.assertTrue(head.startswith(b"HTTP/1.1 %d " % status), head)
            self.assertIn("message", json.loads(body)["error"])

    def test_pipelining_and_chunks(self):
        body = json.dumps({"prompt": "say both"}).encode()
        head = b"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
        for byte in body:
            chunked += b"1\r\n%c\r\n" % byte
        chunked += b"0\r\n\r\n"
        plain = head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        answer = raw(self.server, chunked + plain + body)
        self.assertEqual(answer.count(b'"text":"both"'), 2, answer)

    def test_expect(self):
        body = b'{"prompt": "say yes"}'
        with socket.create_connection((self.server.host, self.server.port), PATIENCE) as sock:
            sock.sendall(
                b"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
                b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            self.assertEqual(sock.recv(25), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 200 "))

    def test_old_clients(self):
        body = b'{"prompt": "count 3", "stream": true}'
        # The end of an answer without a length is that of the connection.
        with serve(idle_ms=1000 * 10 * PATIENCE) as server:
            for header in (b"", b"Connection: Keep-Alive\r\n"):
                answer = raw(
                    server,
                    b"POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
                    b"%sContent-Length: %d\r\n\r\n%s" % (header, len(body), body),
                )
                self.assertNotIn(b"chunked", answer)
                self.assertTrue(answer.endswith(b"data: [DONE]\n\n"), answer)

    def test_page(self):
        status, headers, page = self.server.request("GET", "/")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        nonce = policy.split("'nonce-")[1].split("'")[0]
        self.assertIn(f'<script nonce="{nonce}">'.encode(), page)
        self.assertNotIn(b"{{nonce}}", page)
        # Nothing is fetched from elsewhere.
        for foreign in (b"http://", b"https://", b"//cdn", b"@import", b"innerHTML"):
            self.assertNotIn(foreign, page)
        self.assertNotEqual(self.server.request("GET", "/")[1]["Content-Security-Policy"], policy)
        self.assertEqual(self.server.request("HEAD", "/")[2], b"")

    def test_metrics(self):
        before = self.server.metric("dlavm_generated_tokens_total")
        self.server.chat("count 5")
        self.assertEqual(self.server.metric("dlavm_generated_tokens_total") - before, 6)
        self.assertGreaterEqual(
            self.server.metric('dlavm_requests_total{endpoint="/v1/chat/completions",code="200"}'), 1
        )


class Failures(unittest.TestCase):
    def test_device(self):
        with serve() as server:
            answer = server.chat("fail 0")
            self.assertEqual(answer[0], 500)
            self.assertEqual(answer[2]["error"]["message"], "the device is gone")
            self.assertEqual(answer[2]["error"]["code"], "device_error")
            status, _, health = server.request("GET", "/health")
            self.assertEqual((status, health["status"]), (503, "failing"))
            self.assertEqual(health["message"], "the device is gone")
            # Before the first token it is an answer's status, later an event.
            self.assertEqual(Stream(server, "fail 0").response.status, 500)
            events = read_events(Stream(server, "fail 2").response)
            self.assertNotIn("[DONE]", events)
            self.assertEqual(json.loads(events[-1])["error"]["code"], "device_error")
            self.assertEqual(server.metric("dlavm_failed_total"), 3)
            self.assertEqual(server.chat("say again")[0], 200)
            self.assertEqual(server.health()["status"], "ok")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.stderr.count("note: the device failed: the device is gone"), 3)

    def test_answer_that_cannot_be_written(self):
        with serve() as server:
            # Echoed ids are decoded.
            members = {"prompt": list(b"say \a"), "echo": True}
            status, _, body = server.request("POST", "/v1/completions", members)
            self.assertEqual((status, body["error"]["message"]), (500, "there is no such token"))
            members["stream"] = True
            status, _, body = server.request("POST", "/v1/completions", members)
            self.assertEqual(status, 200)
            self.assertIn(b"there is no such token", body)
            self.assertEqual(server.chat("say well")[0], 200)

    def test_time(self):
        with serve(request_ms=300) as server:
            answer = server.chat(ENDLESS)
            self.assertEqual(answer[0], 504)
            self.assertEqual(answer[2]["error"]["code"], "request_timeout")
            events = read_events(Stream(server, ENDLESS).response)
            self.assertEqual(json.loads(events[-1])["error"]["code"], "request_timeout")

    def test_slow_clients(self):
        long = 1000 * 10 * PATIENCE
        with serve(read_ms=200, idle_ms=long) as server:
            answer = raw(server, b"GET / HTTP/1.1\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        with serve(read_ms=long, idle_ms=200) as server:
            self.assertEqual(raw(server, b""), b"")

    def test_all_places_are_taken(self):
        with serve(connections=20) as server:
            # Whoever has waited longest leaves: the idle first, then the slow.
            slow = socket.create_connection((server.host, server.port), PATIENCE)
            slow.sendall(b"GET / HTTP/1.1\r\n")
            idle = [socket.create_connection((server.host, server.port), PATIENCE) for _ in range(40)]
            self.assertEqual(server.health()["status"], "ok")
            slow.sendall(b"Connection: close\r\n\r\n")
            self.assertTrue(slow.recv(100).startswith(b"HTTP/1.1 200 "))
            for sock in idle:
                sock.sendall(b"GET")
            self.assertEqual(server.health()["status"], "ok")
            for sock in [slow, *idle]:
                sock.close()

    def test_no_logits(self):
        with serve(greedy=1) as server:
            self.assertEqual(server.chat("say so")[0], 200)
            error = server.chat("say so", temperature=1)[2]["error"]
            self.assertEqual(error["param"], "temperature")


class Queue(unittest.TestCase):
    def test_order_and_limit(self):
        with serve(queue=1) as server:
            running = Stream(server, ENDLESS)
            waiting = []
            thread = threading.Thread(target=lambda: waiting.append(server.chat("say next")))
            thread.start()
            wait_until(lambda: server.health()["waiting"] == 1, "one request waits")
            status, headers, body = server.chat("say too much")
            self.assertEqual((status, body["error"]["code"]), (429, "rate_limit_exceeded"))
            self.assertGreaterEqual(int(headers["Retry-After"]), 1)
            self.assertEqual(waiting, [])
            running.leave()
            thread.join(PATIENCE)
            self.assertEqual(waiting[0][2]["choices"][0]["message"]["content"], "next")
            self.assertEqual(server.metric("dlavm_cancelled_total"), 1)
            self.assertEqual(
                server.metric('dlavm_requests_total{endpoint="/v1/chat/completions",code="429"}'), 1
            )

    def test_leaving_while_waiting(self):
        with serve(queue=1) as server:
            running = Stream(server, ENDLESS)
            connection = server.connect()
            connection.request(
                "POST",
                "/v1/completions",
                '{"prompt": "say never"}',
                {"Content-Type": "application/json"},
            )
            wait_until(lambda: server.health()["waiting"] == 1, "one request waits")
            connection.close()
            wait_until(lambda: server.health()["waiting"] == 0, "nobody waits")
            self.assertEqual(server.health()["running"], 1)
            running.leave()
            wait_until(lambda: server.health()["running"] == 0, "nothing runs")

    def test_client_that_reads_nothing(self):
        with serve(queue=0, write_ms=200) as server:
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect((server.host, server.port))
                body = b'{"prompt": "count 1000000", "stream": true, "max_tokens": 1000000}'
                sock.sendall(
                    b"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
                wait_until(lambda: server.health()["running"] == 0, "it is given up")
                # Its place in the queue is free again.
                wait_until(lambda: server.chat("say free")[0] == 200, "there is a place")


class Access(unittest.TestCase):
    def test_key(self):
        with serve(key="secret") as server:
            for headers in (
                {},
                {"Authorization": "Bearer wrong1"},
                {"Authorization": "Bearer secret1"},
                {"Authorization": "secret"},
                {"Authorization": "Bearer "},
            ):
                for path in ("/v1/models", "/metrics"):
                    status, answered, body = server.request("GET", path, headers=headers)
                    self.assertEqual(status, 401)
                    self.assertEqual(body["error"]["code"], "invalid_api_key")
                    self.assertEqual(answered["WWW-Authenticate"], "Bearer")
            for scheme in ("Bearer", "bearer"):
                headers = {"Authorization": f"{scheme} secret"}
                self.assertEqual(server.request("GET", "/v1/models", headers=headers)[0], 200)
            self.assertEqual(server.request("GET", "/health")[0], 200)
            self.assertEqual(server.request("GET", "/")[0], 200)

    def test_host(self):
        evil = {"Host": "evil.example:80"}
        with serve() as server:
            status, _, body = server.request("GET", "/v1/models", headers=evil)
            self.assertEqual((status, body["error"]["code"]), (403, "host_not_allowed"))
            for host in ("127.evil.example:80", "127.0.0.1.example", "127.1", "128.0.0.1"):
                self.assertEqual(server.request("GET", "/", headers={"Host": host})[0], 403)
            for host in ("localhost:1234", "LOCALHOST", "127.255.0.9", "127.0.0.1", "[::1]:80", "[::1]"):
                self.assertEqual(server.request("GET", "/", headers={"Host": host})[0], 200)
        with serve(key="secret") as server:
            self.assertEqual(server.request("GET", "/", headers=evil)[0], 200)

    def test_cors(self):
        allowed = "Access-Control-Allow-Origin"
        mine = {"Origin": "https://mine.example"}
        with serve() as server:
            self.assertNotIn(allowed, server.request("GET", "/v1/models", headers=mine)[1])
        with serve(cors="https://mine.example") as server:
            headers = server.request("GET", "/v1/models", headers=mine)[1]
            self.assertEqual(headers[allowed], "https://mine.example")
            self.assertEqual(headers["Vary"], "Origin")
            other = {"Origin": "https://mine.example.org"}
            self.assertNotIn(allowed, server.request("GET", "/v1/models", headers=other)[1])
            status, headers, _ = server.request(
                "OPTIONS",
                "/v1/chat/completions",
                headers={**mine, "Access-Control-Request-Headers": "authorization,x-own"},
            )
            self.assertEqual(status, 204)
            self.assertEqual(headers["Access-Control-Allow-Headers"], "authorization,x-own")
            self.assertIn("POST", headers["Access-Control-Allow-Methods"])
        with serve(cors="*") as server:
            self.assertEqual(server.request("GET", "/v1/models", headers=mine)[1][allowed], "*")


class Ends(unittest.TestCase):
    def test_finishes_what_it_has(self):
        with serve() as server:
            running = Stream(server, "slow 20 count 50")
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.request("GET", "/health")[0] == 503, "it is stopping")
            status, headers, body = server.chat("say no")
            self.assertEqual((status, body["error"]["code"]), (503, "server_stopping"))
            self.assertIn("Retry-After", headers)
            events = read_events(running.response)
            self.assertEqual(events[-1], "[DONE]")
            self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_second_signal(self):
        with serve() as server:
            running = Stream(server, ENDLESS)
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.health()["status"] == "stopping", "it is stopping")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(PATIENCE), 128 + signal.SIGTERM)
            running.leave()

    def test_address_is_taken(self):
        with serve() as server, socket.socket() as sock:
            with self.assertRaises(OSError):
                sock.bind((server.host, server.port))


if __name__ == "__main__":
    unittest.main(verbosity=1)
