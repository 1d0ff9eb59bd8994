#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate serve between raw sockets and an engine that notes every byte; a line a check.

usage: tests/e2e/gate_http_test.py --gate PATH [--only REGEX]

No container engine takes part: the one here answers what it is told to and keeps all
that it gets. So "nothing else reaches the engine" is proved, not assumed: after each
case the requests that it got are compared with those that may have come. The numbers of
gate-threats' section 3 that a case is about are in its name.
"""
import argparse
import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from checks import Checks, Failure, as_uid, attempt, expect

ID = "c0ffee" + 58 * "0"
EXEC = "e0ec" + 60 * "0"
case = Checks("e2e/gate-http/")
ACL = {
    "version": 1,
    "gate": {
        "profiles": {"all": {"run_as": "any", "binds": ["/"], "images": ["*"],
                             "privileged": True, "host_namespaces": True,
                             "capabilities": ["*"], "devices": ["*"], "publish": "any",
                             "networks": ["*"], "build": True, "others": True}},
        "grants": [{"users": ["0"], "profile": "all"}]}}


# ---------------------------------------------------------------- the engine
class Engine:
    """Takes one request a connection and keeps everything that it was sent."""
    def __init__(self, path):
        self.mode = "normal"
        self.versions = ("1.12", "1.41")
        self.times_asked_versions = 0
        self.connections = []   # bytes of each connection, in order; see tell_versions()
        self.lock = threading.Lock()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            c, _ = self.sock.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def reset(self, mode="normal"):
        with self.lock:
            self.mode = mode
            self.connections = []

    def asked(self):
        """Request lines of all but gate's own questions."""
        with self.lock:
            lines = [bytes(c["data"]).split(b"\r\n")[0].decode("latin-1")
                     for c in self.connections]
        return [x for x in lines if not re.match(r"GET \S*/(containers|exec)/\S+/json ", x)]

    def bytes(self):
        with self.lock:
            return b"\0".join(bytes(c["data"]) for c in self.connections)

    def serve(self, c):
        kept = {"data": bytearray()}
        with self.lock:
            self.connections.append(kept)

        def more():
            data = c.recv(65536)
            kept["data"] += data
            return data
        with contextlib.suppress(OSError), c:
            while b"\r\n\r\n" not in kept["data"]:
                if not more():
                    return
            head, body = bytes(kept["data"]).split(b"\r\n\r\n", 1)
            if head.startswith(b"GET /version "):
                self.tell_versions(c, kept)
                return
            length = re.search(rb"(?i)^content-length: *(\d+)", head, re.M)
            if self.mode == "hasty":
                self.send(c, 200, b'{"Id":"sha256:%s","Config":{}}' % (b"ab" * 32))
                return
            while length and len(body) < int(length.group(1)):
                data = more()
                if not data:
                    return
                body += data
            while b"chunked" in head and not body.endswith(b"0\r\n\r\n"):
                data = more()
                if not data:
                    return
                body += data
            self.answer(c, head.decode("latin-1").split("\r\n")[0], kept)
            c.shutdown(socket.SHUT_WR)
            # A smuggled request would come now.
            while more():
                pass

    def tell_versions(self, c, kept):
        """gate's own question, whenever it may come; not kept."""
        with self.lock:
            self.connections.remove(kept)
            self.times_asked_versions += 1
        least, most = self.versions
        self.send(c, 200, json.dumps({"ApiVersion": most, "MinAPIVersion": least}).encode())

    def answer(self, c, line, kept):
        method, target, _ = line.split(" ")
        path = target.split("?")[0]
        spoken = int(path.split("/")[1].partition(".")[2])
        if not int(self.versions[0][2:]) <= spoken <= int(self.versions[1][2:]):
            self.send(c, 400, b'{"message": "client version is too old or too new"}')
            return
        if re.search(r"/containers/[^/]+/json$", path):
            body = {"Id": ID, "Name": "/web", "State": {"Status": "running", "Running":
                    True}, "Config": {"Image": "x", "Labels": {"seawall.owner": "0"},
                                      "Tty": True},
                    "HostConfig": {"NetworkMode": "none"}, "Mounts": [],
                    "NetworkSettings": {"Networks": {}}}
            self.send(c, 200, json.dumps(body).encode())
        elif re.search(r"/exec/[^/]+/json$", path):
            self.send(c, 200, json.dumps({"ID": EXEC, "ContainerID": ID, "ProcessConfig":
                                          {"privileged": False, "user": "0:0"}}).encode())
        elif re.search(r"/(attach|start)$", path) and "/exec/" in path + "/exec/" \
                and self.mode != "normal":
            self.answer_stream(c, kept)
        elif self.mode == "cut":
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif self.mode == "two":
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                      b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
        elif self.mode == "switch":
            c.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
                      b"Upgrade: tcp\r\n\r\nraw")
        elif self.mode == "both":
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n{}")
        elif self.mode == "chunks":
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")
        else:
            if self.mode == "slow":
                time.sleep(0.5)
            self.send(c, 200, b"" if method == "HEAD" else b"[]")

    def answer_stream(self, c, kept):
        if self.mode.startswith("error"):
            body = b'{"message":"no such exec"}'
            c.sendall(b"HTTP/1.1 %d X\r\nApi-Version: %s\r\nContent-Length: %d\r\n\r\n%s" % (
                int(self.mode[5:]), self.versions[1].encode(), len(body), body))
            return
        if self.mode == "plain200":
            self.send(c, 200, b"{}")
            return
        if self.mode == "late":
            time.sleep(0.5)
            with self.lock:
                kept["at_switch"] = bytes(kept["data"])
        if self.mode == "raw200":
            c.sendall(b"HTTP/1.1 200 OK\r\n"
                      b"Content-Type: application/vnd.docker.raw-stream\r\n\r\n")
        else:
            c.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
                      b"Content-Type: application/vnd.docker.raw-stream\r\n"
                      b"Upgrade: tcp\r\n\r\n")
        if self.mode == "deaf":     # closes with bytes unread: a reset to who sent them
            while not select.select([c], [], [], 0.05)[0]:
                pass
            c.sendall(DEAF)
            c.close()
            return
        echo = bytearray()
        while True:     # an echo that says goodbye when it has heard the end
            data = c.recv(65536)
            kept["data"] += data
            if not data:
                break
            if self.mode == "after":    # not a byte before the end
                echo += data.upper()
                time.sleep(0.001)
            else:
                c.sendall(data.upper())
        c.sendall(bytes(echo) + b"goodbye")

    @staticmethod
    def send(c, status, body):
        c.sendall(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n" % (status, len(body)) + body)


class World:
    """gate serve, an engine, and a place for their sockets."""
    def __init__(self, gate, before=()):
        self.tmp = tempfile.TemporaryDirectory(prefix="gate-http-")
        os.chmod(self.tmp.name, 0o755)
        self.gate_exe = gate
        self.socket = self.tmp.name + "/gate.sock"
        self.policy = self.tmp.name + "/policy.json"
        self.write_policy(ACL)
        self.engine = Engine(self.tmp.name + "/engine.sock")
        self.trail = open(self.tmp.name + "/trail", "w+b")
        self.log = open(self.tmp.name + "/log", "w+b")
        fd = self.trail.fileno()
        os.set_inheritable(fd, True)
        self.gate = subprocess.Popen(
            [*before, gate, "serve", "--listen", self.socket, "--engine",
             self.tmp.name + "/engine.sock", "--policy", self.policy,
             "--trail", "fd:%d" % fd], pass_fds=[fd], stderr=self.log)
        for _ in range(100):
            if os.path.exists(self.socket):
                break
            time.sleep(0.05)

    def write_policy(self, policy):
        with open(self.policy + ".new", "w", encoding="utf-8") as f:
            f.write(policy if isinstance(policy, str) else json.dumps(policy))
        os.rename(self.policy + ".new", self.policy)

    def decisions(self):
        with open(self.tmp.name + "/trail", encoding="utf-8") as f:
            return [json.loads(x) for x in f]

    def said(self):
        with open(self.tmp.name + "/log", encoding="utf-8") as f:
            return f.read()

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(self.socket)
        return s

    def talk(self, *pieces, pause=0.0, end=False):
        """Sends the pieces, returns everything that comes until gate closes."""
        with self.connect() as s:
            for p in pieces:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    s.sendall(p)
                if pause:
                    time.sleep(pause)
            if end:
                s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def close(self):
        self.gate.terminate()
        self.gate.wait()
        self.trail.close()
        self.log.close()
        self.tmp.cleanup()


def read_all(s):
    out = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            data = s.recv(65536)
            if not data:
                break
            out += data
    return out


def read_until(s, end):
    out = b""
    while not out.endswith(end):
        data = s.recv(65536)
        expect("the stream goes on until %r" % end, data, out)
        out += data
    return out


def head(line, *fields, host=True):
    lines = [line] + (["Host: docker"] if host else []) + list(fields)
    return "".join(x + "\r\n" for x in lines).encode("latin-1") + b"\r\n"


LIST = "GET /v1.41/containers/json HTTP/1.1"
ATTACH = "POST /v1.41/containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1"
UPGRADE = ("Connection: Upgrade", "Upgrade: tcp")
START = "POST /v1.41/exec/%s/start HTTP/1.1" % EXEC
EVIL = head("POST /v1.41/containers/evil/start HTTP/1.1", "Content-Length: 0")
DEAF = b"last words " * 10000


def refused(w, *pieces, status=(400,), **how):
    """Refused with one of @status, and the engine is never asked."""
    w.engine.reset()
    out = w.talk(*pieces, **how)
    m = re.match(rb"HTTP/1\.1 (\d+) ", out)
    expect("an answer comes", m, out[:200])
    expect("it is refused", int(m.group(1)) in status, out[:300])
    expect("one answer", answers(out) == 1, out)
    expect("the engine hears nothing", w.engine.asked() == [], w.engine.asked())
    return out


def answers(out):
    return len(re.findall(rb"HTTP/1\.1 \d\d\d ", out))


def ask_as(uid, path):
    """What a process of that uid is answered."""
    def ask():
        with contextlib.suppress(PermissionError), socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(head(LIST))
            return read_all(s)
        return b"no permission"
    return as_uid(uid, ask)


def status_of(out):
    return int(re.match(rb"HTTP/1\.1 (\d+) ", out).group(1)) if out else 0


# ---------------------------------------------------------------- framing
@case
def plain_request(w):
    w.engine.reset()
    out = w.talk(head(LIST, "Connection: close"))
    expect("it is answered", status_of(out) == 200 and out.endswith(b"[]"), out)
    asked = w.engine.bytes()
    expect("the engine is to close", b"\r\nConnection: close\r\n" in asked, asked)


@case
def head_is_made_anew_10(w):
    w.engine.reset()
    w.talk(head(LIST, "Connection: close", "X-Evil: 1", "Cookie: a", "User-Agent: evil"))
    expect("headers of the caller are dropped", b"vil" not in w.engine.bytes() and
           b"Cookie" not in w.engine.bytes(), w.engine.bytes())


@case
def framing_refused_10(w):
    post = "POST /v1.41/containers/create HTTP/1.1"
    js = "Content-Type: application/json"
    chunk = b"2\r\n{}\r\n0\r\n\r\n"
    te = "Transfer-Encoding: chunked"
    for what, data, status in [
            ("both framings", head(post, js, te, "Content-Length: 2") + chunk, (400,)),
            ("both, other order", head(post, js, "Content-Length: 2", te) + chunk, (400,)),
            ("two lengths", head(post, js, "Content-Length: 2", "Content-Length: 2")
             + b"{}", (400,)),
            ("two other lengths", head(post, js, "Content-Length: 2", "Content-Length: 9")
             + b"{}", (400,)),
            ("a list of lengths", head(post, js, "Content-Length: 2, 2") + b"{}", (400,)),
            ("a signed length", head(post, js, "Content-Length: +2") + b"{}", (400,)),
            ("a hex length", head(post, js, "Content-Length: 0x2") + b"{}", (400,)),
            ("a huge length", head(post, js, "Content-Length: 18446744073709551618")
             + b"{}", (400,)),
            ("an odd encoding", head(post, js, "Transfer-Encoding: gzip, chunked")
             + chunk, (400, 501)),
            ("identity", head(post, js, "Transfer-Encoding: identity") + chunk,
             (400, 501)),
            ("chunked twice", head(post, js, te, te) + chunk, (400, 501)),
            ("xchunked", head(post, js, "Transfer-Encoding: xchunked") + chunk,
             (400, 501)),
            ("blank before the colon", head(post, js, "Transfer-Encoding : chunked")
             + chunk, (400,)),
            ("a vertical tab", head(post, js, "Transfer-Encoding: \x0bchunked") + chunk,
             (400, 501)),
            ("a chunk extension", head(post, js, te) + b"2;a=b\r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a blank behind a size", head(post, js, te) + b"2 \r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a bare LF in chunks", head(post, js, te) + b"2\n{}\r\n0\r\n\r\n", (400,)),
            ("trailers", head(post, js, te) + b"2\r\n{}\r\n0\r\nX: y\r\n\r\n", (400,)),
            ("a size too large", head(post, js, te) + b"f" * 16 + b"\r\n{}", (400,)),
            ("a size without digits", head(post, js, te) + b"\r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a negative size", head(post, js, te) + b"-2\r\n{}\r\n0\r\n\r\n", (400,)),
            ("0x in a size", head(post, js, te) + b"0x2\r\n{}\r\n0\r\n\r\n", (400,))]:
        try:
            refused(w, data, status=status)
        except Failure as e:
            raise Failure("%s: %s" % (what, e)) from None


@case
def lines_refused_10(w):
    for what, data in [
            ("bare LF", b"GET /v1.41/containers/json HTTP/1.1\nHost: d\n\n"),
            ("one bare LF", b"GET /v1.41/containers/json HTTP/1.1\r\nHost: d\n\r\n"),
            ("obs-fold", head(LIST, "X: a", " b")),
            ("a fold before the first field", b"%s\r\n Host: d\r\n\r\n" % LIST.encode()),
            ("a bare CR", head(LIST, "X: a\rContent-Length: 5")),
            ("a NUL", head(LIST, "X: a\0b")),
            ("no colon", head(LIST, "nonsense")),
            ("an empty name", head(LIST, ": x")),
            ("an empty line first", b"\r\n" + head(LIST)),
            ("no Host", head(LIST, host=False)),
            ("two Hosts", head(LIST, "Host: other")),
            ("two blanks", head("GET  /v1.41/containers/json HTTP/1.1")),
            ("a tab", head("GET\t/v1.41/containers/json\tHTTP/1.1")),
            ("more words", head("GET /v1.41/containers/json x HTTP/1.1")),
            ("a high byte in the path", head("GET /v1.41/containers/j\xff HTTP/1.1")),
            ("an absolute target", head("GET http://d/v1.41/containers/json HTTP/1.1")),
            ("a star", head("OPTIONS * HTTP/1.1")),
            ("a small method", head("get /v1.41/containers/json HTTP/1.1"))]:
        try:
            refused(w, data)
        except Failure as e:
            raise Failure("%s: %s" % (what, e)) from None


@case
def versions_refused_8_11(w):
    refused(w, head("GET /v1.41/containers/json HTTP/1.0", "Connection: keep-alive"),
            status=(505,))
    refused(w, b"GET /v1.41/containers/json\r\n\r\n")
    refused(w, head("GET /v1.41/containers/json HTTP/1.2"), status=(400, 505))
    refused(w, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status=(400, 505))
    refused(w, head(LIST, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                    "HTTP2-Settings: AAMAAABkAAQAAP__"))
    refused(w, head(LIST, "Connection: Upgrade", "Upgrade: h2c"))


@case
def head_is_bounded_11(w):
    refused(w, head(LIST, "X: " + "a" * 70000), status=(431,))
    refused(w, head(LIST, *["X-%d: a" % i for i in range(200)]), status=(431, 400))
    refused(w, head("GET /v1.41/containers/json?x=" + "a" * 20000 + " HTTP/1.1"),
            status=(414,))


@case
def body_is_bounded_12(w):
    post = "POST /v1.41/containers/create HTTP/1.1"
    js = "Content-Type: application/json"
    refused(w, head(post, js, "Content-Length: 1048577"), status=(413,))
    refused(w, head(post, js, "Transfer-Encoding: chunked"),
            *[b"10000\r\n" + b" " * 65536 + b"\r\n"] * 17, status=(413,))
    refused(w, head(post, js, "Content-Length: 50") + b"{}", end=True, status=(408, 400))
    # No body where one is needed: CVE-2024-41110.
    refused(w, head(post, js, "Content-Length: 0"), status=(400,))


# ---------------------------------------------------------------- one behind the other
@case
def pipelining_11(w):
    w.engine.reset()
    out = w.talk(head(LIST) + EVIL)
    asked = w.engine.asked()
    # Whatever comes of the second: it is judged alone, by a connection of its own.
    expect("at most one request a connection",
           all(x.count(" HTTP/1.1") == 1 for x in asked), asked)
    expect("no byte behind the first", b"evil" not in b"".join(
        x for x in w.engine.bytes().split(b"\0") if x.startswith(b"GET")), asked)
    expect("the first is answered", status_of(out) == 200, out)


@case
def keep_alive_is_one_decision_each(w):
    w.engine.reset()
    before = len(w.decisions())
    with w.connect() as s:
        for _ in range(3):
            s.sendall(head(LIST))
            out = read_until(s, b"[]")
            expect("it is answered", status_of(out) == 200, out)
        s.sendall(head("GET /v1.41/nonsense HTTP/1.1"))
        out = read_all(s)
    expect("the fourth is refused", status_of(out) in (403, 404), out)
    expect("three requests, three connections", len(w.engine.connections) == 3,
           w.engine.asked())
    expect("four decisions", len(w.decisions()) - before == 4)


@case
def one_byte_writes(w):
    w.engine.reset()
    data = head(LIST, "Connection: close")
    out = w.talk(*[data[i:i + 1] for i in range(len(data))], pause=0.001)
    expect("it is answered", status_of(out) == 200, out)
    expect("one request", len(w.engine.asked()) == 1, w.engine.asked())
    post = head("POST /v1.41/containers/web/wait HTTP/1.1", "Connection: close",
                "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    out = w.talk(*[post[i:i + 1] for i in range(len(post))], pause=0.001)
    expect("a POST is decided", status_of(out) in (200, 400), out)


@case
def slow_head_is_ended(w):
    w.engine.reset()
    begin = time.monotonic()
    with w.connect() as s:
        s.sendall(b"GET /v1.41/containers/json HTTP/1.1\r\n")
        out = read_all(s)
    expect("it is refused", status_of(out) == 408, out)
    expect("within its time", time.monotonic() - begin < 15)
    expect("the engine hears nothing", w.engine.asked() == [])


@case
def early_close(w):
    w.engine.reset()
    for data in (b"GET /v1", head(LIST)[:-2], b""):
        out = w.talk(data, end=True)
        expect("nothing is answered or it is refused", status_of(out) in (0, 400), out)
    expect("the engine hears nothing", w.engine.asked() == [], w.engine.asked())
    expect("gate still serves", status_of(w.talk(head(LIST, "Connection: close"))) == 200)


@case
def expect_continue_11(w):
    w.engine.reset()
    with w.connect() as s:
        s.sendall(head("POST /v1.41/images/load HTTP/1.1", "Expect: 100-continue",
                       "Content-Type: application/x-tar", "Content-Length: 5",
                       "Connection: close"))
        out = read_until(s, b"\r\n\r\n")
        expect("gate asks for the body", out.startswith(b"HTTP/1.1 100 "), out)
        s.sendall(b"hello")
        out = read_all(s)
    expect("it is answered", status_of(out) == 200, out)
    asked = w.engine.bytes()
    expect("the engine is not asked to", b"Expect" not in asked and
           asked.endswith(b"\r\n\r\nhello"), asked)
    refused(w, head(LIST, "Expect: 200-ok"), status=(417,))


@case
def stream_is_framed_anew_10(w):
    w.engine.reset()
    load = "POST /v1.41/images/load HTTP/1.1"
    out = w.talk(head(load, "Content-Type: application/x-tar", "Connection: close",
                      "Transfer-Encoding: chunked") + b"3\r\nabc\r\n",
                 b"0000002\r\nde\r\n", b"0\r\n\r\n" + EVIL, pause=0.05)
    expect("it is answered", status_of(out) == 200 and answers(out) == 1, out)
    expect("the same body", re.search(rb"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n$",
                                      w.engine.bytes()), w.engine.bytes())
    w.engine.reset()
    w.talk(head(load, "Content-Type: application/x-tar", "Content-Length: 5") + b"hello"
           + EVIL, end=True)
    expect("nothing behind the body", b"evil" not in w.engine.bytes().split(b"hello")[1]
           .split(b"\0")[0], w.engine.bytes())


@case
def stream_cut_short_12(w):
    w.engine.reset()
    w.talk(head("POST /v1.41/images/load HTTP/1.1", "Content-Length: 10",
                "Content-Type: application/x-tar") + b"half", end=True)
    time.sleep(0.1)
    expect("the engine sees that it is cut", not w.engine.bytes().endswith(b"0\r\n\r\n"),
           w.engine.bytes())


@case
def get_with_a_body_11(w):
    refused(w, head(LIST, "Content-Length: 5") + b"hello")
    refused(w, head(LIST, "Content-Length: %d" % len(EVIL)) + EVIL)


# ---------------------------------------------------------------- the engine's answers
@case
def answers_are_framed_anew(w):
    w.engine.reset("chunks")
    out = w.talk(head(LIST, "Connection: close"))
    expect("chunks stay a body", out.endswith(b"0\r\n\r\n") and b"[1," in out, out)
    w.engine.reset("two")
    out = w.talk(head(LIST, "Connection: close"))
    expect("nothing behind the answer", b"EVIL" not in out, out)
    w.engine.reset("cut")
    out = w.talk(head(LIST, "Connection: close"))
    expect("cut stays cut", out.endswith(b"half") and b"Content-Length: 100" in out, out)
    for mode in ("switch", "both"):
        w.engine.reset(mode)
        out = w.talk(head(LIST, "Connection: close"))
        expect("%s is no answer" % mode, status_of(out) == 502, out)


@case
def engine_answers_before_the_body_is_read(w):
    """And closes: its answer counts, not that the rest could not be sent."""
    w.engine.reset("hasty")
    body = json.dumps({"Image": "x", "Env": ["A%d=%s" % (i, "x" * 900) for i in range(900)]}).encode()
    out = w.talk(head("POST /v1.41/containers/create HTTP/1.1", "Connection: close",
                      "Content-Type: application/json",
                      "Content-Length: %d" % len(body)) + body)
    expect("the engine's answer", status_of(out) == 200 and b"abab" in out, out)


# ---------------------------------------------------------------- hijacking
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


# ---------------------------------------------------------------- policy and trail
@case
def unknown_uid_is_refused(w):
    w.engine.reset()
    out = ask_as(12345, w.socket)
    expect("without permission there is no connection", out == b"no permission", out)
    os.chmod(w.socket, 0o666)
    out = ask_as(12345, w.socket)
    os.chmod(w.socket, 0o600)
    expect("without a grant all is refused", status_of(out) == 403, out)
    expect("the engine hears nothing", w.engine.asked() == [], w.engine.asked())
    line = w.decisions()[-1]
    expect("it is recorded", line["uid"] == 12345 and line["decision"] == "deny", line)


@case
def trail_has_no_secrets_and_no_control_characters(w):
    w.engine.reset()
    w.talk(head("POST /v1.41/images/create?fromImage=a%1b%5b31m%0ab HTTP/1.1",
                "X-Registry-Auth: c2VjcmV0", "Connection: close", "Content-Length: 0"))
    w.talk(head("GET /v1.41/x\x1b[31m HTTP/1.1"))
    with open(w.tmp.name + "/trail", "rb") as f:
        text = f.read()
    expect("no secret", b"c2VjcmV0" not in text)
    expect("no control character", not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text))
    for key in ("time", "decision", "uid", "rule", "reason"):
        expect("every line has " + key, all(key in x for x in w.decisions()), key)


@case
def policy_is_reloaded_and_bad_ones_are_not(w):
    try:
        w.write_policy({"version": 1})
        time.sleep(1.5)
        refused(w, head(LIST), status=(403,))
        w.write_policy("{ broken")
        time.sleep(1.5)
        refused(w, head(LIST), status=(403,))
        expect("it is said", "last good policy stays in force" in w.said(), w.said())
        w.write_policy(ACL)
        os.kill(w.gate.pid, signal.SIGHUP)
        time.sleep(0.3)
        ok = w.talk(head(LIST, "Connection: close"))
        expect("a good one is in force", status_of(ok) == 200, ok)
        os.chmod(w.policy, 0o666)
        time.sleep(1.5)
        expect("not one that others can write", "nobody else can write" in w.said(),
               w.said())
    finally:
        w.write_policy(ACL)
        time.sleep(1.5)


@case
def kept_connection_meets_the_new_policy(w):
    w.engine.reset()
    try:
        with w.connect() as s:
            s.sendall(head(LIST))
            read_until(s, b"[]")
            w.write_policy({"version": 1})
            ready, _, _ = select.select([s], [], [], 5)
            expect("the connection is closed", ready and s.recv(10) == b"")
    finally:
        w.write_policy(ACL)
        time.sleep(1.5)


@case
def socket_is_taken_from_systemd(w):
    """LISTEN_FDS as sd_listen_fds(3) has it; what is no listening socket is refused."""
    def start(fd, *more):
        def place():
            os.dup2(fd, 3)
            os.set_inheritable(3, True)
        return subprocess.Popen(
            ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", w.gate_exe,
             "serve", "--engine", w.tmp.name + "/engine.sock", "--policy", w.policy,
             "--trail", "fd:2", *more], stderr=subprocess.PIPE, preexec_fn=place,
            close_fds=False)
    path = w.tmp.name + "/passed.sock"
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(path)
        p = start(passed.fileno())
        err = p.communicate(timeout=10)[1]
        expect("one that does not listen is refused", p.returncode == 2 and
               b"no listening unix" in err, err)
        passed.listen(8)
        p = start(passed.fileno())
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(path)
            s.sendall(head(LIST, "Connection: close"))
            out = read_all(s)
        p.terminate()
        p.communicate(timeout=10)
        expect("it is served", status_of(out) == 200, out)
        expect("it stays systemd's", os.path.exists(path))


@case
def start_fails_closed(w):
    """No policy, one that others can write, no socket: nothing is served."""
    def start(*words):
        r = subprocess.run([w.gate_exe, "serve", *words], stderr=subprocess.PIPE,
                           timeout=10, check=False)
        expect("%s: an error" % (words,), r.returncode == 2 and r.stderr, r)
        expect("no socket is left", not os.path.exists(w.tmp.name + "/s"))
    loose = w.tmp.name + "/loose.json"
    with open(loose, "w", encoding="utf-8") as f:
        json.dump(ACL, f)
    os.chmod(loose, 0o620)
    link = w.tmp.name + "/link.json"
    os.symlink(w.policy, link)
    listen = ("--listen", w.tmp.name + "/s")
    start(*listen, "--policy", w.tmp.name + "/none.json")
    start(*listen, "--policy", loose)
    start(*listen, "--policy", link)
    start(*listen, "--policy", w.policy, "--trail", "nowhere")
    start(*listen, "--policy", w.policy, "--mode", "999")
    start("--policy", w.policy)
    start("--policy", w.policy, "--listen", w.socket)


@case
def nothing_is_done_without_the_trail(w):
    """/dev/full takes no line: what policy allows is refused, too."""
    path = w.tmp.name + "/full.sock"
    with open("/dev/full", "wb") as full:
        p = subprocess.Popen(
            [w.gate_exe, "serve", "--listen", path, "--engine",
             w.tmp.name + "/engine.sock", "--policy", w.policy, "--trail",
             "fd:%d" % full.fileno()], pass_fds=[full.fileno()])
        try:
            for _ in range(100):
                if os.path.exists(path):
                    break
                time.sleep(0.05)
            w.engine.reset()
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(path)
                s.sendall(head(LIST))
                out = read_all(s)
        finally:
            p.terminate()
            p.wait()
    expect("502, and why", status_of(out) == 502 and b"audit trail" in out, out)
    expect("the engine hears nothing", w.engine.connections == [], w.engine.bytes())


@case
def many_at_once(w):
    w.engine.reset()
    results = []

    def ask():
        for _ in range(8):
            results.append(status_of(w.talk(head(LIST, "Connection: close"))))
    threads = [threading.Thread(target=ask) for _ in range(32)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect("all are answered", results == [200] * 256, sorted(set(results)))


@case
def the_engine_is_spoken_to_in_its_version(w):
    """Asked again after a 400: the engine may have been replaced meanwhile."""
    try:
        for versions, spoken in ((("1.12", "1.41"), "1.41"), (("1.44", "1.52"), "1.44"),
                                 (("1.12", "1.43"), "1.41"), (("1.42", "1.44"), "1.44")):
            w.engine.versions = versions
            w.talk(head(LIST, "Connection: close"))
            w.engine.reset()
            out = w.talk(head(LIST, "Connection: close"))
            expect("answered", status_of(out) == 200, (versions, w.engine.asked(), out))
            expect("as /v" + spoken, w.engine.asked()[-1].startswith(
                "GET /v%s/containers/json" % spoken), w.engine.asked())
        w.engine.versions = ("1.60", "1.63")
        w.talk(head(LIST, "Connection: close"))
        w.engine.reset()
        out = w.talk(head(LIST, "Connection: close"))
        expect("502", status_of(out) == 502, out)
        expect("it says why", b"1.60 to 1.63" in out, out)
        expect("the engine hears nothing", w.engine.connections == [])
    finally:
        w.engine.versions = ("1.12", "1.41")
    expect("and it works again", status_of(w.talk(head(LIST, "Connection: close"))) == 200)


@case
def one_connection_asks_for_the_version(w):
    """Of all, whatever process serves it, under whatever policy; again after a 400."""
    def asks():
        before = w.engine.times_asked_versions
        for _ in range(10):
            expect("answered", status_of(w.talk(head(LIST, "Connection: close"))) == 200)
        return w.engine.times_asked_versions - before
    w.engine.reset()
    asks()
    expect("it is known", asks() == 0)
    w.gate.send_signal(signal.SIGHUP)
    expect("under a new policy, too", asks() == 0)
    w.engine.versions = ("1.44", "1.52")
    try:
        w.talk(head(LIST, "Connection: close"))     # is answered by 400
        expect("once after a 400", asks() == 1)
        w.engine.reset("error400")
        out = w.talk(head(ATTACH, *UPGRADE, "Content-Length: 0"), end=True)
        expect("the caller of a 400 hears of the version that is spoken",
               status_of(out) == 400 and b"Api-Version: 1.44\r\n" in out, out)
        w.engine.reset()
        expect("once after any 400", asks() == 1)
    finally:
        w.engine.versions = ("1.12", "1.41")
        w.talk(head(LIST, "Connection: close"))


@case
def engine_is_gone(w):
    os.rename(w.tmp.name + "/engine.sock", w.tmp.name + "/away")
    try:
        out = w.talk(head(LIST, "Connection: close"))
        expect("502", status_of(out) == 502, out)
    finally:
        os.rename(w.tmp.name + "/away", w.tmp.name + "/engine.sock")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIP e2e/gate-http: needs root")
        return 0
    w = World(os.path.abspath(args.gate))
    try:
        for name, function in case.wanted(args.only):
            attempt(name, function, w)
        print(w.said(), file=sys.stderr)
    finally:
        w.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
