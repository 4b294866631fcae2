# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Talks with dlavm-lsp-server as editors do, and prints its answers.

Each message waits for the answer to the one before, where it has one.
"""
import json
import subprocess

FILE = {"uri": "file:///tmp/a.mlir"}
TEXT = 'llm.parameter @w from "w" : tensor<64xf16>'
MESSAGES = [
    ("initialize", 1, {"processId": None, "rootUri": None, "capabilities": {}}),
    (
        "textDocument/didOpen",
        None,
        {"textDocument": {**FILE, "languageId": "mlir", "version": 1, "text": TEXT}},
    ),
    (
        "textDocument/hover",
        2,
        {"textDocument": FILE, "position": {"line": 0, "character": 3}},
    ),
    ("shutdown", 3, None),
    ("exit", None, None),
]


def read(stream):
    size = 0
    while (line := stream.readline().strip()) != b"":
        key, value = line.split(b": ")
        size = int(value) if key == b"Content-Length" else size
    return stream.read(size).decode()


server = subprocess.Popen(
    ["dlavm-lsp-server", "--log=error"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
for method, number, params in MESSAGES:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if number:
        message["id"] = number
    text = json.dumps(message).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
    server.stdin.flush()
    while number:
        answer = read(server.stdout)
        if json.loads(answer).get("id") == number:
            print(answer)
            break
# Standard input stays open: "exit" ends the server.
print("exit code", server.wait(timeout=60))
