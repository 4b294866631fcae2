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


def run_tool(command, name, *options):
    command = ["dlavm", command, os.path.join(directory, name), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def trace(name, seq, past, decodes=False):
    """The starts of a call: [(layer, task, [(register, value)], [...])], and the writes between them, which come
    behind those of the start before."""
    starts = [(-1, None, [], [])]
    isRunning = False
    options = [f"--past={past}", "--decode"] if decodes else [f"--seq={seq}", f"--past={past}"]
    for line in run_tool("trace", name, *options).splitlines():
        if line.startswith("# task "):
            _, _, layer, task = line.split()
            starts.append((int(layer), task, [], []))
            isRunning = True
        elif line[0] in "WP":
            kind, register, value = line.split()
            starts[-1][2 if isRunning else 3].append((int(register), int(value)))
            isRunning = isRunning and kind == "W"
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

    def has_decode(self):
        return any(function["name"] == "decode" for function in self.plan["functions"])

    def get_calls(self):
        most = self.plan["max_tokens"]
        return [(1, 0), (19, 0), (most, 0), (1, most - 1), (33, 7), (most // 2, most // 4)]

    def check_values(self, name, calls=None):
        self.open(name)
        self.assertTrue(self.run("data.isDriver"))
        layers = max(entry["layers"] for entry in self.plan["objects"])
        for seq, past in calls or self.get_calls():
            starts = trace(name, seq, past, seq == 1 and self.has_decode())
            counted = self.run(f"(({{tasks, total}}) => [total, [...tasks]])(countAccesses({seq}, {past}))")
            self.assertEqual(counted[0]["writes"] + counted[0]["polls"], sum(len(start[2]) + len(start[3]) for start in starts))
            del starts[0]
            self.assertEqual(counted[0]["starts"], len(starts))
            self.assertEqual({task: count["starts"] for task, count in counted[1] if task},
                             collections.Counter(start[1] for start in starts))
            for layer in {0, layers - 1}:
                expected = {}
                for at, task, accesses, _ in starts:
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

    def check_close(self, found, expected, what=None):
        """Equal but for the order in which numbers were added."""
        self.assertLessEqual(abs(found - expected), 1e-9 * abs(expected), what)

    def check_times(self, name, calls, *options):
        """What the page computes is what dlavm estimate finds in the compiled driver."""
        self.open(name)
        for seq, past in calls:
            expected = json.loads(run_tool("estimate", name, f"--seq={seq}", f"--past={past}", "--json", *options))
            tasks, total, rates, least = self.run(
                f"(({{tasks, total}}) => [[...tasks].map(([name, task]) => ({{...task, name, bound: getBound(task)}})), total,"
                f" getThroughput({seq}, {past}), getRoofline(total)])(countAccesses({seq}, {past}))")
            self.assertEqual([task["name"] for task in tasks], [task["name"] for task in expected["tasks"]])
            memories = self.run("data.memories.map((memory) => memory.name)")
            for found, task in zip(tasks, expected["tasks"]):
                for key in ("starts", "writes", "polls", "transfers", "bound"):
                    self.assertEqual(found[key], task[key], (task["name"], key))
                self.check_close(found["hostTime"] * 1e6, task["host_microseconds"], task["name"])
                self.assertEqual(dict(zip(memories, found["bytes"])), task["bytes"], task["name"])
                self.assertEqual(found["operations"], task["operations"], task["name"])
                self.check_close(found["time"] * 1e6, task["microseconds"], task["name"])
            self.check_close(total["time"] * 1e3, expected["milliseconds"])
            self.check_close(least / total["time"], expected["roofline_fraction"])
            for kind in ("prefill", "decode"):
                rate = expected.get(kind + "_tokens_per_second")
                if rate is None:
                    self.assertIsNone(rates[kind])
                else:
                    self.check_close(rates[kind], rate)

    def check_kept(self, name, seq, past, usesRun=False):
        """What a start writes and what it finds is what the registers hold."""
        starts = trace(name, seq, past, seq == 1 and not usesRun)
        file, layers, number_kept = {}, collections.Counter(), 0
        file.update(starts.pop(0)[3])
        for layer, task, accesses, between in starts:
            file.update(accesses[:-1])
            index = layers[layer, task]
            layers[layer, task] += 1
            written, kept = self.browser.run(
                """const [task, layer, start, seq, past, usesRun] = arguments;
                Object.assign(state, {task, layer, start, seq, past, usesRun});
                const found = getStart(task, layer, start, seq, past, usesRun);
                const number = (access) => [data.tables[access.table].registers[access.register].number, access.value];
                return [found.accesses.filter((access) => !access.isPoll).map(number), getKeptAccesses(found, layer).map(number)];""",
                task, max(layer, 0), index, seq, past, usesRun)
            self.assertEqual([tuple(access) for access in written], accesses[:-1])
            for register, value in kept:
                self.assertEqual(value, file[register], (layer, task, register))
            number_kept += len(kept)
            file.update(between)
        return number_kept

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
                self.check_times(name, [(19, 0), (33, 7), (1, 100)])
                self.check_memory(name)
                self.check_lines(name)

    def test_large(self):
        self.check_memory("chatglm")
        self.assertEqual(self.run("getPeak((map) => bufferBytes(map, 2048, 0)).peak"), 570425344)
        self.assertEqual(self.run("countAccesses(2048, 0).total.writes"), 259832)
        self.assertEqual(self.run("countAccesses(1, 2047).total.writes"), 10744)
        self.check_times("chatglm", [(128, 0), (1, 128)], "--pcie-latency=1e-6")
        self.browser.run("setCall(1, 128); update();")
        self.assertEqual(self.run("byId('call-time').textContent"), "25.4 ms")
        # By time: the heaviest task stands first.
        rows = "[...document.querySelectorAll('#tasks tbody tr.pick:not([hidden])')].map((row) => row.dataset.task)"
        self.assertEqual(self.run(rows)[0], "down")
        self.browser.click("#order-program")
        self.assertEqual(self.run(rows)[0], "input_norm")
        # Latency can be changed; roofs are the rates of the device.
        self.browser.run("byId('latency').value = 0; byId('latency').dispatchEvent(new Event('change')); update();")
        self.assertEqual(self.run("byId('call-time').textContent"), "14.2 ms")
        self.assertEqual(self.run("byId('decode-rate').textContent"), "70.7")
        self.assertEqual(self.run("rates"), {"memories": [512 * 280e6 / 8, 8192 * 280e6 / 8], "operations": 2 * 128 * 32 * 280e6})
        # What was typed stands there.
        for typed in ("99999", "0.1", "0.7", "1.1", "123.456"):
            self.browser.run("byId('latency').value = arguments[0]; byId('latency').dispatchEvent(new Event('change'));", typed)
            self.assertEqual(self.run("byId('latency').value"), typed)
        self.browser.run("byId('latency').value = 0; byId('latency').dispatchEvent(new Event('change')); update();")
        # No task is nearer to its roof than its point to the roofs that are drawn.
        for name, share, point in self.run("[...current.tasks].filter(([name, task]) => getPoint(task)).map(([name, task]) => [name, getRoof(task), getPoint(task)])"):
            self.assertLessEqual(share, 1 + 1e-9, name)
            self.assertGreaterEqual(share, point["y"] / (2 * 128 * 32 * 280e6) - 1e-9, name)
        self.assertLess(self.run("getRoof(current.tasks.get('attention'))"), 0.5)
        # The call lies on the lines of the throughput.
        for seq, past in ((128, 0), (1, 777)):
            self.browser.run("setCall(...arguments); update(); drawThroughput();", seq, past)
            for points, x, y in self.run("[...document.querySelectorAll('#throughput svg')].filter((svg) => svg.querySelector('circle.now')).map((svg) => "
                                         "[svg.querySelector('.curve-line').getAttribute('d').slice(1).split('L').map((point) => point.split(' ').map(Number)),"
                                         " ...['cx', 'cy'].map((key) => Number(svg.querySelector('circle.now').getAttribute(key)))])"):
                self.assertLess(min(abs(u - x) + abs(v - y) for u, v in points), 0.2, (seq, past))
        # Each task that moves bytes and computes is a point.
        points = self.run("[...document.querySelectorAll('#roofline .point')].map((point) => point.dataset.task)")
        self.assertEqual(set(points), {task["name"] for task in self.plan["tasks"]})
        self.assertEqual(len(points), len(set(points)))

    def test_effects(self):
        """A pass less or more is what compiling without or with it makes."""
        for name, other, change, calls in (("kept", "unkept", "csb-eliminate-redundant-writes", [(40, 7), (1, 9)]),
                                           ("chatglm", "sliced", "accel-stream-ffn", [(1024, 0)])):
            self.open(name)
            with open(os.path.join(directory, other, "plan.json")) as file:
                maps = [buffer for buffer in json.load(file)["buffers"] if buffer["live"]]
            for seq, past in calls:
                self.browser.run("setCall(...arguments); update();", seq, past)
                effect = self.browser.run("const {own, passes} = getEffects(); const row = passes.find((row) => row.pass === arguments[0]);"
                                          "return [row.call, row.arena, own.call, own.arena, row.isInDriver];", change)
                self.assertEqual(effect[4], change in self.plan["optimizations"]["passes"])
                expected = json.loads(run_tool("estimate", other, f"--seq={seq}", f"--past={past}", "--json"))
                self.assertEqual(effect[0]["writes"], sum(task["writes"] for task in expected["tasks"]))
                self.assertEqual(effect[0]["starts"], sum(task["starts"] for task in expected["tasks"]))
                self.assertEqual(effect[1], max(map["address"] + map["bytes"] for map in maps) - min(map["address"] for map in maps))
                self.assertNotEqual(effect[:2], effect[2:4])
                row = f"document.querySelector('#effect tr[data-pass={change}]').textContent"
                self.browser.run("drawEffects()")
                self.assertIn(("without " if effect[4] else "with ") + change, self.run(row))

    def test_kept_registers(self):
        self.check_values("kept", [(19, 0), (1, 5)])
        self.check_times("kept", [(19, 0), (1, 5)], "--measured=" + os.path.join(directory, "times.csv"))
        for call in ((1, 5), (1, 5, True), (19, 3)):
            with self.subTest(call):
                self.assertGreater(self.check_kept("kept", *call), 100)
        # Beside decode stands run.
        self.browser.run("setCall(1, 5); setFunction(false); update(); selectTask('gate');")
        self.assertIn("kept from starts before", self.run("byId('task').textContent"))
        decode = self.run("current.total.writes")
        self.browser.click("#uses-run")
        self.browser.run("update()")
        self.assertGreaterEqual(self.run("current.total.writes"), decode)
        self.browser.click("#level-decode")
        self.assertIn("gate", self.run("document.querySelector('.node.chosen').textContent"))
        # What run --compare has written.
        self.assertIn("0 of ", self.run("byId('comparison').textContent"))

    def test_blocks(self):
        """Tokens from instruction blocks: accesses are those of the host, starts those of its blocks."""
        for name, calls in (("blocks", [(1, 0), (19, 0)]), ("buffers", [(1, 0), (1, 1), (1, 255)]), ("variants", [(1, 1023), (1, 1024), (1, 2047)])):
            with self.subTest(name):
                self.check_times(name, calls, "--pcie-latency=1e-6")
                self.browser.run("setCall(1, 128); update(); drawThroughput(); drawEffects();")
                expected = json.loads(run_tool("estimate", name, "--past=128", "--json", "--pcie-latency=1e-6"))
                self.assertEqual(self.run("byId('decode-rate').textContent"), f"{expected['decode_tokens_per_second']:,.1f}")
                # The point on the line is that of the call.
                self.assertEqual(self.run("[...document.querySelectorAll('#throughput text.now')].at(-1).textContent"),
                                 f"{expected['decode_tokens_per_second']:,.1f}")
                # What the driver does, by the effect of each pass.
                own = self.run("(({own}) => own.call)(getEffects())")
                for key in ("starts", "writes", "polls", "transfers"):
                    self.assertEqual(own[key], sum(task[key] for task in expected["tasks"]), key)
                self.check_close(own["time"] * 1e3, expected["milliseconds"])
                self.assertIn(f"{own['writes']:,}", self.run("document.querySelector('#effect tr.own').textContent"))
                if name != "variants":
                    transfers = self.run("getEffects().passes.filter((row) => row.call).map((row) => row.call.transfers)")
                    self.assertEqual(set(transfers), {1})
                # run is what run would do.
                self.browser.click("#uses-run")
                self.browser.run("update()")
                self.assertGreater(self.run("current.total.writes"), own["writes"])
                self.assertEqual(self.run("current.total.transfers"), 0)
                # The words of a task are the registers of its start.
                self.browser.click("#uses-decode")
                self.browser.run("update(); selectTask('gate');")
                self.assertTrue(self.run("Boolean(byId('in-block'))"))
        # Those of direct mode.
        self.open("blocks")
        for layer, task, accesses, _ in trace("edgellm", 1, 77, True)[1:]:
            found = self.run(f"getStart('{task}', {max(layer, 0)}, 0, 1, 77).accesses.map((access) => "
                             "[data.tables[access.table].registers[access.register].number, access.value])")
            self.assertEqual([tuple(access) for access in found], accesses, task)
        self.browser.click("#level-decode")
        self.assertEqual(self.run("graph().nodes.map((node) => node.task)"), ["instructions", "lm_head"])
        self.browser.run("setCall(1, 9); update(); selectTask('instructions');")
        self.assertIn("device.write(block::Tasks, 31);", self.run("document.querySelector('#task pre').textContent"))

    def test_on_chip(self):
        self.check_times("chip", [(1, 5), (19, 0)])

    def test_slices(self):
        self.check_memory("streamed")
        self.assertEqual(self.run("getPeak((map) => bufferBytes(map, 2048, 0)).peak"), 83886080)

    def test_1000_layers(self):
        self.check_values("deep", [(1, 5), (40, 0)])
        self.assertEqual(self.run("data.layers"), 1000)
        self.check_times("deep", [(40, 0), (1, 5)])
        # Layers are counted, not run.
        self.assertLess(self.run("performance.getEntriesByType('navigation')[0].loadEventEnd"), 5000)
        self.assertEqual(self.run("data.levels.accel.groups.map((group) => group.detail)"), ["1000 times"])
        size = {name: os.path.getsize(os.path.join(directory, name + ".html")) for name in ("deep", "edgellm")}
        self.assertLess(size["deep"], 1.05 * size["edgellm"])
        self.browser.run("const start = performance.now(); for (let past = 0; past < 20; ++past) countAccesses(1, past); window.spent = performance.now() - start;")
        self.assertLess(self.run("spent"), 1000)
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
            for part in ("memory", "tasks", "roofline", "effect"):
                self.browser.run("byId(arguments[0]).scrollIntoView(); scrollBy(0, -120);", part)
                self.browser.screenshot(os.path.join(directory, f"{name}-{part}.png"))
            # No name of a point covers another or leaves the picture.
            boxes = self.run("[...document.querySelectorAll('#roofline text.point-name')].map((text) => (({x, y, width, height}) => [x, y, width, height])(text.getBBox()))")
            self.assertGreater(len(boxes), 3)
            across = self.run("document.querySelector('#roofline svg').clientWidth")
            for i, (x, y, w, h) in enumerate(boxes):
                self.assertTrue(0 <= x and x + w <= across)
                for u, v, p, q in boxes[:i]:
                    self.assertTrue(x + w <= u + 1 or u + p <= x + 1 or y + h <= v + 3 or v + q <= y + 3, (boxes[i], (u, v, p, q)))


if __name__ == "__main__":
    unittest.main()
