#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate serve's processes: what a connection has, what waits for one, how they end.

usage: tests/e2e/gate_processes_test.py --gate PATH [--only REGEX]

The engine is httplab's. A connection is served by a worker, made for it alone,
and a broker, who may go on to another one. A spare worker waits for its connection.
"""
import argparse
import array
import contextlib
import os
import signal
import socket
import sys
import threading
import time

import gatelab
from checks import Checks, as_uid, attempt, expect
from httplab import (ACL, ATTACH, LIST, UPGRADE, World, ask_as, head, read_all, read_until,
                     status_of)
from lab import wait_for

case = Checks("e2e/gate-processes/")
SPARES = 2
IDLE = 8        # brokers that have no worker
BROKER = 3      # the worker's descriptor; that of its caller is the next


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def descriptors(pid):
    try:
        return sorted(int(x) for x in os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return []


def state(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            return dict(x.rstrip("\n").split(":\t", 1) for x in f)
    except OSError:
        return {"State": "X"}


def is_alive(pid):
    return state(pid)["State"][0] not in "XZ"


def workers(w):
    """(pid, whether it has a caller) of all that are confined already."""
    found = []
    for pid in children(w.gate.pid):
        fds = descriptors(pid)      # none any more, when it is just ending
        if state(pid).get("Seccomp") == "2" and BROKER in fds:
            found.append((pid, BROKER + 1 in fds))
    return found


def brokers(w):
    return [pid for pid in children(w.gate.pid)
            if state(pid).get("Seccomp") == "0" and state(pid)["State"][0] not in "XZ"]


def spares(w):
    """The spare workers, when they are complete and nobody is served."""
    def complete():
        found = workers(w)
        return len(found) == SPARES and not any(x[1] for x in found) and \
            SPARES <= len(brokers(w)) <= SPARES + IDLE and [x[0] for x in found]
    return wait_for("%d spares wait" % SPARES, complete)


def ask(w):
    return w.talk(head(LIST, "Connection: close"))


def ask_as_other(w):
    os.chmod(w.socket, 0o666)
    return status_of(ask_as(2345, w.socket))


def session(w, mode="normal", start=LIST, *fields):
    """A connection that is served and stays, with its worker."""
    w.engine.reset(mode)
    s = w.connect()
    s.sendall(head(start, *fields))
    read_until(s, b"[]" if start == LIST else b"\r\n\r\n")
    return s, next(x[0] for x in workers(w) if x[1])


def expect_confined(worker, fds):
    status = state(worker)
    for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        expect("no capabilities", int(status[key], 16) == 0, (key, status[key]))
    expect("no way back", status["NoNewPrivs"] == "1" and status["Seccomp"] == "2")
    for key in ("Uid", "Gid"):
        expect("nobody", status[key].split() == ["65534"] * 4, status[key])
    expect("no groups", status["Groups"].strip() == "", status["Groups"])
    expect("its descriptors", descriptors(worker) == fds, descriptors(worker))


@case
def none_before_the_first_caller(w):
    expect("an idle gate is one process", children(w.gate.pid) == [])


@case
def worker_is_confined(w):
    s, worker = session(w)
    with s:
        wait_for("the engine's is closed", lambda: BROKER + 2 not in descriptors(worker))
        expect_confined(worker, [0, 1, 2, BROKER, BROKER + 1])


@case
def spare_is_confined_before_it_has_a_caller(w):
    ask(w)
    for worker in spares(w):
        expect_confined(worker, [0, 1, 2, BROKER])
    for broker in brokers(w):
        # Standard ones, the trail, where the connection will come from, and the worker.
        expect("no listening socket, no other's worker",
               len(descriptors(broker)) <= 6, descriptors(broker))


@case
def worker_serves_one_and_ends(w):
    ask(w)
    waiting = spares(w)
    s, worker = session(w)
    with s:
        expect("it was there before", worker in waiting)
    wait_for("it ends", lambda: not is_alive(worker))
    expect("others wait", worker not in spares(w))


@case
def broker_goes_on(w):
    """Who asks again and again has a new worker each time, and no new broker."""
    ask(w)
    spares(w)
    first, seen = set(brokers(w)), set()
    for _ in range(8):
        s, worker = session(w)
        with s:
            expect("of this connection alone", worker not in seen, (worker, seen))
            seen.add(worker)
        spares(w)
    expect("the same brokers", first & set(brokers(w)), (first, brokers(w)))
    expect("no descriptor stays", all(len(descriptors(x)) <= 6 for x in brokers(w)))


@case
def many_at_once_leave_few(w):
    w.engine.reset()
    held = [w.connect() for _ in range(60)]
    for s in held:
        s.sendall(head(LIST))
    for s in held:
        read_until(s, b"[]")
    for s in held:
        s.close()
    spares(w)


@case
def who_it_is_comes_with_the_connection(w):
    """Made for nobody, a spare serves each by his own name: one grant, one none."""
    ask(w)
    for _ in range(SPARES + 1):
        spares(w)
        w.engine.reset()
        expect("root is granted", status_of(ask(w)) == 200)
        spares(w)
        status = ask_as_other(w)
        expect("he is not", status == 403, status)
        last = w.decisions()[-1]
        expect("the trail knows", (last["uid"], last["decision"]) == (2345, "deny"), last)


@case
def spares_go_with_their_policy(w):
    ask(w)
    old = spares(w)
    w.write_policy({"version": 1, "gate": {"profiles": {}, "grants": []}})
    wait_for("they end", lambda: not any(is_alive(x) for x in old))
    status = status_of(ask(w))
    w.write_policy(ACL)
    expect("the next is judged by the new one", status == 403, status)
    wait_for("the first policy is back", lambda: status_of(ask(w)) == 200)


@case
def dead_spares_harm_nobody(w):
    for find in (brokers, spares):
        ask(w)
        spares(w)
        for pid in find(w):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # What ended unused may have no way to live: the next caller brings others.
        wait_for("gate notices", lambda: not workers(w))
        time.sleep(0.3)
        expect("none is made for nobody", not workers(w))
        wait_for("an answer", lambda: status_of(ask(w)) == 200)
        spares(w)


@case
def silence_blocks_nobody(w):
    w.engine.reset()
    silent = [w.connect() for _ in range(40)]
    half = [w.connect() for _ in range(40)]
    try:
        for s in half:
            s.sendall(b"GET /v1.41/contai")
        begin = time.monotonic()
        for _ in range(10):
            expect("others are served", status_of(ask(w)) == 200)
        expect("at once", time.monotonic() - begin < 5, time.monotonic() - begin)
    finally:
        for s in silent + half:
            s.close()
    spares(w)


@case
def mischief_hinders_nobody(w):
    """Slow and cut bodies, single bytes, halves closed and whole ones, in great number."""
    create = head("POST /v1.41/containers/create HTTP/1.1", "Content-Length: 1000",
                  "Content-Type: application/json")
    stop = threading.Event()

    def bother(i):
        pieces = [b"", create, create + b"{", head(LIST)[:30], head(LIST), b"\0" * 70000]
        while not stop.is_set():
            with contextlib.suppress(OSError), w.connect() as s:
                for b in pieces[i % 6][:40]:
                    s.send(bytes([b]))
                s.sendall(pieces[i % 6][40:])
                if i % 3 == 0:
                    s.shutdown(socket.SHUT_WR)
                stop.wait(0.02 * (i % 7 + 1))
            i += 1
    w.engine.reset()
    threads = [threading.Thread(target=bother, args=(i,)) for i in range(12)]
    for t in threads:
        t.start()
    try:
        answers = [status_of(ask(w)) for _ in range(60)]
    finally:
        stop.set()
        for t in threads:
            t.join()
    expect("all others are answered", answers == [200] * 60, answers)
    spares(w)
    expect("nothing was killed", "signal 31" not in w.said(), w.said())


@case
def one_user_takes_not_all(w):
    """128 connections of a user's, and the next is turned away; another user is not."""
    w.engine.reset()
    held = []
    try:
        for _ in range(128):
            held.append(w.connect())
        out = wait_for("the 129th is answered", lambda: ask(w))
        expect("turned away", status_of(out) == 503, out)
        status = ask_as_other(w)
        expect("another is judged", status == 403, status)
    finally:
        for s in held:
            s.close()
    wait_for("then there is room", lambda: status_of(ask(w)) == 200)
    spares(w)


@case
def who_has_no_grant_does_not_stay(w):
    """He has nothing to ask, and each connection is a place less for others."""
    os.chmod(w.socket, 0o666)

    def stay():
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(40)
            s.connect(w.socket)
            begin = time.monotonic()
            with contextlib.suppress(OSError):
                s.recv(1)
            return b"%d" % (time.monotonic() - begin)
    seconds = int(as_uid(2345, stay) or 0)
    expect("he is let go", 3 <= seconds < 30, seconds)


@case
def descriptors_of_a_caller_are_not_taken(w):
    w.engine.reset()
    with w.connect() as s, open("/dev/null", "rb") as f:
        s.sendmsg([head(LIST)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                  array.array("i", [f.fileno()] * 3))])
        read_until(s, b"[]")
        worker = next(x[0] for x in workers(w) if x[1])
        # The engine's is open a moment longer than the answer takes.
        wait_for("none came along", lambda: descriptors(worker) ==
                 [0, 1, 2, BROKER, BROKER + 1])


@case
def worker_ends_with_its_broker(w):
    for words in (("normal", LIST), ("up101", ATTACH, *UPGRADE, "Content-Length: 0")):
        s, worker = session(w, *words)
        with s:
            for broker in brokers(w):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(broker, signal.SIGKILL)
            with contextlib.suppress(ConnectionResetError):
                expect("the caller hears of it", read_all(s) == b"")
        wait_for("the worker ends", lambda: not is_alive(worker), 5)
    wait_for("others are served", lambda: status_of(ask(w)) == 200)
    spares(w)


@case
def everything_ends_with_gate(w):
    """Killed without a chance to clean up."""
    ask(w)
    spares(w)
    s, _ = session(w, "up101", ATTACH, *UPGRADE, "Content-Length: 0")
    with s:
        all_of_them = children(w.gate.pid)
        w.gate.kill()
        w.gate.wait()
        expect("the caller hears of it", read_all(s) == b"")
    wait_for("all end", lambda: not any(is_alive(p) for p in all_of_them), 5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIP e2e/gate-processes: needs root")
        return 0
    w = None
    for name, function in case.wanted(args.only):
        if w is None or w.gate.poll() is not None:
            # Without the right to send signals to other users' processes.
            w = World(os.path.abspath(args.gate), gatelab.confined())
        attempt(name, function, w)
    if w:
        print(w.said(), file=sys.stderr)
        w.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
