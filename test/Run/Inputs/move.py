"""move.py FILE buffer|object @NAME ADDRESS: the csb module with the symbol moved.

A negative ADDRESS is relative to where the symbol lies."""
import re
import sys

path, kind, name, to = sys.argv[1:]
text = open(path).read()
pattern = re.compile(r"(csb\.%s %s\b.*? at )(\d+)" % (kind, re.escape(name)))
found = pattern.search(text)
if not found:
    sys.exit("no csb.%s %s" % (kind, name))
address = int(to) if int(to) >= 0 else int(found.group(2)) + int(to)
sys.stdout.write(text[: found.start(2)] + str(address) + text[found.end(2) :])
