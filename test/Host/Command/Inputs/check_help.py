"""Compares what --help of each command lists with the files that are generated.

    check_help.py SHARE
"""
import re
import subprocess
import sys

share = sys.argv[1]


def read(name):
    with open(f"{share}/{name}") as file:
        return file.read()


def get_help(*command):
    return subprocess.run(
        [*command, "--help"], check=True, capture_output=True, text=True
    ).stdout


for program in ["dlavm", "dlavm-host"]:
    page = read(f"man/man1/{program}.1").replace("\\-", "-")
    bash = read(f"bash-completion/completions/{program}")
    zsh = read(f"zsh/site-functions/_{program}")
    top = get_help(program)
    section = re.split("subcommands:\n", top, flags=re.IGNORECASE)[1]
    commands = re.findall("^  ([a-z][a-z-]*) ", section, re.MULTILINE)
    pages = page.split("\n.SS ")[1:]
    assert sorted(commands) == [text.split("\n")[0] for text in pages], commands
    for text in pages:
        command = text.split("\n")[0]
        options = set(re.findall(r"^  (?:-h,)?(--?[a-zA-Z][a-z-]*)", get_help(program, command), re.MULTILINE))
        # Those of LLVM's libraries are in no page.
        options -= {"--help", "--help-list", "--version", "--color"}
        listed = set(re.findall(r"\\fB(--?[a-zA-Z][a-z-]*)", text))
        assert options == listed, (program, command, options ^ listed)
        words = re.search(rf"^    {command}\) words='([^']*)'", bash, re.MULTILINE)[1]
        assert {w.rstrip("=") for w in words.split()} == options | {"--help"}, command
        arguments = re.search(rf"^  {command}\)\n((?:.*\n)*?)    ;;", zsh, re.MULTILINE)[1]
        assert set(re.findall(r"^      '\*?(--?[a-zA-Z][a-z-]*)", arguments, re.MULTILINE)) == options | {"--help"}, command
