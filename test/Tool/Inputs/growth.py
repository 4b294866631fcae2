# growth.py FOLDER: compiles chains of ops, the second four times as long as the
# first, and prints whether that takes in proportion, in time and in files. In the
# chain "live" half of the maps are live at once.
import os
import resource
import subprocess
import sys

folder = sys.argv[1]
TYPE = "tensor<1x?x64xf16, #llm.dims<1, seq, 64>>"


def add(i, count):
    return f"llm.add %{i}, %{max(i - 1, 0)} : {TYPE}, {TYPE}"


def live(i, count):
    return f"llm.add %{i}, %{i if 2 * i < count else count - i} : {TYPE}, {TYPE}"


def linear(i, count):
    return f"llm.linear %{i}, @w{i % 8} : {TYPE} -> {TYPE}"


def compile_chain(name, op, count):
    model = os.path.join(folder, f"{name}{count}.mlir")
    with open(model, "w") as file:
        print("module attributes {llm.max_tokens = 16 : i64} {", file=file)
        for i in range(8):
            print(f'llm.parameter @w{i} from "w{i}" : tensor<64x64xi4>', file=file)
        print(f"func.func @model(%0: {TYPE}) -> {TYPE} {{", file=file)
        for i in range(count):
            print(f"%{i + 1} = {op(i, count)}", file=file)
        print(f"return %{count} : {TYPE}\n}}\n}}", file=file)
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = os.path.join(folder, f"{name}{count}")
    command = ["dlavm", "compile", model, "--device=edgellm-20241128", "-o", out]
    subprocess.run(command, check=True)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin
    size = sum(entry.stat().st_size for entry in os.scandir(out))
    return seconds, size


for name, op in ("add", add), ("live", live), ("linear", linear):
    seconds, size = compile_chain(name, op, 2500)
    more_seconds, more_size = compile_chain(name, op, 10000)
    print(name, "time", "grows" if more_seconds > 8 * seconds else "keeps")
    print(name, "size", "grows" if more_size > 6 * size else "keeps")
