"""Reads what dlavm report wrote into a directory with parsers that know nothing of it: formats_test.py DIRECTORY."""

import json
import os
import re
import sys
import xml.etree.ElementTree

directory = sys.argv[1]


def read(name):
    with open(os.path.join(directory, name)) as file:
        return file.read()


STRING = r'"(?:[^"\\]|\\.)*"'


def parse_dot(text):
    """The nodes with their labels, and the edges."""
    tokens = re.findall(STRING + r"|->|\w+|[{}\[\];=,]", text)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", "", text), "text that is no token"
    assert tokens.count("{") == tokens.count("}")
    nodes = dict(re.findall(rf"^ *(n\d+) \[label=({STRING}), shape=\w+\];$", text, re.M))
    edges = re.findall(rf"^ *(n\d+) -> (n\d+) \[label={STRING}(?:, style=dashed, constraint=false)?\];$", text, re.M)
    lines = [line for line in text.splitlines() if re.match(r" *n\d+ ", line)]
    assert len(lines) == len(nodes) + len(edges), "a line that is neither node nor edge"
    return nodes, edges


def parse_prototxt(text):
    """Messages as lists of fields, the text format of protocol buffers."""
    tokens = re.findall(STRING + r"|[\w.]+|[:{}]", text)
    position = 0

    def message():
        nonlocal position
        fields = []
        while position < len(tokens) and tokens[position] != "}":
            name = tokens[position]
            assert re.fullmatch(r"[A-Za-z_]\w*", name), name
            if tokens[position + 1] == "{":
                position += 2
                fields.append((name, message()))
                assert tokens[position] == "}"
                position += 1
            else:
                assert tokens[position + 1] == ":", name
                fields.append((name, json.loads(tokens[position + 2])))
                position += 3
        return fields

    result = message()
    assert position == len(tokens), "text behind the end"
    return result


nodes, edges = parse_dot(read("accel.dot"))
for edge in edges:
    assert set(edge) <= set(nodes), edge

svg = xml.etree.ElementTree.fromstring(read("accel.svg"))
space = "{http://www.w3.org/2000/svg}"
boxes = [node for node in svg.iter(space + "rect") if node.get("class") == "node"]
assert len(boxes) == len(nodes)
paths = [path.get("d") for path in svg.iter(space + "path")]
assert len(paths) == len(edges)
for path in paths:
    assert re.fullmatch(r"M[-\d. ]+([CVHQ][-\d. ]+)+", path), path
# No box on another, none outside the picture.
places = [[float(box.get(key)) for key in ("x", "y", "width", "height")] for box in boxes]
for i, (x, y, width, height) in enumerate(places):
    assert x >= 0 and y >= 0 and x + width <= float(svg.get("width")) and y + height <= float(svg.get("height"))
    for u, v, w, h in places[:i]:
        assert x + width <= u or u + w <= x or y + height <= v or v + h <= y, "nodes overlap"

net = parse_prototxt(read("accel.prototxt"))
assert net[0] == ("name", "model"), net[0]
layers = [dict(tops=[value for key, value in fields if key == "top"], bottoms=[value for key, value in fields if key == "bottom"])
          for name, fields in net[1:] if name == "layer"]
assert len(layers) == len(net) - 1 == len(nodes)
known = set()
for layer in layers:
    assert set(layer["bottoms"]) <= known, "what a later layer makes"
    assert len(layer["tops"]) == 1 and not known & set(layer["tops"])
    known.update(layer["tops"])
assert sum(len(layer["bottoms"]) for layer in layers) == len([edge for edge in edges if int(edge[0][1:]) < int(edge[1][1:])])

# A slice for each start, in order, without gaps, with its accesses; those of a task take what is estimated.
events = json.loads(read("trace.json"))["traceEvents"]
starts = [(event["name"], event["args"]["layer"], event["args"]["accesses"]) for event in events if event["ph"] == "X" and event["tid"] == 2]
expected = []
for line in read("trace.txt").splitlines():
    if line.startswith("# task "):
        _, _, layer, name = line.split()
        expected.append([name, int(layer), 0])
    elif not line.startswith("#"):
        expected[-1][2] += 1
assert starts == [tuple(start) for start in expected], "not the starts of the driver"
time = 0
for event in events:
    if event["ph"] == "X" and event["tid"] == 2:
        assert abs(event["ts"] - time) < 1e-6
        time += event["dur"]
for task in json.loads(read("estimate.json"))["tasks"]:
    durations = [event["dur"] for event in events if event["ph"] == "X" and event["tid"] == 2 and event["name"] == task["name"]]
    # Slices have whole nanoseconds.
    assert abs(sum(durations) - task["microseconds"]) <= 1e-3 * len(durations), task["name"]
layers = [event for event in events if event["ph"] == "X" and event["tid"] == 1]
assert [event["name"] for event in layers] == ["layer 0", "layer 1"]
assert layers[0]["ts"] == 0 and abs(layers[0]["dur"] - layers[1]["ts"]) < 1e-6

# Of instruction blocks, the tasks take no access; what the host does for a block stands beside them.
estimate = {task["name"]: task for task in json.loads(read("blocks-estimate.json"))["tasks"]}
slices = [event for event in json.loads(read("blocks.json"))["traceEvents"] if event["ph"] == "X"]
blocks = [event for event in slices if event["tid"] == 3]
starts = [event for event in slices if event["tid"] == 2]
assert [event["name"] for event in blocks] == ["instructions"] * 3
assert sum(task["starts"] for task in estimate.values()) == len(starts) == 32
assert estimate["instructions"]["transfers"] == 1 and estimate["instructions"]["writes"] == 12
for name, task in estimate.items():
    durations = [event["dur"] for event in starts if event["name"] == name]
    assert len(durations) == task["starts"], name
    if task["starts"]:
        assert abs(sum(durations) - task["microseconds"]) <= 1e-3 * len(durations), name
    assert sum(event["args"]["accesses"] for event in starts if event["name"] == name) == (task["writes"] + task["polls"] if task["starts"] else 0)
inside = [[event for event in starts if block["ts"] <= event["ts"] and event["ts"] + event["dur"] <= block["ts"] + block["dur"] + 1e-6] for block in blocks]
assert sum(map(len, inside)) == 31 and starts[-1]["name"] == "lm_head"
of_host = sum(block["dur"] - sum(event["dur"] for event in tasks) for block, tasks in zip(blocks, inside))
assert abs(of_host - estimate["instructions"]["microseconds"]) <= 1e-3 * len(slices)
end = max(event["ts"] + event["dur"] for event in slices)
assert abs(end - sum(task["microseconds"] for task in estimate.values())) <= 1e-3 * len(slices)
