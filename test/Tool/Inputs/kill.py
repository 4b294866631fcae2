# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kills commands at random moments, and looks at what they leave behind.

    kill.py kills DIRECTORY     kills commands
    kill.py writers DIRECTORY   lets two commands write into one directory

Two models, A and B, are compiled into one directory, packed, checked and run.
After each kill the directory must hold what one of them wrote, as a whole, once
the next command has been there, and nothing else: neither there nor where
temporary files are. $DLAVM_TEST_KILLS is the number of kills,
$DLAVM_TEST_ROUNDS that of rounds with two writers.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

DEVICE = "--device=edgellm-20241128"


def call(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def succeed(*command):
    result = call(*command)
    assert result.returncode == 0, (command, result.stderr)


def read_tree(directory):
    """All names below a directory; files with their content."""
    content = {}
    for folder, folders, files in os.walk(directory):
        for name in folders:
            content[os.path.relpath(os.path.join(folder, name), directory)] = None
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content[os.path.relpath(path, directory)] = file.read()
    return content


def find_leftovers(directory):
    return [path for path in read_tree(directory)
            if any(part.startswith(".") for part in path.split(os.sep))]


class Models:
    """Models that differ, with all that the commands make of them."""

    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        self.directory = directory
        for folder in ("tmp", "cache"):
            os.makedirs(self.path(folder))
        os.environ["TMPDIR"] = self.path("tmp")
        self.compiled, self.packed = {}, {}
        # The names of their files are the same.
        for model, seed in (("A", 1), ("B", 2)):
            layers = "1" if model == "A" else "2"
            succeed("dlavm", "make-model", "--architecture=llama", "--context=32", "--vocabulary=64",
                    "--layers=" + layers, f"--seed={seed}", "-o", self.path(model))
            out = self.path("out" + model)
            succeed(*self.compile(model, out))
            self.compiled[model] = read_tree(out)
            succeed(*self.pack(model, out))
            self.packed[model] = read_tree(out)

    def path(self, name):
        return os.path.join(self.directory, name)

    def compile(self, model, out):
        return ("dlavm", "compile", self.path(model), DEVICE, "--namespace=same", "-o", out)

    def pack(self, model, out):
        return ("dlavm", "pack", self.path(model), out)

    def find(self, out):
        """What the directory holds: the model of its driver, and whether it has
        been packed. Files of an earlier packing may lie around."""
        found = read_tree(out)
        assert not find_leftovers(out), find_leftovers(out)
        for model in "AB":
            for kind, expected in (("packed", self.packed), ("compiled", self.compiled)):
                expected = expected[model]
                if all(found.get(name, 0) == text for name, text in expected.items()) and \
                        (kind == "packed") == ("checksums.txt" in found):
                    return model, kind
        raise AssertionError("a mixture: " + ", ".join(sorted(
            name for name in self.compiled["A"] if found.get(name) not in
            (self.compiled["A"].get(name), self.compiled["B"].get(name)))))

    def expect_no_temporaries(self):
        for folder in ("tmp", "cache"):
            assert not find_leftovers(self.path(folder)), find_leftovers(self.path(folder))


def kill_commands(models, kills, rng):
    out = models.path("out")
    succeed(*models.compile("A", out))
    succeed(*models.pack("A", out))
    state = ("A", "packed")
    durations = {}
    died = 0
    while died < kills:
        other = "B" if state[0] == "A" else "A"
        kind = rng.choice(["recompile", "compile", "pack", "check", "run"])
        if kind == "run" and state[1] != "packed":
            kind = "pack"
        command = {
            "recompile": models.compile(state[0], out),
            "compile": models.compile(other, out),
            "pack": models.pack(state[0], out),
            "check": ("dlavm", "check", out, "--seq=1:3", "--execute"),
            "run": ("dlavm", "run", out, "--ids=1", "--max-new-tokens=4",
                    "--logits=" + models.path("logits")),
        }[kind]
        # Without the cache the compiler runs as well.
        os.environ["DLAVM_DRIVER_CACHE"] = models.path("cache") if rng.random() < 0.3 else ""
        number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   # Tests may run in the background.
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        time.sleep(rng.random() * durations.get(kind, 0.1))
        process.send_signal(number)
        errors = process.communicate()[1]
        code = process.returncode
        if code != -number:
            assert code == 0, (command, number, code, errors)
        else:
            died += 1
        if number != signal.SIGKILL and code == -number:
            # These clear up themselves; what is decided may be half done.
            if not os.path.exists(os.path.join(out, ".dlavm-committed")):
                assert not find_leftovers(out), (command, number, find_leftovers(out))
            models.expect_no_temporaries()

        # The next command, which may be any that reads.
        begin = time.time()
        succeed("dlavm", "trace", out, "--seq=1")
        before, state = state, models.find(out)
        models.expect_no_temporaries()
        allowed = {
            "recompile": [before],
            "compile": [before, (other, "compiled")],
            "pack": [before, (before[0], "packed")],
        }.get(kind, [before])
        assert state in allowed, (kind, before, state)
        durations[kind] = 0.9 * durations.get(kind, 0.1) + 0.1 * (
            2 * durations.get(kind, 0.1) if code != 0 else 0.5 * durations.get(kind, 0.1))
        if kind == "run" and code != 0:
            succeed(*command)
            assert not [name for name in os.listdir(models.directory) if name.startswith(".")]
    succeed(*models.pack(state[0], out))
    assert models.find(out) == (state[0], "packed")
    result = call("dlavm", "run", out, "--ids=1", "--max-new-tokens=4", "--compare",
                  "--checkpoint=" + models.path(state[0]))
    assert result.returncode == 0, result.stderr


def write_at_once(models, rounds, rng):
    refused = 0
    for number in range(rounds):
        out = models.path("out")
        shutil.rmtree(out, ignore_errors=True)
        if number % 2:
            # Two packings of one driver.
            succeed(*models.compile("A", out))
            commands = [models.pack("A", out), models.pack("A", out) + ("--scale=search",)]
        else:
            commands = [models.compile("A", out), models.compile("B", out)]
        rng.shuffle(commands)
        processes = []
        for command in commands:
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                              stderr=subprocess.PIPE, text=True))
            time.sleep(rng.random() * 0.02)
        errors = [process.communicate()[1] for process in processes]
        codes = [process.returncode for process in processes]
        assert 0 in codes, errors
        for code, error in zip(codes, errors):
            if code != 0:
                refused += 1
                assert "another command is writing into" in error, error
        if number % 2:
            # Whichever came last is whole.
            result = call("dlavm", "run", out, "--ids=1", "--max-new-tokens=1", "--compare",
                          "--checkpoint=" + models.path("A"))
            assert result.returncode == 0, (result.stdout, result.stderr)
            assert not find_leftovers(out)
        else:
            models.find(out)
    print("refused some" if refused else "refused none")


def main(kind, directory):
    seed = int(os.environ.get("DLAVM_TEST_SEED", random.randrange(1 << 30)))
    print("seed", seed)
    rng = random.Random(seed)
    models = Models(directory)
    if kind == "kills":
        kill_commands(models, int(os.environ.get("DLAVM_TEST_KILLS", 10)), rng)
    else:
        write_at_once(models, int(os.environ.get("DLAVM_TEST_ROUNDS", 6)), rng)
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
