#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pins: what gate serve holds fast of the host for containers; a line a check.

usage: tests/e2e/gate_pins_test.py --gate PATH [--only REGEX]

On a real dockerd, as gate_serve_test; see gate/serve/pin.h for what a pin is.
"""
import argparse
import contextlib
import copy
import ctypes
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time

import gatelab
import lab as world
from checks import Checks, Skip, expect
from gate_serve_test import raw_as, refused
from gatelab import BOX, USERS

check = Checks("e2e/gate-pins/")
PINS, NOTES = "/run/seawall/binds/2001/rw/", "/var/lib/seawall/binds/2001/rw/"


def folder(user, name):
    path = "/home/%s/%s" % (user, name)
    os.makedirs(path, exist_ok=True)
    os.chown(path, USERS[user], USERS[user])
    return path


def bind(user, path, **more):
    """The status of a create that binds it."""
    return raw_as(USERS[user], "POST", "/v1.41/containers/create", json.dumps(
        dict({"Image": BOX, "Cmd": ["true"], "HostConfig": {"Binds": [path + ":/d"]}},
             **more)).encode())


def names(path):
    with contextlib.suppress(FileNotFoundError):
        return os.listdir(path)
    return []


def timed(function):
    begin = time.monotonic()
    value = function()
    return value, time.monotonic() - begin


@check
def a_bind_that_cannot_be_pinned_leaves_nothing(lab):
    path = folder("alice", "unbindable")
    world.run("mount", "-t", "tmpfs", "tmpfs", path)
    world.run("mount", "--make-unbindable", path)
    out = refused(lab, "alice", "run", "--rm", "-v", path + ":/d", BOX, "true")
    expect("why", "clone the mount" in out, out)
    expect("no place without a mount", names(PINS) == [], names(PINS))
    expect("and no note of it", names(NOTES) == [], names(NOTES))


@check
def a_pin_that_is_there_is_noted_again(lab):
    path = folder("alice", "noted")
    expect("made", bind("alice", path) == 201)
    expect("noted", ":home:alice:noted" in names(NOTES), names(NOTES))
    os.unlink(NOTES + ":home:alice:noted")
    expect("used again", bind("alice", path) == 201)
    expect("noted again", ":home:alice:noted" in names(NOTES), names(NOTES))


def flags(path):
    """Of the mount at the path."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return next(x.split()[5].split(",") for x in f if x.split()[4] == path)


def load(lab, policy):
    said = lab.said().count("a new policy")
    lab.write_policy(policy)
    lab.gate.send_signal(signal.SIGHUP)
    world.wait_for("the policy", lambda: lab.said().count("a new policy") > said)


@contextlib.contextmanager
def policy_of(lab, **profile):
    """alice's profile has other values meanwhile."""
    other = copy.deepcopy(gatelab.POLICY)
    other["gate"]["profiles"]["developer"].update(profile)
    load(lab, other)
    try:
        yield
    finally:
        load(lab, gatelab.POLICY)


@check
def a_pin_of_a_home_is_none_with_devices(lab):
    """Whichever grant it was made for first: all homes are none."""
    path = folder("alice", "shared-by-profiles")
    with policy_of(lab, binds=["/home"]):
        expect("made", bind("alice", path) == 201)
        before = flags(PINS + ":home:alice:shared-by-profiles")
        expect("as it is", "nosuid" not in before and "nodev" not in before, before)
    expect("used again", bind("alice", path) == 201)
    after = flags(PINS + ":home:alice:shared-by-profiles")
    expect("less than before", "nosuid" in after and "nodev" in after, after)


def restore(lab):
    p = subprocess.run([lab.gate_exe, "restore", "--policy", lab.policy], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return p.returncode, p.stdout


@check
def restore_says_what_it_cannot_read(lab):
    expect("made", bind("alice", folder("alice", "kept")) == 201)
    status, out = restore(lab)
    expect("all is read", status == 0 and "made again, 0 not\n" in out, (status, out))
    count = int(re.search(r"(\d+) made again", out).group(1))
    own = "/var/lib/seawall/binds/2003"
    os.mkdir(own, 0o700)
    with open(own + "/ro", "w", encoding="utf-8"):
        pass
    status, out = restore(lab)
    os.unlink(own + "/ro")
    os.rmdir(own)
    expect("that some is not", status == 2 and "binds/2003/ro" in out, (status, out))
    expect("the others are made", "%d made again" % count in out, (count, out))


class Fuse:
    """A file system with a root alone, which answers until it is told not to.

    linux/fuse.h: requests are fuse_in_header and a body, answers fuse_out_header and one.
    """
    INIT, GETATTR, FORGET, BATCH_FORGET = 26, 3, 2, 42

    def __init__(self, place, uid):
        if not os.path.exists("/dev/fuse"):
            raise Skip("there is no /dev/fuse")
        self.place, self.uid, self.silent = place, uid, False
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        options = "fd=%d,rootmode=40755,user_id=%d,group_id=%d,allow_other" % (
            self.fd, uid, uid)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"hung", place.encode(), b"fuse", 6, options.encode()) != 0:
            raise Skip("mount of FUSE: " + os.strerror(ctypes.get_errno()))
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, opcode):
        if opcode == self.INIT:
            return 0, struct.pack("<IIIIHHI", 7, 31, 65536, 0, 12, 9, 65536) + bytes(40)
        if opcode == self.GETATTR:
            # Valid for no time at all, so that it is asked for each time.
            return 0, struct.pack("<QII6Q10I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                  0o40755, 2, self.uid, self.uid, 0, 4096, 0)
        return -38, b""

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                data = os.read(self.fd, 1 << 17)
                _, opcode, unique = struct.unpack_from("<IIQ", data)
                if self.silent or opcode in (self.FORGET, self.BATCH_FORGET):
                    continue
                error, body = self.answer(opcode)
                os.write(self.fd, struct.pack("<IiQ", 16 + len(body), error, unique) +
                         body)

    def leave(self):
        """From its place; who holds it has it still."""
        world.run("umount", "-l", self.place)

    def end(self):
        """Whoever waits is told that it is gone."""
        with contextlib.suppress(OSError), \
                os.scandir("/sys/fs/fuse/connections") as connections:
            for c in connections:
                with open(c.path + "/abort", "w", encoding="ascii") as f:
                    f.write("1")
        os.close(self.fd)


@check
def a_hung_file_system_blocks_nobody_else(lab):
    path, other = folder("alice", "hung"), folder("bob", "fine")
    fuse = Fuse(path, USERS["alice"])
    world.run("mount", "-t", "fusectl", "fusectl", "/sys/fs/fuse/connections")
    try:
        expect("while it answers", bind("alice", path) == 201)
        fuse.silent = True
        # Whoever asks for it now waits for it.
        waiting = lab.as_user("alice", "docker", "create", "-v", path + ":/d", BOX,
                              "true")
        time.sleep(0.5)
        expect("she waits", waiting.poll() is None)
        status, seconds = timed(lambda: bind("bob", other))
        expect("another user is served at once", status == 201 and seconds < 3,
               (status, seconds))
        status, seconds = timed(lambda: bind("alice", folder("alice", "plain")))
        expect("and so is she, with another folder", status == 201 and seconds < 3,
               (status, seconds))
        # What is pinned there hangs, what is in its place does not.
        fuse.leave()
        status, seconds = timed(lambda: bind("alice", path))
        expect("and with what came in its place", status == 201 and seconds < 3,
               (status, seconds))
    finally:
        fuse.end()
    waiting.kill()
    waiting.wait()


@check
def a_lock_is_not_waited_for_without_end(lab):
    mine, other = folder("alice", "locked"), folder("bob", "free")
    expect("made", bind("alice", mine) == 201)
    fd = os.open("/run/seawall/binds/2001", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        status, seconds = timed(lambda: bind("bob", other))
        expect("another user's pins are not locked", status == 201 and seconds < 3,
               (status, seconds))
        out, seconds = timed(lambda: refused(
            lab, "alice", "run", "--rm", "-v", mine + ":/d", BOX, "true"))
        expect("hers are, for some seconds", 4 < seconds < 20 and "locked" in out,
               (seconds, out))
    finally:
        os.close(fd)
    expect("then no more", bind("alice", mine) == 201)


@check
def the_256_of_a_user_are_enough(lab):
    """Then no other, until root or who removes directories makes room."""
    there = len(names(PINS))        # of other checks
    many = [folder("alice", "many%d" % i) for i in range(256 - there)]
    status = bind("alice", many[0], HostConfig={
        "Binds": ["%s:/d%d" % (path, i) for i, path in enumerate(many)]})
    expect("all that may be", status == 201 and len(names(PINS)) == 256,
           (status, there, len(names(PINS))))
    more = folder("alice", "more")
    out = refused(lab, "alice", "create", "-v", more + ":/d", BOX)
    expect("why", "256 other paths" in out and "gate(8)" in out, out)
    expect("no trace", len(names(PINS)) == 256 and ":home:alice:more" not in names(NOTES))
    expect("those that are there serve on", bind("alice", many[3]) == 201)
    os.rmdir(many[7])
    expect("room again", bind("alice", more) == 201)
    expect("of the removed one's", ":home:alice:more" in names(PINS) and
           ":home:alice:many7" not in names(PINS))
    for path in many[:7] + many[8:]:
        os.rmdir(path)      # room for whoever comes next


@check
def who_is_stopped_with_the_lock_of_all_stops_nobody(lab):
    """"gate run" pins, too, and its user can stop it at any moment (cgroup.freeze)."""
    expect("made", bind("alice", folder("alice", "before")) == 201)
    fd = os.open("/run/seawall", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    try:
        status, seconds = timed(lambda: bind("bob", folder("bob", "during")))
    finally:
        os.close(fd)
    expect("he is served at once", status == 201 and seconds < 3, (status, seconds))


@check
def a_bind_begins_where_its_user_gets_by_himself(lab):
    """Below what policy names: else he sees what a folder above it keeps from him."""
    for path in (folder("alice", "closed"), "/srv/pool/bobs"):
        os.makedirs(path + "/below")
        with open(path + "/below/secret", "w", encoding="utf-8") as f:
            f.write("not hers\n")
        os.chown(path, 0, 0)
        os.chmod(path, 0o700)
    out = refused(lab, "alice", "run", "--rm", "-v", "/home/alice/closed/below:/d", BOX,
                  "cat", "/d/secret")
    expect("why", "a folder above it" in out, out)
    below = "/srv/pool/bobs/below"
    with policy_of(lab, binds=[below]):
        expect("what is named", bind("alice", below) == 201)
    with policy_of(lab, binds=["/srv/pool"], run_as="any"):
        expect("by root", bind("alice", below) == 201)
    with policy_of(lab, binds=["/srv/pool"]):
        expect("by herself", bind("alice", below) == 403)
        os.chown("/srv/pool/bobs", 0, USERS["alice"])
        os.chmod("/srv/pool/bobs", 0o710)
        expect("by her group", bind("alice", below) == 201)


def main():
    return gatelab.run_checks("e2e/gate-pins", check, ARGS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate = os.path.abspath(ARGS.gate)
    sys.exit(main())
