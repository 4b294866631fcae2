# Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models on boards, through libdlavm.so.

    import dlavm

    with dlavm.Model("driver", on="xdma:/dev/xdma0") as model:
        for id in model.stream([1, 2, 3], max_new_tokens=8):
            print(id)

Every failure is a dlavm.Error. A model is used by one thread at a time.
"""

import array
import ctypes
import ctypes.util
import os

__all__ = ["Error", "Model", "version"]

_OK, _CONTEXT_FULL = 0, 3

_library = None


class Error(Exception):
    """What libdlavm.so says went wrong."""


def _load_library():
    """The library that $DLAVM_LIBRARY names, one beside this file, or one
    where libraries are."""
    global _library
    if _library:
        return _library
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libdlavm.so")
    path = (
        os.environ.get("DLAVM_LIBRARY")
        or (beside if os.path.exists(beside) else None)
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
    declare("dlavm_prompt", ctypes.c_int, handle, pointer(number), size)
    declare("dlavm_next", ctypes.c_int, handle, pointer(number), pointer(ctypes.c_int))
    declare("dlavm_read_logits", ctypes.c_int, handle, pointer(ctypes.c_float), size)
    declare("dlavm_choose", ctypes.c_int, handle, number)
    _library = library
    return library


def version():
    """The version of the library."""
    return _load_library().dlavm_get_version().decode()


def _fail(library):
    raise Error(library.dlavm_get_error().decode(errors="replace"))


class Model:
    """The driver of a directory on a device, and a conversation."""

    def __init__(self, directory, on="simulator", load=True):
        """Compiles the driver, opens the device that `on` names as the option
        --on of dlavm-host does, and loads the parameters; without `load`, the
        device must have them still."""
        self._library = _load_library()
        self._model = ctypes.c_void_p()
        self._check(self._library.dlavm_open(os.fsencode(directory), os.fsencode(on),
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
        return self._library.dlavm_get_name(self._model).decode()

    @property
    def max_tokens(self):
        """The largest context."""
        return self._library.dlavm_get_max_tokens(self._model)

    @property
    def vocabulary(self):
        """Ids are 0 to one less."""
        return self._library.dlavm_get_vocabulary(self._model)

    def prompt(self, ids):
        """The conversation is these ids now. What it has in common with the one
        before is not computed again."""
        values = (ctypes.c_int32 * len(ids))(*ids)
        self._check(self._library.dlavm_prompt(self._model, values, len(ids)))

    def next(self):
        """Computes the token with the largest logit and appends it to the
        conversation; returns it, and whether it ends a text."""
        id, is_end = ctypes.c_int32(), ctypes.c_int()
        self._check(self._library.dlavm_next(self._model, ctypes.byref(id),
                                             ctypes.byref(is_end)))
        return id.value, bool(is_end.value)

    def logits(self):
        """The logits that the last token was chosen from, an array of floats."""
        values = array.array("f", bytes(4 * self.vocabulary))
        buffer = (ctypes.c_float * len(values)).from_buffer(values)
        self._check(self._library.dlavm_read_logits(self._model, buffer, len(values)))
        return values

    def choose(self, id):
        """Replaces the last token."""
        self._check(self._library.dlavm_choose(self._model, id))

    def stream(self, prompt, max_new_tokens=None, choose=None):
        """Yields the tokens that follow the ids of `prompt`, each as soon as it
        is known, until one ends the text, `max_new_tokens` are there, or the
        context is full. `choose`, where it is given, is called with the logits
        and returns the id of each token."""
        self.prompt(prompt)
        count = 0
        while max_new_tokens is None or count < max_new_tokens:
            id, is_end = ctypes.c_int32(), ctypes.c_int()
            status = self._library.dlavm_next(self._model, ctypes.byref(id),
                                              ctypes.byref(is_end))
            if status == _CONTEXT_FULL:
                return
            self._check(status)
            token = id.value
            if choose:
                token = choose(self.logits())
                self.choose(token)
            yield token
            count += 1
            if is_end.value:
                return

    def generate(self, prompt, max_new_tokens=None, choose=None):
        """All that stream yields, as a list."""
        return list(self.stream(prompt, max_new_tokens, choose))
