# Renders chat templates with jinja2, as transformers does. It reads requests, a line of JSON each,
#
#     {"template": "...", "messages": [...] or null, "variables": {"bos_token": "<s>", ...}}
#
# and answers each with a line: {"text": "..."}, or {"error": "...", "line": n}, where the line is null
# if none is to blame. Without messages, the template is only compiled. It ends with its input.
import datetime
import fcntl
import json
import os
import resource
import select
import signal
import sys
import traceback


def reply(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def end_when_alone(on):
    """Lets the kernel end this process, whatever it computes, when the other end of the socket is closed.

    A line that comes or goes would do that as well, so it is on while a template is rendered only.
    """
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC if on else flags & ~os.O_ASYNC)
    if on:
        other_end = select.poll()
        other_end.register(0, 0)
        if other_end.poll(0):
            sys.exit()


signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGIO, signal.SIG_DFL)
fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
try:
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment
except ImportError as error:
    reply({"missing": str(error)})
    sys.exit(1)
# A template that makes texts without end fails before the machine does.
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


class Generation(Extension):
    """What the model writes, marked for training: {% generation %}."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def strftime_now(form):
    return datetime.datetime.now().strftime(form)


# jinja2's own filter escapes characters of HTML.
def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = strftime_now
templates = {}


def render(request):
    source = request["template"]
    if source not in templates:
        templates[source] = environment.from_string(source)
    if request["messages"] is None:
        return ""
    return templates[source].render(
        messages=request["messages"],
        tools=None,
        documents=None,
        add_generation_prompt=True,
        **request["variables"],
    )


def find_line(error):
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    line = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == "<template>":
            line = frame.lineno
    return line


for request in sys.stdin:
    end_when_alone(True)
    try:
        answer = {"text": render(json.loads(request))}
    except Exception as error:
        message = str(error) or type(error).__name__
        if isinstance(error, RecursionError):
            message = "the template calls itself without end"
        elif isinstance(error, MemoryError):
            message = "the template takes more than 2 GB of memory"
        answer = {"error": message, "line": find_line(error)}
    end_when_alone(False)
    reply(answer)
