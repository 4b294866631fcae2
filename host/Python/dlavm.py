# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models on boards, through libdlavm.so.

    import dlavm

    with dlavm.Model("driver", on="xdma:/dev/xdma0") as model:
        for piece in model.stream("Once upon a time", max_new_tokens=64,
                                  temperature=0.8, stop=["\n"]):
            print(piece, end="", flush=True)

Text needs a tokenizer in the driver's directory; token ids, [1, 2, 3], do not.
Every failure is a dlavm.Error. A model is used by one thread at a time.
"""

import array
import ctypes
import ctypes.util
import operator
import os

__all__ = ["Error", "Model", "version"]

_OK = 0
_FINISHES = (None, "end", "stop", "length", "context")

_library = None


class Error(Exception):
    """What libdlavm.so says went wrong."""


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("temperature", ctypes.c_double),
        ("top_p", ctypes.c_double),
        ("min_p", ctypes.c_double),
        ("repetition_penalty", ctypes.c_double),
        ("presence_penalty", ctypes.c_double),
        ("frequency_penalty", ctypes.c_double),
        ("seed", ctypes.c_uint64),
        ("top_k", ctypes.c_int32),
        ("max_new_tokens", ctypes.c_int32),
        ("stop", ctypes.POINTER(ctypes.c_char_p)),
        ("stop_count", ctypes.c_size_t),
    ]


def _load_library():
    """The library that $DLAVM_LIBRARY names, the one of this installation, or
    one where libraries are."""
    global _library
    if _library:
        return _library
    here = os.path.dirname(os.path.abspath(__file__))
    near = [os.path.join(here, name) for name in ("libdlavm.so", "../libdlavm.so")]
    path = (
        os.environ.get("DLAVM_LIBRARY")
        or next(filter(os.path.exists, near), None)
        or ctypes.util.find_library("dlavm")
    )
    if not path:
        raise Error("libdlavm.so is not found; the environment variable "
                    "DLAVM_LIBRARY names it")
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise Error(f"libdlavm.so cannot be loaded: {error}") from None

    handle, text = ctypes.c_void_p, ctypes.c_char_p
    size, number = ctypes.c_size_t, ctypes.c_int32
    pointer = ctypes.POINTER

    def declare(name, result, *arguments):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments

    declare("dlavm_get_version", text)
    declare("dlavm_get_error", text)
    declare("dlavm_open", ctypes.c_int, text, text, pointer(handle))
    declare("dlavm_load", ctypes.c_int, handle)
    declare("dlavm_close", None, handle)
    declare("dlavm_get_name", text, handle)
    declare("dlavm_get_max_tokens", number, handle)
    declare("dlavm_get_vocabulary", number, handle)
    declare("dlavm_init_options", ctypes.c_int, pointer(_Options), size)
    declare("dlavm_set_options", ctypes.c_int, handle, pointer(_Options))
    declare("dlavm_get_finish", ctypes.c_int, handle)
    declare("dlavm_prompt", ctypes.c_int, handle, pointer(number), size)
    declare("dlavm_next", ctypes.c_int, handle, pointer(number))
    declare("dlavm_is_end", ctypes.c_int, handle, number)
    declare("dlavm_read_logits", ctypes.c_int, handle, pointer(ctypes.c_float), size)
    declare("dlavm_read_logprobs", ctypes.c_int, handle, pointer(ctypes.c_float), size)
    declare("dlavm_choose", ctypes.c_int, handle, number)
    declare("dlavm_has_tokenizer", ctypes.c_int, handle)
    declare("dlavm_encode", ctypes.c_int, handle, text, ctypes.c_int,
            pointer(pointer(number)), pointer(size))
    declare("dlavm_decode", ctypes.c_int, handle, pointer(number), size,
            pointer(handle), pointer(size))
    declare("dlavm_get_text", ctypes.c_int, handle, ctypes.c_int, pointer(handle),
            pointer(size))
    _library = library
    return library


def version():
    """The version of the library."""
    return _load_library().dlavm_get_version().decode()


def _fail(library):
    raise Error(library.dlavm_get_error().decode(errors="replace"))


def _to_id(value):
    """A token id, which C would cut to 32 bits."""
    try:
        id = operator.index(value)
    except TypeError:
        id = None
    if id is None or not -(2**31) <= id < 2**31:
        raise Error(f"{value!r} is no token id")
    return id


def _to_ids(values):
    try:
        values = None if isinstance(values, (bytes, bytearray)) else list(values)
    except TypeError:
        values = None
    if values is None:
        raise Error("what should be text or token ids is neither")
    ids = [_to_id(value) for value in values]
    return (ctypes.c_int32 * len(ids))(*ids), len(ids)


def _to_text(value, what):
    """The bytes of a text that C takes."""
    if not isinstance(value, str):
        raise Error(f"{what} is {value!r}, and no text")
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        raise Error(f"{what} is not Unicode: {error}") from None
    if b"\0" in data:
        raise Error(f"{what} has a null character at byte "
                    f"{data.index(0)}, which libdlavm.so takes for its end")
    return data


def _to_number(type, value, what):
    """A number that a member of _Options holds."""
    try:
        number = type(value).value
    except TypeError:
        number = None
    if number is None or (type is not ctypes.c_double and number != value):
        raise Error(f"{what} cannot be {value!r}")
    return number


def _to_path(value, what):
    try:
        path = os.fsencode(value)
    except TypeError:
        raise Error(f"{what} is {value!r}, and no path") from None
    if b"\0" in path:
        raise Error(f"{what} has a null character")
    return path


class Model:
    """The driver of a directory on a device, and a conversation."""

    def __init__(self, directory, on="simulator", load=True):
        """Compiles the driver, opens the device that `on` names as the option
        --on of dlavm-host does, and loads the parameters; without `load`, the
        device must have them still."""
        self._library = _load_library()
        self._model = ctypes.c_void_p()
        self._check(self._library.dlavm_open(_to_path(directory, "directory"), _to_path(on, "on"),
                                             ctypes.byref(self._model)))
        try:
            if load:
                self._check(self._library.dlavm_load(self._model))
        except BaseException:
            self.close()
            raise

    def close(self):
        """Gives the device back; the model is of no use any more."""
        if getattr(self, "_model", None):
            self._library.dlavm_close(self._model)
            self._model = None

    def _get_model(self):
        if not self._model:
            raise Error("the model is closed")
        return self._model

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def _check(self, status):
        if status != _OK:
            _fail(self._library)

    @property
    def name(self):
        return self._library.dlavm_get_name(self._get_model()).decode()

    @property
    def max_tokens(self):
        """The largest context."""
        return self._library.dlavm_get_max_tokens(self._get_model())

    @property
    def vocabulary(self):
        """Ids are 0 to one less."""
        return self._library.dlavm_get_vocabulary(self._get_model())

    def prompt(self, ids, **options):
        """The conversation is these ids now. What it has in common with the one
        before is not computed again. `options` are those of `stream`."""
        self._set_options(**options)
        self._check(self._library.dlavm_prompt(self._get_model(), *_to_ids(ids)))

    def _set_options(self, *, stop=(), **numbers):
        options = _Options()
        self._check(self._library.dlavm_init_options(ctypes.byref(options),
                                                     ctypes.sizeof(options)))
        types = dict(_Options._fields_[1:-2])
        for name, value in numbers.items():
            if name not in types:
                raise Error(f"there is no option {name}; there are "
                            f"{', '.join(types)}, stop")
            if value is not None:
                setattr(options, name, _to_number(types[name], value, name))
        texts = [_to_text(text, "a stop string")
                 for text in ([stop] if isinstance(stop, str) else stop)]
        options.stop = (ctypes.c_char_p * len(texts))(*texts)
        options.stop_count = len(texts)
        self._check(self._library.dlavm_set_options(self._get_model(), ctypes.byref(options)))

    @property
    def finish(self):
        """Why the answer has ended: "end" with a token that ends a text, "stop"
        before a stop string, "length" with max_new_tokens, "context" where that
        is full; None if it goes on."""
        return _FINISHES[self._library.dlavm_get_finish(self._get_model())]

    def next(self):
        """Computes a token, chooses it by the options of the prompt, appends it
        to the conversation and returns it."""
        id = ctypes.c_int32()
        self._check(self._library.dlavm_next(self._get_model(), ctypes.byref(id)))
        return id.value

    def is_end(self, id):
        """Whether the token ends a text, by the model's checkpoint."""
        return bool(self._library.dlavm_is_end(self._get_model(), _to_id(id)))

    def logits(self):
        """The logits that the last token was chosen from, an array of floats."""
        return self._read_floats(self._library.dlavm_read_logits)

    def logprobs(self):
        """The same as natural logarithms of probabilities: what the model says,
        before the options change it."""
        return self._read_floats(self._library.dlavm_read_logprobs)

    def _read_floats(self, function):
        values = array.array("f", bytes(4 * self.vocabulary))
        buffer = (ctypes.c_float * len(values)).from_buffer(values)
        self._check(function(self._get_model(), buffer, len(values)))
        return values

    def choose(self, id):
        """Replaces the last token."""
        self._check(self._library.dlavm_choose(self._get_model(), _to_id(id)))

    @property
    def has_tokenizer(self):
        return bool(self._library.dlavm_has_tokenizer(self._get_model()))

    def encode(self, text, add_special=False):
        """The ids of a text; with `add_special`, and of what the tokenizer puts
        around one, such as BOS."""
        data = _to_text(text, "the text")
        ids, count = ctypes.POINTER(ctypes.c_int32)(), ctypes.c_size_t()
        self._check(self._library.dlavm_encode(self._get_model(), data, int(add_special),
                                               ctypes.byref(ids), ctypes.byref(count)))
        return ids[:count.value]

    def decode(self, ids):
        """The text of tokens, without special ones."""
        return self._take_text(self._library.dlavm_decode, *_to_ids(ids))

    def _take_text(self, function, *arguments):
        text, size = ctypes.c_void_p(), ctypes.c_size_t()
        self._check(function(self._get_model(), *arguments, ctypes.byref(text),
                             ctypes.byref(size)))
        data = ctypes.string_at(text.value, size.value)
        return data.decode(errors="replace")

    def stream(self, prompt, max_new_tokens=None, choose=None, **options):
        """Yields what follows `prompt` as soon as it is known: pieces of text, of
        whole characters, where the prompt is text, and ids where it is ids. It
        ends with a token that ends a text, before a text of the list `stop`,
        with `max_new_tokens`, or where the context is full; `finish` says why.

        By default each token is the one with the largest logit. These options
        change that, in this order: `repetition_penalty`, `presence_penalty`,
        `frequency_penalty`, `temperature` (0 takes the largest), `top_k`,
        `top_p`, `min_p`; `seed` makes answers the same each time. dlavm.h says
        what they are. Or `choose` is called with the logits, and returns the id
        of each token."""
        is_text = isinstance(prompt, str)
        if options.get("stop") and not is_text:
            raise Error("stop strings are for prompts that are text")
        self.prompt(self.encode(prompt, add_special=True) if is_text else prompt,
                    max_new_tokens=max_new_tokens, **options)
        while not self.finish:
            token = self.next()
            if choose:
                token = _to_id(choose(self.logits()))
                self.choose(token)
            if is_text:
                piece = self._take_text(self._library.dlavm_get_text, False)
                if piece:
                    yield piece
            else:
                yield token

    def generate(self, prompt, max_new_tokens=None, choose=None, **options):
        """All that stream yields: a text, or a list of ids."""
        pieces = list(self.stream(prompt, max_new_tokens, choose, **options))
        return "".join(pieces) if isinstance(prompt, str) else pieces
