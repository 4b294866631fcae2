# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stops commands while they run a compiler that has no end, or write a large file.

    signals.py DIRECTORY CONFIG
"""
import os
import shutil
import signal
import subprocess
import sys
import time

LIMIT = 60


def wait_for(condition, what):
    end = time.time() + LIMIT
    while not condition():
        assert time.time() < end, what
        time.sleep(0.005)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start(*command, ignored=(), **options):
    def set_signals():
        # Tests may run in the background, where SIGINT is ignored.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            preexec_fn=set_signals, **options)


def stop(process, number):
    process.send_signal(number)
    code = process.wait(timeout=LIMIT)
    assert code == -number, code


def main(directory, config):
    shutil.rmtree(directory, ignore_errors=True)
    temporary = os.path.join(directory, "tmp")
    driver = os.path.join(directory, "driver")
    os.makedirs(temporary)
    os.environ.update(TMPDIR=temporary, DLAVM_DRIVER_CACHE="")
    subprocess.run(["dlavm", "compile", config, "--device=edgellm-20241128", "-o", driver], check=True)

    # A compiler of two processes, as real ones are.
    compiler, pids = os.path.join(directory, "compiler"), os.path.join(directory, "pids")
    with open(compiler, "w") as file:
        file.write(f"#!/bin/sh\nsleep 1000 &\necho $$ $! > {pids}.new\nmv {pids}.new {pids}\nwait\n")
    os.chmod(compiler, 0o755)
    slow = dict(os.environ, CXX=compiler)

    def start_slow(**options):
        if os.path.exists(pids):
            os.remove(pids)
        process = start("dlavm", "trace", driver, "--seq=1", env=slow, **options)
        wait_for(lambda: os.path.exists(pids), "the compiler does not start")
        with open(pids) as file:
            return process, file.read().split()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        process, compilers = start_slow()
        assert os.listdir(temporary)
        stop(process, number)
        wait_for(lambda: not any(map(is_alive, compilers)), "the compiler lives on")
        after = ""
        if number == signal.SIGKILL:
            subprocess.run(["dlavm", "trace", driver, "--seq=1"], check=True, stdout=subprocess.DEVNULL)
            after = " after the next command"
        print(f"{number.name}: compiler gone, {len(os.listdir(temporary))} temporary files{after}")

    process, compilers = start_slow(ignored=[signal.SIGHUP])
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None and os.listdir(temporary)
    print("SIGHUP is ignored where it was")
    stop(process, signal.SIGTERM)

    model = os.path.join(directory, "model")
    for number, after in ((signal.SIGTERM, ""), (signal.SIGKILL, " after the next command")):
        process = start("dlavm", "make-model", "--architecture=llama", "--hidden=2048", "--layers=8", "-o", model)
        wait_for(lambda: os.path.isdir(model) and any(map(os.listdir, [
            os.path.join(model, name) for name in os.listdir(model)])), "nothing is written")
        stop(process, number)
        if after:
            assert subprocess.run(["dlavm", "interpret", model, "--ids=1"], capture_output=True).returncode == 1
        print(f"make-model: {'something' if os.listdir(model) else 'nothing'} left{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
