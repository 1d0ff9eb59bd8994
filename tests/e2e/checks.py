# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a live test: named after their functions, a line each that tests/run counts."""
import os
import re
import subprocess
import sys
import traceback


class Failure(Exception):
    """What the check found is not what it should be."""


class Skip(Exception):
    """This machine cannot try it."""


def expect(what, condition, detail=""):
    if not condition:
        raise Failure("%s: %s" % (what, detail))


class Checks(list):
    """(name, function) of each that it decorates, in their order."""
    def __init__(self, prefix):
        super().__init__()
        self.prefix = prefix

    def __call__(self, function):
        self.append((self.prefix + function.__name__.replace("_", "-"), function))
        return function

    def wanted(self, only):
        return [x for x in self if re.search(only, x[0])]


def told(function):
    """@function, which returns why it failed or "SKIP why", as a check."""
    def run_told(*arguments):
        why = function(*arguments)
        if why and why.startswith("SKIP "):
            raise Skip(why[5:])
        if why:
            raise Failure(why)
    return run_told


def as_uid(uid, function, *arguments, groups=()):
    """The bytes that @function returns in a process of that uid and gid."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writer, function(*arguments))
        except BaseException:   # pylint: disable=broad-exception-caught
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as f:
        out = f.read()
    os.waitpid(pid, 0)
    return out


def attempt(name, function, *arguments):
    """One check, one line; whether it did not fail. More of why goes to standard error."""
    try:
        function(*arguments)
    except Skip as why:
        print("SKIP %s: %s" % (name, why), flush=True)
    except (Failure, RuntimeError, OSError, AttributeError, LookupError, StopIteration,
            ValueError, subprocess.SubprocessError) as e:
        text = str(e) if isinstance(e, Failure) else "%s: %s" % (type(e).__name__, e)
        print("FAIL %s: %s" % (name, " ".join(text.split())[:700]), flush=True)
        print("%s\n%s" % (name, text), file=sys.stderr, flush=True)
        return False
    else:
        print("PASS " + name, flush=True)
    return True
