# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that are switched to a raw stream."""
import socket
import time

from checks import Checks, expect
from httplab import (ATTACH, DEAF, EVIL, ID, LIST, START, UPGRADE, answers, head, read_all,
                     read_until, status_of)

case = Checks("e2e/gate-http/")


@case
def hijack_and_half_close_9(w):
    for mode in ("up101", "raw200"):
        w.engine.reset(mode)
        with w.connect() as s:
            s.sendall(head(ATTACH, *UPGRADE, "Content-Length: 0"))
            out = read_until(s, b"\r\n\r\n")
            expect("it is switched", status_of(out) in (101, 200), out)
            s.sendall(b"hello")
            expect("bytes come back", read_until(s, b"HELLO"))
            s.shutdown(socket.SHUT_WR)
            expect("the other half stays open", read_all(s) == b"goodbye")
        asked = w.engine.bytes()
        expect("the engine is to close if it does not switch",
               b"\r\nConnection: Upgrade, close\r\n" in asked, asked)
        expect("forwarded by id", ("/containers/%s/attach" % ID).encode() in asked, asked)


@case
def the_end_comes_behind_all_bytes(w):
    """More than sockets hold, closed at once, read late: not a byte of it is lost."""
    sent = b"".join(b"%07d\n" % i for i in range(250000))
    w.engine.reset("after")
    with w.connect() as s:
        s.sendall(head(ATTACH, *UPGRADE, "Content-Length: 0"))
        read_until(s, b"\r\n\r\n")
        s.sendall(sent)
        s.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        out = read_all(s)
    expect("all that was sent, and then the end", out == sent + b"goodbye", len(out))
    w.engine.reset("deaf")
    with w.connect() as s:
        s.sendall(head(ATTACH, *UPGRADE, "Content-Length: 0"))
        read_until(s, b"\r\n\r\n")
        s.sendall(b"unheard")
        time.sleep(0.3)
        s.shutdown(socket.SHUT_WR)
        out = read_all(s)
    expect("the engine's last words", out == DEAF, len(out))


@case
def bytes_are_held_until_the_switch_9(w):
    w.engine.reset("late")
    with w.connect() as s:
        s.sendall(head(ATTACH, *UPGRADE, "Content-Length: 0") + b"early")
        read_until(s, b"EARLY")
    with w.engine.lock:
        kept = [c for c in w.engine.connections if "at_switch" in c]
    expect("nothing came before it", kept and not kept[0]["at_switch"].count(b"early"),
           kept)


@case
def bytes_before_the_switch_break_nothing_9(w):
    """They came while the engine was still thinking, some with the caller's end."""
    w.engine.reset("late")
    with w.connect() as s:
        s.sendall(head(ATTACH, *UPGRADE, "Content-Length: 0"))
        time.sleep(0.2)
        s.sendall(b"early")
        s.shutdown(socket.SHUT_WR)
        out = read_all(s)
    expect("all comes through", out.endswith(b"EARLYgoodbye"), out)
    with w.engine.lock:
        kept = [c for c in w.engine.connections if "at_switch" in c]
    expect("nothing came before it", kept and not kept[0]["at_switch"].count(b"early"),
           kept)
    w.engine.reset()
    out = w.talk(head(LIST), b"", end=True)
    expect("a caller that is done sending is answered", status_of(out) == 200, out)
    w.engine.reset("slow")
    out = w.talk(head(LIST), EVIL, pause=0.1)
    expect("one that sends too early, too", status_of(out) == 200, out)
    expect("and not by one connection", all(
        bytes(c["data"]).count(b" HTTP/1.1") == 1 for c in w.engine.connections))


@case
def failed_upgrades_9(w):
    for line in (ATTACH, START):
        for mode in ("error404", "error409", "error500", "plain200"):
            w.engine.reset(mode)
            body = b'{"Detach":false,"Tty":true}' if line == START else b""
            out = w.talk(head(line, *UPGRADE, "Content-Type: application/json",
                              "Content-Length: %d" % len(body)) + body + EVIL,
                         EVIL, pause=0.1, end=True)
            expect("one answer in %s" % mode, answers(out) == 1, out)
            expect("its own", status_of(out) != 101, out)
            expect("nothing else reaches the engine in %s" % mode,
                   b"evil" not in w.engine.bytes(), w.engine.bytes())


@case
def upgrade_elsewhere_9(w):
    for target in ("/v1.41/containers/json", "/v1.41/_ping", "/v1.41/session",
                   "/v1.41/grpc", "/session", "/grpc"):
        for method in ("GET", "POST"):
            w.engine.reset()
            out = w.talk(head("%s %s HTTP/1.1" % (method, target), *UPGRADE) + EVIL, EVIL,
                         pause=0.02, end=True)
            expect("it is not switched", status_of(out) != 101, out)
            asked = w.engine.bytes()
            first = [x for x in asked.split(b"\0") if target.encode() in x]
            expect("nothing is behind it", not any(b"evil" in x for x in first), asked)
            expect("no upgrade is asked for", not any(b"pgrade" in x for x in first),
                   asked)
            if "session" in target or "grpc" in target:
                expect("refused", first == [], asked)
