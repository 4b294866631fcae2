"""Tests of host/Python/dlavm.py: generate.py DRIVER"""

import sys
import unittest

import dlavm

directory = sys.argv.pop(1)
tokens = [443, 52, 51, 51, 338, 417]


class ModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = dlavm.Model(directory)

    @classmethod
    def tearDownClass(cls):
        cls.model.close()

    def test_properties(self):
        self.assertEqual(dlavm.version(), "0.1.0")
        self.assertEqual(self.model.name, "model")
        self.assertEqual(self.model.max_tokens, 256)
        self.assertEqual(self.model.vocabulary, 512)

    def test_generate(self):
        self.assertEqual(self.model.generate([1, 2, 3], max_new_tokens=6), tokens)

    def test_stream(self):
        stream = self.model.stream([1, 2, 3], max_new_tokens=6)
        self.assertEqual(next(stream), tokens[0])
        self.assertEqual(list(stream), tokens[1:])

    def test_stream_ends_early(self):
        for id in self.model.stream([1, 2, 3]):
            self.assertEqual(id, tokens[0])
            break
        self.assertEqual(self.model.generate([1, 2, 3], max_new_tokens=6), tokens)

    def test_choose(self):
        seen = []

        def choose(logits):
            largest = max(range(len(logits)), key=lambda id: logits[id])
            seen.append(largest)
            return 7 if len(seen) == 2 else largest

        found = self.model.generate([1, 2, 3], max_new_tokens=4, choose=choose)
        self.assertEqual(found[:2], [443, 7])
        self.assertEqual(seen[:2], [443, 52])
        self.assertEqual(self.model.generate([1, 2, 3, 443, 7], max_new_tokens=2), found[2:])

    def test_context(self):
        found = self.model.generate([1] * 254)
        self.assertLessEqual(len(found), 3)
        with self.assertRaisesRegex(dlavm.Error, "^a conversation of 257 tokens exceeds"):
            self.model.prompt([1] * 257)

    def test_errors(self):
        with self.assertRaisesRegex(dlavm.Error, "^no token has the id 512; "):
            self.model.generate([512])
        with self.assertRaisesRegex(dlavm.Error, "plan.json cannot be read: No such file"):
            dlavm.Model(directory + "/missing")
        with self.assertRaisesRegex(dlavm.Error, "^--on=board names no device"):
            dlavm.Model(directory, on="board")

    def test_no_ids(self):
        for id in (2**32 + 5, -(2**31) - 1, "1", 1.0, None):
            for function in (self.model.choose, self.model.is_end):
                with self.assertRaisesRegex(dlavm.Error, "is no token id$"):
                    function(id)
            with self.assertRaisesRegex(dlavm.Error, "is no token id$"):
                self.model.prompt([1, id])
        self.model.prompt(iter([1, 2]))
        with self.assertRaisesRegex(dlavm.Error, "^the text is not Unicode: "):
            self.model.encode("\ud800")
        with self.assertRaisesRegex(dlavm.Error, "^directory has a null character"):
            dlavm.Model(directory + "\0")
        with self.assertRaisesRegex(dlavm.Error, "^directory is 5, and no path"):
            dlavm.Model(5)
        for neither in (b"abc", None, 5):
            with self.assertRaisesRegex(dlavm.Error, "^what should be text or token ids is neither"):
                self.model.generate(neither)

    def test_no_tokenizer(self):
        self.assertFalse(self.model.has_tokenizer)
        for function in (self.model.encode, self.model.generate):
            with self.assertRaisesRegex(dlavm.Error, "has no tokenizer, so there are only"):
                function("text")

    def test_closed(self):
        with dlavm.Model(directory, load=False) as model:
            pass
        model.close()
        for use in (lambda: model.prompt([1]), lambda: model.name, lambda: model.max_tokens,
                    lambda: model.generate([1])):
            with self.assertRaisesRegex(dlavm.Error, "^the model is closed"):
                use()


unittest.main(argv=sys.argv[:1])
