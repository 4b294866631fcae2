"""Kills a server while it answers, and starts it again, twice: killed_test.py ANSWER COMMAND...

The answer is the greedy one to "Once upon a time".
"""

import json
import sys

from serving import Server

answer, *command = sys.argv[1:]
for _ in range(2):
    with Server(*command) as server:
        connection = server.connect()
        body = {"prompt": "Once upon a time", "max_tokens": 400, "stream": True}
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/completions", json.dumps(body), headers)
        connection.getresponse().readline()
        server.process.kill()
        server.process.wait()
with Server(*command) as server:
    body = {"prompt": "Once upon a time", "max_tokens": 16, "temperature": 0}
    status, _, completion = server.request("POST", "/v1/completions", body)
    if status != 200 or completion["choices"][0]["text"] != answer:
        sys.exit(f"the server answers {completion}")
