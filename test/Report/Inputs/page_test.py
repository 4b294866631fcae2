"""Looks at pages of dlavm report: page_test.py DIRECTORY, which has a page `NAME.html` for each driver directory `NAME`,
and gets screenshots. What a page computes is compared with what the compiled driver does."""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from browser import ENTER, Browser

directory = os.path.abspath(sys.argv.pop())


def trace(name, seq, past):
    """The starts of a run: [(layer, task, [(register, value)])]."""
    command = ["dlavm", "trace", os.path.join(directory, name), f"--seq={seq}", f"--past={past}"]
    starts = []
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        if line.startswith("# task "):
            _, _, layer, task = line.split()
            starts.append((int(layer), task, []))
        elif line[0] in "WP":
            _, register, value = line.split()
            starts[-1][2].append((int(register), int(value)))
    return starts


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(profile.cleanup)
        cls.browser = Browser(profile.name)
        cls.addClassCleanup(cls.browser.__exit__)

    def tearDown(self):
        self.assertEqual(self.browser.take_log(), [])

    def open(self, name, width=1440, height=900, scheme="light"):
        self.browser.emulate(width, height, scheme)
        self.browser.open(f"file://{directory}/{name}.html")
        with open(os.path.join(directory, name, "plan.json")) as file:
            self.plan = json.load(file)

    def run(self, result=None):
        # unittest calls it too.
        if not isinstance(result, str):
            return super().run(result)
        return self.browser.run("return " + result)

    def get_calls(self):
        most = self.plan["max_tokens"]
        return [(1, 0), (19, 0), (most, 0), (1, most - 1), (33, 7), (most // 2, most // 4)]

    def check_values(self, name, calls=None):
        self.open(name)
        self.assertTrue(self.run("data.isDriver"))
        layers = max(entry["layers"] for entry in self.plan["objects"])
        for seq, past in calls or self.get_calls():
            starts = trace(name, seq, past)
            counted = self.run(f"(({{tasks, total}}) => [total, [...tasks]])(countAccesses({seq}, {past}))")
            self.assertEqual(counted[0]["starts"], len(starts))
            self.assertEqual(counted[0]["writes"] + counted[0]["polls"], sum(len(start[2]) for start in starts))
            self.assertEqual({task: count["starts"] for task, count in counted[1]},
                             collections.Counter(task for _, task, _ in starts))
            for layer in {0, layers - 1}:
                expected = {}
                for at, task, accesses in starts:
                    if at in (layer, -1):
                        expected.setdefault(task, []).append([list(access) for access in accesses])
                # The first and the last starts of each task.
                chosen = {task: sorted({0, len(all) // 2, len(all) - 1}) for task, all in expected.items()}
                found = self.browser.run(
                    """const [chosen, layer, seq, past] = arguments;
                    return Object.entries(chosen).map(([task, starts]) => [task, starts.map((start) =>
                      getStart(task, layer, start, seq, past).accesses.map((access) =>
                        [data.tables[access.table].registers[access.register].number, access.value]))]);""",
                    chosen, layer, seq, past)
                for task, values in found:
                    self.assertEqual(values, [expected[task][start] for start in chosen[task]], f"{task} at {seq}, {past}")

    def check_memory(self, name):
        self.open(name)
        most = self.plan["max_tokens"]
        calls = [(seq, past) for seq in (1, 2, most // 3, most // 2, most - 1, most) for past in (0, most // 2 - 1, most - seq)
                 if past <= most - seq]
        sizes = self.browser.run(
            "return data.plan.buffers.map((buffer) => [buffer.name, Boolean(data.sizes[buffer.name]), "
            "arguments[0].map(([seq, past]) => bufferBytes(buffer, seq, past))]);", calls)
        planned = {buffer["name"]: buffer for buffer in self.plan["buffers"]}
        self.assertEqual(set(planned), {size[0] for size in sizes})
        for buffer, is_known, values in sizes:
            self.assertTrue(is_known, buffer)
            self.assertEqual(max(values), planned[buffer]["bytes"], buffer)
        with open(os.path.join(directory, name, "report.txt")) as file:
            peak = re.search(r"Peak\n\n  (\d+) bytes.* are live during (\w+):", file.read())
        self.assertEqual(self.run("(({step, peak}) => [peak, steps[step].name])(getPeak(planned))"), [int(peak[1]), peak[2]])

    def check_lines(self, name):
        self.open(name)
        with open(os.path.join(directory, name, self.plan["driver"])) as file:
            lines = file.read().split("\n")
        for task in {task["name"] for task in self.plan["tasks"]}:
            accesses = self.run(f"getStart('{task}', 0, 0, 3, 0).accesses.map((access) => [access.register, access.line])")
            for register, line in accesses:
                self.assertIn("::" + register, lines[line - 1] + lines[line])

    def test_values(self):
        for name in ("edgellm", "ohbm"):
            with self.subTest(name):
                self.check_values(name)
                self.check_memory(name)
                self.check_lines(name)

    def test_large(self):
        self.check_memory("chatglm")
        self.assertEqual(self.run("getPeak((map) => bufferBytes(map, 2048, 0)).peak"), 570425344)
        self.assertEqual(self.run("countAccesses(2048, 0).total.writes"), 259832)
        self.assertEqual(self.run("countAccesses(1, 2047).total.writes"), 10744)
        self.assertRegex(self.run("byId('time').textContent"), "decode tokens per second52.50?.*querymemory38.50")

    def test_slices(self):
        self.check_memory("streamed")
        self.assertEqual(self.run("getPeak((map) => bufferBytes(map, 2048, 0)).peak"), 83886080)

    def test_1000_layers(self):
        self.check_values("deep", [(1, 5), (40, 0)])
        self.assertEqual(self.run("data.layers"), 1000)
        self.assertEqual(self.run("data.levels.accel.groups.map((group) => group.detail)"), ["1000 times"])
        size = {name: os.path.getsize(os.path.join(directory, name + ".html")) for name in ("deep", "edgellm")}
        self.assertLess(size["deep"], 1.05 * size["edgellm"])
        # A layer is one of many.
        self.run("selectTask('query_key_value')")
        self.browser.run("const input = byId('layer'); input.value = 999; input.dispatchEvent(new Event('change'));")
        self.assertEqual(self.run("state.layer"), 999)

    def test_handling(self):
        self.open("edgellm")
        most = self.plan["max_tokens"]
        for selector, value, expected in (("#seq", 40, [40, 0]), ("#past", most - 1, [1, most - 1]), ("#seq-number", most + 5, [most, 0])):
            self.browser.run("const input = document.querySelector(arguments[0]); input.value = arguments[1];"
                             "input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change'));", selector, value)
            self.assertEqual(self.run("[state.seq, state.past]"), expected)
        self.browser.click("#decode")
        self.assertEqual(self.run("[state.seq, state.past]"), [1, most - 1])
        for level, ops in (("llm", "llm.linear"), ("csb", "mvm"), ("accel", "accel.linear")):
            self.browser.click("#level-" + level)
            self.browser.run("selectTask('gate', true)")
            self.assertIn(ops, self.run("byId('task').textContent"))
            self.assertIn("gate", self.run("document.querySelector('.node.chosen').textContent"))
        # What the driver writes to, and what it is called there.
        self.assertIn("InputAddress", self.run("document.querySelector('.registers').textContent"))
        self.assertIn("device.write(mvm::InputChannels, 128);", self.run("document.querySelector('#task pre').textContent"))
        self.browser.type("#search", "softmax" + ENTER)
        self.assertEqual(self.run("state.task"), "probabilities")
        self.assertEqual(self.run("document.querySelectorAll('.node:not(.dim)').length"), 1)
        self.browser.run("document.querySelector('.map[data-name=scores]').dispatchEvent(new Event('click'))")
        self.assertIn("scores", self.run("document.querySelector('.live').textContent"))
        self.assertIn("query", self.run("byId('quantization').textContent"))
        # Nothing but the file.
        self.assertEqual(self.run("performance.getEntriesByType('resource').length"), 0)

    def test_findings(self):
        self.open("broken")
        self.assertFalse(self.run("data.isDriver"))
        self.assertIn("was edited", self.run("byId('edited').textContent"))
        self.assertGreater(self.run("document.querySelectorAll('.finding').length"), 0)
        self.browser.click(".finding button")
        self.assertEqual(self.run("state.task"), "query_key_value")
        # The text is no code.
        self.assertIn("</script>", self.run("data.driver.text"))
        self.assertEqual(self.run("document.querySelectorAll('script').length"), 2)

    def test_looks(self):
        for name, page, width, height, scheme in (
            ("light", "chatglm", 1440, 1000, "light"),
            ("dark", "chatglm", 1440, 1000, "dark"),
            ("narrow", "chatglm", 420, 900, "light"),
            ("ohbm-page", "ohbm", 1440, 1000, "light"),
        ):
            self.open(page, width, height, scheme)
            self.browser.run("setCall(600, 100); selectTask('query');")
            self.assertLessEqual(self.run("document.documentElement.scrollWidth"), width)
            self.browser.screenshot(os.path.join(directory, name + ".png"))
            self.browser.run("byId('memory').scrollIntoView(); scrollBy(0, -120);")
            self.browser.screenshot(os.path.join(directory, name + "-memory.png"))


if __name__ == "__main__":
    unittest.main()
