# SPDX-License-Identifier: GPL-2.0-or-later
"""gate serve between raw sockets and an engine that notes every byte."""
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import tempfile
import threading
import time

from checks import as_uid, expect

ID = "c0ffee" + 58 * "0"
EXEC = "e0ec" + 60 * "0"
ACL = {
    "version": 1,
    "gate": {
        "profiles": {"all": {"run_as": "any", "binds": ["/"], "images": ["*"],
                             "privileged": True, "host_namespaces": True,
                             "capabilities": ["*"], "devices": ["*"], "publish": "any",
                             "networks": ["*"], "build": True, "others": True}},
        "grants": [{"users": ["0"], "profile": "all"}]}}


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
