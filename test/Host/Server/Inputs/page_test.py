"""Drives the chat page: page_test.py PROGRAM DIRECTORY, which gets screenshots."""

import os
import sys
import tempfile
import unittest

from browser import ENTER, ESCAPE, SHIFT, Browser
from serving import Server, wait_until

directory = sys.argv.pop()
program = sys.argv.pop()


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(program)
        cls.addClassCleanup(cls.server.__exit__)
        profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(profile.cleanup)
        cls.browser = Browser(profile.name)
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        self.browser.open(self.server.url)
        self.browser.run("localStorage.clear(); state = { messages: [], settings: {}, draft: '' };")
        self.browser.reload()
        self.browser.emulate(1100, 760, "light")
        wait_until(lambda: self.run("byId('name').textContent") == "fake", "the model is known")

    def tearDown(self):
        # Among them would be what the policy of the page forbids.
        bad = [line for line in self.browser.take_log() if "status of" not in line]
        self.assertEqual(bad, [])

    def run(self, result=None):
        # unittest calls it too.
        if not isinstance(result, str):
            return super().run(result)
        return self.browser.run("return " + result)

    def texts(self, role):
        return self.run(
            f"[...document.querySelectorAll('article.{role}')].map((node) => "
            "[...node.querySelectorAll('.text, pre')].map((part) => part.textContent).join('|'))"
        )

    def send(self, text):
        self.browser.type("#input", text + ENTER)

    def is_idle(self):
        return self.run("running === null && !document.querySelector('.busy')")

    def ask(self, text):
        self.send(text)
        wait_until(self.is_idle, "the answer is there")
        return self.texts("assistant")[-1]

    def test_send_and_reload(self):
        self.assertTrue(self.run("!byId('empty').hidden"))
        self.assertTrue(self.run("byId('send').disabled"))
        self.assertEqual(self.ask("slow 20 say Good morning"), "Good morning")
        self.assertIn("3 tokens", self.run("document.querySelector('.facts').textContent"))
        self.assertEqual(self.ask("and then"), "You said: and then")
        self.browser.type("#input", "not sent yet")
        self.browser.reload()
        self.assertEqual(self.texts("user"), ["slow 20 say Good morning", "and then"])
        self.assertEqual(self.texts("assistant"), ["Good morning", "You said: and then"])
        self.assertEqual(self.run("byId('input').value"), "not sent yet")
        self.browser.click("#new")
        self.assertEqual(self.texts("user"), [])
        self.browser.reload()
        self.assertEqual(self.texts("user"), [])
        self.assertTrue(self.run("!byId('empty').hidden"))

    def test_stop(self):
        for stop in (
            lambda: self.browser.click("#send"),
            lambda: self.browser.press(ESCAPE),
        ):
            self.send("slow 20 count 100000")
            wait_until(lambda: "9 10 11" in self.texts("assistant")[-1], "the answer grows")
            self.assertEqual(self.run("byId('send').getAttribute('aria-label')"), "Stop")
            stop()
            wait_until(self.is_idle, "the answer has stopped")
            self.assertTrue(self.texts("assistant")[-1].startswith("1 2 3"))
            facts = self.run("[...document.querySelectorAll('.facts')].at(-1).textContent")
            self.assertIn("stopped", facts)
            self.assertIn("tokens/s", facts)
            wait_until(lambda: self.server.health()["running"] == 0, "the server has stopped too")

    def test_reload_while_it_answers(self):
        self.send("slow 20 count 100000")
        wait_until(lambda: "9 10 11" in self.texts("assistant")[-1], "the answer grows")
        self.browser.reload()
        self.assertTrue(self.texts("assistant")[-1].startswith("1 2 3"))
        wait_until(lambda: self.server.health()["running"] == 0, "the server has stopped")
        self.assertEqual(self.ask("say still here"), "still here")

    def test_text_is_text(self):
        evil = "<img src=x onerror=alert(1)><b>bold</b> &amp; <script>alert(2)</script>"
        self.assertEqual(self.ask("say " + evil), evil)
        self.assertEqual(self.texts("user")[-1], "say " + evil)
        self.assertEqual(self.run("list.querySelectorAll('img, b, script').length"), 0)

    def test_code(self):
        self.browser.type("#input", "say Do this:")
        for line in ("```python", "print(1)", "```", "with `print`."):
            self.browser.press(SHIFT, ENTER)
            self.browser.type("#input", line)
        self.assertEqual(self.ask(""), "Do this:|print(1)|with print.")
        self.assertEqual(self.run("document.querySelector('.assistant code').textContent"), "print")

    def test_settings_and_errors(self):
        self.browser.click("#open")
        self.browser.type("[name=system]", "refuse")
        self.browser.type("[name=max_tokens]", "2")
        self.browser.click("[value=save]")
        self.send("count 9")
        wait_until(self.is_idle, "there is an answer")
        wrong = "document.querySelector('.wrong').textContent"
        self.assertEqual(self.run(wrong), "the template has no role system")
        self.browser.reload()
        self.browser.click("#open")
        self.assertEqual(self.run("fields.system.value"), "refuse")
        self.browser.click("#defaults")
        self.browser.type("[name=max_tokens]", "2")
        self.browser.click("[value=save]")
        self.assertEqual(self.ask("count 9"), "1 2")
        self.assertIn("limit", self.run("[...document.querySelectorAll('.facts')].at(-1).textContent"))
        self.assertEqual(self.ask("fail 1"), "1")
        self.assertEqual(
            self.run("[...document.querySelectorAll('.wrong')].at(-1).textContent"),
            "the device is gone",
        )
        wait_until(lambda: "device is gone" in self.run("byId('name').textContent"), "health is shown")
        self.server.chat("say well")

    def test_looks(self):
        self.ask("say Hello! I run on a board with high-bandwidth memory. What is on your mind?")
        self.browser.type("#input", "say Here is a function, with `n` steps:")
        for line in ("```python", "def fibonacci(n):", "    a, b = 0, 1", "    for _ in range(n):",
                     "        a, b = b, a + b", "    return a", "```", "It takes time that grows with n."):
            self.browser.press(SHIFT, ENTER)
            self.browser.type("#input", line)
        self.ask("")
        self.ask("fail 0")
        self.server.chat("say well")
        self.run("check()")
        self.browser.run("scroll.scrollTop = 0")
        for name, width, height, scheme in (
            ("light", 1100, 760, "light"),
            ("dark", 1100, 760, "dark"),
            ("narrow", 360, 700, "light"),
        ):
            self.browser.emulate(width, height, scheme)
            self.browser.screenshot(os.path.join(directory, name + ".png"))
            self.assertEqual(self.run("document.documentElement.scrollWidth"), width)
        self.browser.click("#open")
        self.browser.screenshot(os.path.join(directory, "settings.png"))
        self.assertLessEqual(self.run("dialog.getBoundingClientRect().right"), 360)


if __name__ == "__main__":
    os.makedirs(directory, exist_ok=True)
    unittest.main()
