"""Serves a trained model, whose greedy answer to "Once upon a time" is given:
model_test.py ANSWER COMMAND...
"""

import json
import sys
import unittest

from serving import Server

reference, *command = sys.argv[1:]
del sys.argv[1:]


class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(*command)
        cls.addClassCleanup(cls.server.__exit__)

    def complete(self, prompt, **members):
        status, _, answer = self.server.request(
            "POST", "/v1/completions", {"prompt": prompt, "temperature": 0, **members}
        )
        self.assertEqual(status, 200, answer)
        return answer

    def test_completion(self):
        answer = self.complete("Once upon a time", max_tokens=16)
        self.assertEqual(answer["choices"][0]["text"], reference)
        self.assertEqual(answer["choices"][0]["finish_reason"], "length")
        again = self.complete("Once upon a time", max_tokens=16)
        self.assertEqual(again["choices"][0]["text"], reference)
        usage = again["usage"]
        self.assertEqual(
            usage["prompt_tokens_details"]["cached_tokens"], usage["prompt_tokens"] - 1
        )

    def test_chat(self):
        chat = self.server.chat("Once upon a time", max_tokens=16, temperature=0)[2]
        self.assertEqual(chat["choices"][0]["message"]["content"], reference)
        first = self.server.chat("Once", max_tokens=16, seed=1)[2]["choices"][0]
        again = self.server.chat("Once", max_tokens=16, seed=1)[2]["choices"][0]
        other = self.server.chat("Once", max_tokens=16, seed=2)[2]["choices"][0]
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_logprobs(self):
        answer = self.complete("Once upon a time", max_tokens=3, logprobs=2)["choices"][0]
        logprobs = answer["logprobs"]
        self.assertEqual("".join(logprobs["tokens"]), answer["text"])
        for chosen, top in zip(logprobs["token_logprobs"], logprobs["top_logprobs"]):
            self.assertEqual(len(top), 2)
            self.assertEqual(chosen, max(top.values()))

    def test_context(self):
        facts = self.server.request("GET", "/v1/models")[2]["data"][0]
        answer = self.complete("Once upon a time", max_tokens=100000)
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
        self.assertLess(answer["usage"]["total_tokens"], facts["max_model_len"])
        # A story in which there is no room for the end; one token is known when the context is full.
        prompt = [1] + [80] * (facts["max_model_len"] - 3)
        answer = self.complete(prompt, max_tokens=100000)
        self.assertEqual(answer["choices"][0]["finish_reason"], "length")
        self.assertEqual(answer["usage"]["completion_tokens"], 3)
        status, _, body = self.server.request(
            "POST", "/v1/completions", {"prompt": "Once upon a time " * 500}
        )
        self.assertEqual((status, body["error"]["code"]), (400, "context_length_exceeded"))


if __name__ == "__main__":
    unittest.main()
