#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The stock docker client through gate serve, on a real dockerd; a line a check.

usage: tests/e2e/gate_serve_test.py --gate PATH [--engine-client] [--only REGEX]
  --engine-client  with the docker client of the engine's own age (tests/e2e/engine.py)
                   in the place of the installed one
"""
import argparse
import contextlib
import fcntl
import hashlib
import http.client
import io
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import termios
import threading
import time
from urllib.parse import quote

import engine
import gate_processes_test
import gatelab
import lab as world
from checks import Checks, Failure, Skip, as_uid, expect
from gatelab import BOX, GATE, USERS
from lab import api

check = Checks("e2e/gate-serve/")


def tar_of(name, data):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as t:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o644
        t.addfile(info, io.BytesIO(data))
    return tar.getvalue()


def refused(lab, user, *words):
    status, out = lab.docker(user, *words, check=False)
    expect("'docker %s' of %s is refused" % (" ".join(words), user), status != 0, out)
    return out


class Terminal:
    """The stock client on a terminal of its own."""
    def __init__(self, lab, user, *words):
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = lab.as_user(user, "docker", *words, stdin=slave, stdout=slave,
                                   stderr=slave, preexec_fn=own_terminal)
        os.close(slave)
        self.seen = b""

    def send(self, data):
        os.write(self.master, data)

    def wait(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise Failure("%r did not show up in %r" % (pattern, self.seen[-500:]))
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                raise Failure("%r did not show up in %r" % (pattern, self.seen[-500:])) \
                    from None

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def end(self, seconds=20):
        return self.process.wait(seconds)


# ---------------------------------------------------------------- the stock client
@check
def run_as_the_caller(lab):
    out = lab.docker("alice", "run", "--rm", BOX, "id")
    expect("the container runs as alice", "uid=2001 gid=2001" in out, out)
    out = lab.docker("alice", "version")
    expect("version", "Server" in out, out)
    out = lab.docker("alice", "images")
    expect("images", "box" in out, out)
    status, out = lab.docker("alice", "run", "--rm", BOX, "sh", "-c", "exit 7",
                             check=False)
    expect("the exit status comes through", status == 7, (status, out))


@check
def run_on_a_terminal_and_resize(lab):
    t = Terminal(lab, "alice", "run", "-it", "--rm", "--name", "term", BOX, "sh")
    t.wait(rb"[$#] ")
    t.send(b"stty size\n")
    t.wait(rb"24 80")
    t.resize(50, 132)
    time.sleep(0.5)
    t.send(b"stty size; tty\n")
    t.wait(rb"50 132")
    t.wait(rb"/dev/pts")
    t.send(b"exit 3\n")
    expect("the shell's status", t.end() == 3, t.seen)


@check
def exec_with_input(lab):
    lab.docker("alice", "run", "-d", "--name", "eve", BOX, "sleep", "1000")
    out = lab.docker("alice", "exec", "-i", "eve", "sh", "-c", "cat; echo done; id -u",
                     data=b"abc\n" * 20000)
    expect("input, its end and output", out == "abc\n" * 20000 + "done\n2001\n",
           (len(out), out[-60:]))
    status, out = lab.docker("alice", "exec", "eve", "sh", "-c", "echo err >&2; exit 5",
                             check=False)
    expect("status and standard error", status == 5 and out == "err\n", (status, out))
    t = Terminal(lab, "alice", "exec", "-it", "eve", "sh")
    t.wait(rb"[$#] ")
    t.send(b"echo $((6*7)); exit\n")
    t.wait(rb"\n42")
    t.end()
    out = refused(lab, "alice", "exec", "--privileged", "eve", "id")
    expect("why", "rivileged" in out, out)
    out = refused(lab, "alice", "exec", "-u", "0", "eve", "id")


def mended():
    """Whether a copy cannot be led astray: CVE-2026-41568, CVE-2026-42306."""
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", api("GET", "/version")["Version"])
    return tuple(int(x) for x in version.groups()) >= (29, 5, 1)


@check
def copy_both_ways(lab):
    lab.docker("alice", "run", "-d", "--name", "eve", BOX, "sleep", "1000")
    data = os.urandom(3000000)
    with open("/home/alice/in", "wb") as f:
        f.write(data)
    os.chmod("/home/alice/in", 0o644)
    # An engine that can be led astray copies for those who are root already.
    for user in ("alice", "carol") if mended() else ("carol",):
        lab.docker(user, "cp", "/home/alice/in" if user == "alice" else "-",
                   "eve:/tmp/in" if user == "alice" else "eve:/tmp",
                   data=None if user == "alice" else tar_of("in", data))
        out = lab.docker("alice", "exec", "eve", "sha256sum", "/tmp/in")
        expect("what came in", hashlib.sha256(data).hexdigest() in out, out)
        out = os.path.join("/home", user, "out")
        lab.docker(user, "cp", "eve:/tmp/in", out)
        with open(out, "rb") as f:
            expect("what came out", f.read() == data)
    if not mended():
        for words in (["/home/alice/in", "eve:/tmp/x"], ["eve:/tmp/in", "/home/alice/x"]):
            out = refused(lab, "alice", "cp", *words)
            expect("why, and what else there is", "docker exec -i" in out, out)
    # Out of a root file system that nothing in the container can change.
    lab.docker("alice", "run", "-d", "--read-only", "--name", "firm", BOX, "sleep",
               "1000")
    lab.docker("alice", "cp", "firm:/bin/busybox", "/home/alice/busybox")


@check
def inherited_mounts_are_no_way_in(lab):
    """The engine hands a mount on /etc/hosts on to containers that join the network."""
    path = "/home/alice/names"
    with open(path, "w", encoding="utf-8") as f:
        f.write("hers\n")
    out = refused(lab, "alice", "run", "-d", "-v", path + ":/etc/hosts:ro", BOX, "true")
    expect("why", "/etc/hosts" in out, out)
    # Had they been made all the same: by root, as gate would have had them made.
    lab.docker("alice", "run", "--rm", "-v", path + ":/w", BOX, "true")
    pin = {"Type": "bind", "Source": "/run/seawall/binds/2001/rw/:home:alice:names",
           "Target": "/etc/hosts"}
    config = {"Image": BOX, "User": "2001:2001", "Cmd": ["sleep", "1000"],
              "Labels": {"seawall.owner": "2001", "seawall.image": api(
                  "GET", "/images/%s/json" % BOX)["Id"]}}
    safe = {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"]}
    for name, how in (("testator", {"Mounts": [pin]}),
                      ("heir", {"NetworkMode": "container:testator"})):
        api("POST", "/containers/create?name=" + name,
            dict(config, HostConfig=dict(safe, **how)))
        api("POST", "/containers/%s/start" % name)
    expect("it is inherited",
           api("GET", "/containers/heir/json")["HostsPath"] == pin["Source"])
    for name in ("testator", "heir"):
        out = refused(lab, "alice", "cp", name + ":/etc/hosts", "/home/alice/copy")
        expect("why", "mount" in out, out)
    lab.docker("alice", "run", "-d", "--name", "host", BOX, "sleep", "1000")
    lab.docker("alice", "run", "-d", "--name", "guest", "--read-only", "--network",
               "container:host", BOX, "sleep", "1000")
    lab.docker("alice", "cp", "guest:/etc/hosts", "/home/alice/copy")


@check
def logs_follow(lab):
    lab.docker("alice", "run", "-d", "--name", "log", BOX, "sh", "-c",
               "for i in 1 2 3 4; do echo line $i; sleep 0.4; done")
    begin = time.monotonic()
    out = lab.docker("alice", "logs", "-f", "log")
    expect("all lines", out == "".join("line %d\n" % i for i in (1, 2, 3, 4)), out)
    expect("as they came", time.monotonic() - begin > 0.5)
    # A follower that goes away is noticed by the engine, not kept by gate.
    lab.docker("alice", "run", "-d", "--name", "mute", BOX, "sleep", "1000")
    p = lab.as_user("alice", "docker", "logs", "-f", "mute")
    time.sleep(0.5)
    p.kill()
    p.wait()
    world.wait_for("gate's process ends", lambda: not any(
        has_caller for _, has_caller in gate_processes_test.workers(lab)), 5)


@check
def attach_and_detach(lab):
    lab.docker("alice", "run", "-dit", "--name", "att", BOX, "sh")
    t = Terminal(lab, "alice", "attach", "att")
    time.sleep(0.3)
    t.send(b"echo $((20+3))\n")
    t.wait(rb"\n23")
    t.send(b"\x10\x11")     # ctrl-p ctrl-q
    t.wait(rb"read escape sequence")
    t.end()
    expect("it goes on", "att" in lab.docker("alice", "ps", "--format", "{{.Names}}"))
    out = lab.docker("alice", "run", "-i", "--rm", BOX, "sh", "-c", "cat; echo bye",
                     data=b"x" * 500000)
    expect("attach keeps the half-close", out == "x" * 500000 + "bye\n", len(out))


@check
def events(lab):
    p = lab.as_user("carol", "docker", "events", "--format", "{{.Action}}")
    time.sleep(0.5)
    lab.docker("alice", "run", "--rm", BOX, "true")
    time.sleep(0.5)
    p.terminate()
    out = p.communicate()[0].decode()
    expect("they are seen as they happen", "start" in out and "die" in out, out)


@check
def load_and_save_200_mb(lab):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as t:
        info = tarfile.TarInfo("blob")
        info.size = 200 * 1024 * 1024
        t.addfile(info, io.BytesIO(os.urandom(1024 * 1024) * 200))
    api("POST", "/images/create?fromSrc=-&repo=big&tag=1", layer.getvalue(),
        "application/x-tar")
    del layer
    want = api("GET", "/images/big:1/json")["RootFS"]["Layers"]
    out = world.RUN + "/big.tar"
    with open(out, "wb") as f:
        p = lab.as_user("carol", "docker", "save", "big:1", stdout=f,
                        stderr=subprocess.PIPE)
        err = p.communicate(timeout=120)[1]
    expect("saved", p.returncode == 0 and os.path.getsize(out) > 200 * 1024 * 1024, err)
    api("DELETE", "/images/big:1")
    with open(out, "rb") as f:
        p = lab.as_user("carol", "docker", "load", stdin=f)
        text = p.communicate(timeout=120)[0]
    expect("loaded", p.returncode == 0, text)
    expect("the same layers", api("GET", "/images/big:1/json")["RootFS"]["Layers"] == want)
    api("DELETE", "/images/big:1")
    os.unlink(out)


class GateConnection(http.client.HTTPConnection):
    path = GATE

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


@check
def thousand_requests_of_32_clients(lab):
    lab.docker("carol", "run", "-d", "--name", "eve", BOX, "sleep", "1000")
    targets = ["/_ping", "/v1.41/containers/json", "/v1.41/images/json",
               "/v1.41/containers/eve/json", "/v1.41/version",
               "/v1.41/containers/eve/logs?stdout=1", "/v1.41/networks",
               "/v1.41/containers/eve/archive?path=/etc"]
    wrong = []

    def client(number):
        try:
            c = GateConnection("docker")
            for i in range(32):
                c.request("GET", targets[(number + i) % len(targets)])
                r = c.getresponse()
                r.read()
                if r.status != 200:
                    wrong.append((targets[(number + i) % len(targets)], r.status))
        except (OSError, http.client.HTTPException) as e:
            wrong.append(repr(e))

    def ask():
        threads = [threading.Thread(target=client, args=(i,)) for i in range(32)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return repr(wrong[:5]).encode()
    said = as_uid(2003, ask)
    expect("all are answered", said == b"[]", said)


@check
def many_clients_at_once(lab):
    """As compose does it: a dozen containers made, started and removed side by side."""
    results = []

    def one(i):
        with contextlib.suppress(RuntimeError):
            out = lab.docker("alice", "run", "--rm", "--name", "p%d" % i, BOX, "echo",
                             "hi%d" % i, seconds=120)
            results.append(out == "hi%d\n" % i)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect("all ran", results == [True] * 12, results)


# ---------------------------------------------------------------- whose is it
@check
def users_touch_only_their_own(lab):
    lab.docker("alice", "run", "-d", "--name", "hers", BOX, "sleep", "1000")
    for words in (["exec", "hers", "id"], ["logs", "hers"], ["inspect", "hers"],
                  ["rm", "-f", "hers"], ["stop", "-t", "0", "hers"], ["top", "hers"],
                  ["cp", "hers:/etc", "/home/bob/x"], ["rename", "hers", "his"],
                  ["attach", "--no-stdin", "hers"], ["update", "-m", "64m", "hers"],
                  ["run", "--rm", "--net", "container:hers", BOX, "true"],
                  ["run", "--rm", "--pid", "container:hers", BOX, "true"],
                  ["run", "--rm", "--volumes-from", "hers", BOX, "true"]):
        refused(lab, "bob", *words)
    identity = api("GET", "/containers/hers/json")["Id"]
    for prefix in (identity, identity[:12], identity[:4]):
        refused(lab, "bob", "exec", prefix, "id")
    # An exec of hers, begun by him.
    made = api("POST", "/containers/hers/exec", {"Cmd": ["id"], "AttachStdout": True})
    status = raw_as(2002, "POST", "/v1.41/exec/%s/start" % made["Id"],
                    b'{"Detach":false}')
    expect("her exec is not his", status in (403, 404), status)
    expect("hers runs still", api("GET", "/containers/hers/json")["State"]["Running"])
    expect("carol may", "uid=" in lab.docker("carol", "exec", "hers", "id"))
    out = refused(lab, "dave", "ps")
    expect("who has no grant has nothing", "gate" in out or "grant" in out, out)


def raw_as(uid, method, target, body):
    """The status that a process of that uid is answered."""
    def ask():
        c = GateConnection("docker")
        c.request(method, target, body, {"Content-Type": "application/json"})
        return b"%d" % c.getresponse().status
    return int(as_uid(uid, ask) or 0)


@check
def smuggling_at_a_real_engine_9_10_11(lab):
    """A container that alice may not touch is started by none of these."""
    made = api("POST", "/containers/create?name=evil", {
        "Image": BOX, "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "none"}})
    evil = ("POST /v1.41/containers/%s/start HTTP/1.1\r\nHost: d\r\n"
            "Content-Length: 0\r\n\r\n" % made["Id"]).encode()
    up = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
    js = "Content-Type: application/json\r\n"
    lab.docker("alice", "run", "-d", "--name", "mine", BOX, "sleep", "1000")
    lab.docker("alice", "create", "--name", "idle", BOX, "true")
    for line, fields, body in (
            ("POST /v1.41/exec/%s/start" % ("0" * 64), up + js, b'{"Detach":false}'),
            ("POST /v1.41/containers/nosuch/attach?stream=1&stdin=1", up, b""),
            ("POST /v1.41/containers/mine/attach?stream=0", up, b""),
            ("POST /v1.41/containers/mine/exec", up + js, b'{"Cmd":["id"]}'),
            ("POST /v1.41/containers/idle/resize?h=1&w=1", up, b""),
            ("GET /v1.41/containers/json", up, b""),
            ("GET /v1.41/_ping", up, b""),
            ("POST /v1.41/session", "Connection: Upgrade\r\nUpgrade: h2c\r\n", b""),
            ("POST /v1.41/grpc", "Connection: Upgrade\r\nUpgrade: h2c\r\n", b""),
            ("GET /v1.41/containers/json", "", b""),
            ("GET /v1.41/containers/json", "Transfer-Encoding: chunked\r\n",
             b"0\r\n\r\n")):
        length = "" if "chunked" in fields else "Content-Length: %d\r\n" % len(body)
        head = ("%s HTTP/1.1\r\nHost: d\r\n%s%s\r\n" % (line, fields, length)).encode()
        raw_bytes_as(2001, head + body + evil, evil)
    # A real switch: what follows goes to the container's standard input, nowhere else.
    # The end is sent behind the echo: an engine that hears it drops what a container that
    # stays open (without StdinOnce) has yet to say, gate or no gate.
    lab.docker("alice", "run", "-di", "--name", "cat", BOX, "cat")
    out = raw_bytes_as(2001, ("POST /v1.41/containers/cat/attach?stream=1&stdin=1&stdout=1 "
                              "HTTP/1.1\r\nHost: d\r\n%s\r\n" % up).encode() + evil, b"",
                       until=evil[:60])
    expect("it came back from cat", b"101 UPGRADED" in out and evil[:60] in out, out)
    state = api("GET", "/containers/evil/json")["State"]
    expect("it was never started", state["Status"] == "created", state)


def raw_bytes_as(uid, *pieces, until=b""):
    """What a process of that uid hears when it sends these, and closes its half when it
    has heard @until."""
    def talk():
        out = b""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(GATE)
            with contextlib.suppress(OSError):
                for p in pieces:
                    s.sendall(p)
                    time.sleep(0.05)
                while until not in out and (data := s.recv(65536)):
                    out += data
                s.shutdown(socket.SHUT_WR)
            while data := s.recv(65536):
                out += data
        return out[:4096]
    return as_uid(uid, talk)


@check
def what_makes_root_is_refused(lab):
    for words in (["--privileged"], ["-v", "/:/host"], ["--pid", "host"],
                  ["--cap-add", "SYS_ADMIN"], ["-u", "0"], ["--device", "/dev/null"],
                  ["-v", "/run/seawall:/s"], ["-v", "/home/bob:/b"],
                  ["--security-opt", "seccomp=unconfined"], ["--net", "host"]):
        refused(lab, "alice", "run", "--rm", *words, BOX, "true")
    made = api("GET", "/containers/json?all=1")
    expect("nothing was made", made == [], made)


# ---------------------------------------------------------------- binds
@check
def binds_of_home_and_read_only(lab):
    os.mkdir("/home/alice/own")
    os.chown("/home/alice/own", 2001, 2001)
    lab.docker("alice", "run", "--rm", "-v", "/home/alice/own:/d", BOX, "sh", "-c",
               "echo written > /d/file")
    with open("/home/alice/own/file", encoding="utf-8") as f:
        expect("it is her own directory", f.read() == "written\n")
    expect("of hers", os.stat("/home/alice/own/file").st_uid == 2001)
    out = lab.docker("alice", "run", "--rm", "-v", "/srv/data:/d:ro", BOX, "cat",
                     "/d/hello")
    expect("read only", out == "shared\n", out)
    status, out = lab.docker("alice", "run", "--rm", "-v", "/srv/data:/d", BOX, "sh",
                             "-c", "echo x > /d/x", check=False)
    expect("not to be written", status != 0 and not os.path.exists("/srv/data/x"), out)
    refused(lab, "alice", "run", "--rm", "-v", "/home/alice/nowhere:/d", BOX, "true")
    expect("nothing was made for it", not os.path.exists("/home/alice/nowhere"))


def secret_place():
    os.makedirs("/srv/secret", exist_ok=True)
    with open("/srv/secret/key", "w", encoding="utf-8") as f:
        f.write("secret\n")


@check
def links_in_binds_are_refused_14(lab):
    secret_place()
    os.symlink("/srv/secret", "/home/alice/link")
    refused(lab, "alice", "run", "--rm", "-v", "/home/alice/link:/d", BOX, "cat", "/d/key")
    refused(lab, "alice", "run", "--rm", "-v", "/home/alice/link/sub:/d", BOX, "true")
    refused(lab, "alice", "run", "--rm", "-v", "/home/alice/../../srv/secret:/d", BOX,
            "true")
    os.unlink("/home/alice/link")


def swap(path):
    os.rename(path, path + ".away")
    os.symlink("/srv/secret", path)


@check
def nothing_is_made_in_a_bind_by_root(lab):
    """runc makes the places of mounts, wherever a link leads it meanwhile."""
    path = "/home/alice/outer"
    os.mkdir(path)
    os.chown(path, 2001, 2001)
    mended = gatelab.runc_is_from(1, 3, 3)
    for words in (["-v", path + ":/d", "-v", "/d/a/b"],
                  ["-v", path + ":/d", "--tmpfs", "/d/t"], ["-v", path + ":/etc"]):
        if mended:
            lab.docker("alice", "run", "--rm", *words, BOX, "true")
            continue
        out = refused(lab, "alice", "run", "--rm", *words, BOX, "true")
        expect("why", "1.3" in out if gatelab.has_mended_runc()
               else "runc before 1.1.14" in out, out)
        expect("nothing was made", os.listdir(path) == [], os.listdir(path))
    if mended:
        raise Skip("this runc leaves no container's root: nothing is refused for it")


@check
def images_bring_nothing_that_is_refused(lab):
    for name, change in (("sys", "VOLUME /sys"), ("dev", "VOLUME /dev"),
                         ("names", "VOLUME /etc/hosts"),
                         ("cwd", "WORKDIR /proc/self/fd/8")):
        api("POST", "/images/create?fromSrc=-&repo=%s&tag=1&changes=%s" % (
            name, change.replace(" ", "%20")), gatelab.box_image(), "application/x-tar")
        out = refused(lab, "alice", "run", "--rm", name + ":1", "true")
        expect("why", change.split(" ")[1] in out, out)
        rule = lab.decisions()[-1]["rule"]
        expect("by the rule of images", rule == "create-image", (name, rule))
        api("DELETE", "/images/%s:1" % name)


@check
def an_images_label_makes_nobody_an_owner(lab):
    """Of root's container: the engine would prune it, for the label is all it looks at."""
    api("POST", "/images/create?fromSrc=-&repo=labelled&tag=1&changes="
        "LABEL%20seawall.owner=2002%20seawall.image=x", gatelab.box_image(),
        "application/x-tar")
    api("POST", "/containers/create?name=roots", {"Image": "labelled:1", "Cmd": ["true"]})
    lab.docker("bob", "create", BOX, "true")
    for words in (["container", "prune", "-f"], ["rm", "roots"], ["start", "roots"]):
        out = refused(lab, "bob", *words)
        expect("why", "not yours" in out, out)
    expect("both are there", len(api("GET", "/containers/json?all=1")) == 2)
    api("DELETE", "/containers/roots")
    lab.docker("bob", "container", "prune", "-f")
    expect("his own go", api("GET", "/containers/json?all=1") == [])
    api("DELETE", "/images/labelled:1")


@check
def a_link_swapped_in_does_not_win_14(lab):
    secret_place()
    path = "/home/alice/swapped"
    os.mkdir(path)
    os.chown(path, 2001, 2001)
    with open(path + "/key", "w", encoding="utf-8") as f:
        f.write("hers\n")
    show = ["-v", path + ":/d", BOX, "cat", "/d/key"]
    # After create, before start.
    lab.docker("alice", "create", "--name", "swap1", *show)
    swap(path)
    status, out = lab.docker("alice", "start", "-a", "swap1", check=False)
    expect("start does not see it", "secret" not in out, (status, out))
    # Between two starts, behind gate's back: what is mounted is what was opened.
    os.unlink(path)
    os.rename(path + ".away", path)
    lab.docker("alice", "create", "--name", "swap2", *show)
    expect("it works", lab.docker("alice", "start", "-a", "swap2") == "hers\n")
    swap(path)
    identity = api("GET", "/containers/swap2/json")["Id"]
    api("POST", "/containers/%s/start" % identity)
    api("POST", "/containers/%s/wait" % identity)
    out = lab.docker("alice", "logs", "swap2")
    expect("the engine, restarted on its own, sees her own", "secret" not in out and
           out == "hers\nhers\n", out)
    # Swapped back and forth as fast as can be, while she runs containers.
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            os.unlink(path)
            os.rename(path + ".away", path)
            os.rename(path, path + ".away")
            os.symlink("/srv/secret", path)
    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        # Refused when it is made, or when it is started: the client ends.
        seen = [lab.docker("alice", "run", "--rm", *show, check=False)[1]
                for _ in range(12)]
    finally:
        stop.set()
        flipper.join()
    expect("never the secret", not any("secret\n" in x for x in seen), seen)


@check
def what_may_not_start_is_removed_as_the_engine_would(lab):
    """docker run --rm waits for that."""
    path = "/home/alice/fleeting"
    os.mkdir(path)
    os.chown(path, 2001, 2001)
    for name in ("lasting", "fleeting"):
        lab.docker("alice", "create", "--name", name, "-v", path + ":/d",
                   *(["--rm"] if name == "fleeting" else []), BOX, "true")
    secret_place()
    count = len(lab.decisions())
    waiting = threading.Thread(target=raw_as, daemon=True, args=(
        2001, "POST", "/v1.41/containers/fleeting/wait?condition=removed", None))
    waiting.start()
    swap(path)
    for name in ("lasting", "fleeting"):
        expect("why", "symbolic link" in refused(lab, "alice", "start", name))
    waiting.join(20)
    expect("who waits is told", not waiting.is_alive())
    left = [c["Names"] for c in api("GET", "/containers/json?all=1")]
    expect("the other one stays", left == [["/lasting"]], left)
    last = [x for x in lab.decisions()[count:] if x["rule"] == "auto-remove"]
    expect("the trail tells", len(last) == 1 and last[0]["user"] == "alice", last)


@check
def pins_of_a_user_are_bounded(lab):
    def bind(i):
        path = "/home/bob/d%d" % i
        os.mkdir(path)
        os.chown(path, 2002, 2002)
        body = json.dumps({"Image": BOX, "Cmd": ["true"], "HostConfig": {
            "Binds": [path + ":/d"]}}).encode()
        status = raw_as(2002, "POST", "/v1.41/containers/create", body)
        return path, status
    paths = [bind(i) for i in range(258)]
    expect("the first are fine", all(s == 201 for _, s in paths[:256]), paths[:3])
    expect("then it ends", [s for _, s in paths[256:]] == [403, 403], paths[255:])
    for path, _ in paths[:5]:
        os.rmdir(path)
    expect("removed directories make room", [bind(i)[1] for i in (300, 301)] ==
           [201, 201])


@check
def binds_of_root_do_not_multiply(lab):
    """A clone of / does not take the pins along."""
    counts = []
    for _ in range(4):
        out = lab.docker("carol", "run", "--rm", "-v", "/:/host:ro", BOX, "ls",
                         "/host/srv")
        expect("it is there", "data" in out, out)
        with open("/proc/self/mounts", encoding="utf-8") as f:
            counts.append(sum("/run/seawall/binds" in x for x in f))
    expect("as many mounts as after the first", len(set(counts)) == 1, counts)


@check
def client_and_gate_speak_one_version(lab):
    """The engine's own newest is not told: a client would mean other things by it."""
    engines = api("GET", "/version")
    version = "1.44" if int(engines["ApiVersion"].split(".")[1]) >= 44 else "1.41"
    out = lab.docker("alice", "version", "--format", "{{.Client.APIVersion}}").strip()
    newest = lab.docker("alice", "version", "--format",
                        "{{.Client.DefaultAPIVersion}}").strip()
    expect("the client speaks", out == min(version, newest), (out, version, newest))
    lab.docker("alice", "volume", "create", "keep")
    lab.docker("alice", "volume", "prune", "-f")
    left = lab.docker("alice", "volume", "ls", "-q").split()
    # Newer engines keep what has a name, whatever an old client expects.
    expect("volumes with a name", ("keep" in left) == (version != "1.41"), left)
    lab.docker("alice", "volume", "rm", "-f", "keep", check=False)


@check
def no_file_of_groups_gives_others(lab):
    """runc before 1.3.0 looks the number of the caller's own group up as a name in it."""
    with open("/home/alice/group", "w", encoding="utf-8") as f:
        f.write("%d:x:0:\n" % USERS["alice"])
    for mount in ("-v/home/alice/group:/etc/group", "--tmpfs=/etc"):
        status, out = lab.docker("alice", "run", "--rm", mount, BOX, "id", "-G",
                                 check=False)
        mended = gatelab.runc_is_from(1, 3, 0)
        expect("refused: " + mount, mended or (status and "groups" in out), out)
        expect("with its own group: " + mount, not mended or status or
               out.split() == [str(USERS["alice"])], out)
    lab.docker("alice", "run", "-d", "--name", "fixed", "--read-only", "--tmpfs", "/d",
               BOX, "sleep", "1000")
    status, out = lab.docker("alice", "cp", "/home/alice/group", "fixed:/d/", check=False)
    expect("none is copied in", gatelab.runc_is_from(1, 3, 0) or (
        status and "groups" in out), out)
    lab.docker("alice", "rm", "-f", "fixed")
    status, out = lab.docker("alice", "run", "--rm", "--group-add", str(USERS["alice"]),
                             BOX, "id", check=False)
    expect("no groups are added", status and "/etc/group" in out, out)


@contextlib.contextmanager
def image(name, *extra):
    """Of root's, with more in it than the others: see gatelab.box_image()."""
    api("POST", "/images/create?fromSrc=-&repo=%s&tag=1" % name,
        gatelab.box_image(*extra), "application/x-tar")
    try:
        yield name + ":1"
    finally:
        api("DELETE", "/images/%s:1" % name)


def nothing_is_left():
    """Containers that were made to look at images are gone, with their volumes."""
    left = [c for c in api("GET", "/containers/json?all=1")
            if "seawall.look" in c["Labels"]]
    expect("none is left", left == [], left)
    volumes = api("GET", "/volumes")["Volumes"] or []
    expect("no volume is left", volumes == [], volumes)


@check
def no_image_gives_groups(lab):
    """The same file of an image's own, or one that whoever runs it can make there."""
    own = USERS["alice"]
    line = b"%d:x:0:\n" % own
    folder, link = tarfile.DIRTYPE, tarfile.SYMTYPE
    bad = {
        "named": [({"name": "etc/group"}, line)],
        "writable": [({"name": "etc/group", "uid": own}, b"root:x:0:\n")],
        "linked": [({"name": "etc/group", "type": link, "linkname": "/tmp/group"}, b"")],
        "folder": [({"name": "etc", "type": folder, "mode": 0o777}, b"")],
        "top": [({"name": ".", "type": folder, "mode": 0o755, "uid": own}, b"")],
        "far": [({"name": "etc", "type": folder, "mode": 0o755, "uid": 3000000}, b"")],
    }
    mended = gatelab.runc_is_from(1, 3, 3)
    for name, extra in bad.items():
        with image(name, *extra) as box:
            status, out = lab.docker("alice", "run", "--rm", box, "id", "-G",
                                     check=False)
            rule = lab.decisions()[-1]["rule"]
        if mended:
            expect("its own group: " + name, out.split() == [str(own)], out)
        else:
            expect("refused: " + name, status and "1.3" in out, out)
            expect("by its rule: " + name, rule == "image-groups", rule)
    status, out = lab.docker("alice", "run", "--rm", BOX, "id", "-G", check=False)
    expect("others run", not status and out.split() == [str(own)], out)
    with image("fine", ({"name": "etc/group"}, b"root:x:0:\nstaff:x:50:\n")) as box:
        status, out = lab.docker("alice", "run", "--rm", box, "id", "-G", check=False)
    expect("one with groups runs", not status and out.split() == [str(own)], out)
    nothing_is_left()


def given(*names, link=None, text=None):
    """Something of alice's, in folders of hers; its path."""
    path = os.path.join("/home/alice", *names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if link:
        os.symlink(link, path)
    else:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    for folder, folders, files in os.walk("/home/alice"):
        for name in folders + files:
            os.lchown(os.path.join(folder, name), USERS["alice"], USERS["alice"])
    return path


@check
def no_link_leads_to_the_groups(lab):
    """One in a bind, in the memory of another container, or put there for a restart."""
    own = str(USERS["alice"])
    groups = os.path.dirname(given("groups", "group", text="%s:x:0:\n" % own))
    var = os.path.dirname(given("var", "run", link="/"))
    way = os.path.dirname(given("way", "etc", link="/etc"))
    mended = gatelab.runc_is_from(1, 3, 3)
    folder, link = tarfile.DIRTYPE, tarfile.SYMTYPE
    lab.docker("alice", "run", "-d", "--ipc", "shareable", "--name", "eve", BOX, "sh",
               "-c", "ln -s /etc /dev/shm/a; sleep 1000")
    lab.docker("alice", "exec", "eve", "sh", "-c",
               "while ! [ -L /dev/shm/a ]; do sleep 0.1; done")
    for name, words, rule in (
            ("below a mount", ["-v", way + ":/d", "-v", groups + ":/d/etc"],
             "mount-nested"),
            ("where a usual link was", ["-v", var + ":/var", "-v",
                                        groups + ":/var/run/etc"], "mount-nested"),
            ("joined memory", ["--ipc", "container:eve", "-v", groups + ":/dev/shm/a"],
             "mount-nested")):
        status, out = lab.docker("alice", "run", "--rm", *words, BOX, "id", "-G",
                                 check=False)
        if mended:
            expect("its own group: " + name, status or out.split() == [own], out)
        else:
            expect("refused: " + name, status != 0, out)
            expect("by its rule: " + name, lab.decisions()[-1]["rule"] == rule, out)
    lab.docker("alice", "rm", "-f", "eve")
    for name, extra, place in (
            ("relative", [({"name": "var", "type": folder, "mode": 0o755}, b""),
                          ({"name": "var/run", "type": folder, "mode": 0o755}, b""),
                          ({"name": "var/run/lock", "type": link, "linkname": "/etc"},
                           b""),
                          ({"name": "var/lock", "type": link, "linkname": "run/lock"},
                           b"")], "/var/lock"),
            ("own", [({"name": "way", "type": folder, "mode": 0o755,
                       "uid": USERS["alice"]}, b"")], "/way/a/etc")):
        with image(name, *extra) as box:
            status, out = lab.docker("alice", "create", "--name", "eve", "-v",
                                     groups + ":" + place, box, "sh", "-c",
                                     "id -G; mv /way/a /way/b; ln -s / /way/a",
                                     check=False)
            rule, groups_of = lab.decisions()[-1]["rule"], []
            for _ in range(2 if mended and not status else 0):
                status, out = lab.docker("alice", "start", "-a", "eve", check=False)
                groups_of.append((status, out))
            lab.docker("alice", "rm", "-f", "eve", check=False)
        expect("its own group: " + name, all(
            status or out.split()[:1] == [own] for status, out in groups_of), groups_of)
        expect("by its rule: " + name, mended or rule == "image-links", (rule, out))
    # What is mounted on is busy in the container alone, not for who comes from the host.
    with image("sticky", ({"name": "tmp", "type": folder, "mode": 0o1777}, b""),
               ({"name": "tmp/etc", "type": folder, "mode": 0o755,
                 "uid": USERS["alice"]}, b"")) as box:
        words = ["-d", "--name", "eve", "-v", groups + ":/tmp/etc", box, "sleep", "1000"]
        status, out = lab.docker("alice", "run", *words, check=False)
        rule = lab.decisions()[-1]["rule"]
        expect("by its rule: sticky", mended or rule == "image-links", (rule, out))
        lab.docker("alice", "rm", "-f", "eve", check=False)
        lab.docker("alice", "run", "--read-only", *words)
        pid = api("GET", "/containers/eve/json")["State"]["Pid"]
        p = lab.as_user("alice", "mv", "/proc/%d/root/tmp/etc" % pid,
                        "/proc/%d/root/tmp/old" % pid)
        out = p.communicate()[0]
        expect("a root that is read-only stays so", p.returncode != 0, out)
        lab.docker("alice", "rm", "-f", "eve")
    status, out = lab.docker("alice", "run", "--rm", "-v", groups + ":/tmp/a/b", BOX,
                             "id", "-G", check=False)
    expect("below a sticky folder it is mounted", out.split() == [own], out)
    nothing_is_left()


@check
def nothing_of_hers_is_on_the_way_to_a_working_directory(lab):
    """The engine makes it as root, by its path, while she exchanges what is hers."""
    extra = [({"name": "way", "type": tarfile.DIRTYPE, "mode": 0o755,
               "uid": USERS["alice"]}, b""),
             # As /etc/subuid gives it to her, for user namespaces of hers.
             ({"name": "sub", "type": tarfile.DIRTYPE, "mode": 0o755, "uid": 100000}, b"")]
    with image("ways", *extra) as box:
        for way in ("/way/x/y", "/sub/x/y"):
            out = refused(lab, "alice", "run", "--rm", "-w", way, box, "true")
            expect("why", "working directory" in out, out)
            rule = lab.decisions()[-1]["rule"]
            expect("by its rule", rule == "image-links", rule)
        for words in (["-w", "/way"], ["-w", "/new/x"], ["--read-only", "-w", "/way/x"]):
            # A read-only one is looked at, and then has no such directory.
            status, out = lab.docker("alice", "create", "--name", "eve", *words, box,
                                     "true", check=False)
            expect("made: %s" % words, status == 0, out)
            lab.docker("alice", "rm", "-f", "eve")
    api("POST", "/images/create?fromSrc=-&repo=away&tag=1&changes=WORKDIR%20/way/x",
        gatelab.box_image(*extra), "application/x-tar")
    out = refused(lab, "alice", "run", "--rm", "away:1", "true")
    expect("of the image's, too", "working directory" in out, out)
    api("DELETE", "/images/away:1")
    out = refused(lab, "alice", "diff", lab.docker("alice", "create", BOX, "true").strip())
    expect("and what has changed is not told", "read-only" in out, out)
    nothing_is_left()


@check
def nothing_of_hers_is_on_the_way_to_docker_init(lab):
    """runc mounts it also where an engine's own configuration says so, which none tells."""
    folder, link = tarfile.DIRTYPE, tarfile.SYMTYPE
    with image("hers", ({"name": "sbin", "type": folder, "mode": 0o755,
                         "uid": USERS["alice"]}, b"")) as box:
        status, out = lab.docker("alice", "run", "--rm", box, "echo", "ran", check=False)
        if gatelab.runc_is_from(1, 3, 3):
            expect("it runs", not status and out.split() == ["ran"], out)
        else:
            expect("refused", status and "'/sbin'" in out, out)
            rule = lab.decisions()[-1]["rule"]
            expect("by its rule", rule == "image-links", rule)
        out = lab.docker("alice", "run", "--rm", "--init=false", box, "echo", "ran")
        expect("it runs without", out.split() == ["ran"], out)
    # As Fedora has them.
    with image("merged", ({"name": "usr", "type": folder, "mode": 0o755}, b""),
               ({"name": "usr/bin", "type": folder, "mode": 0o755}, b""),
               ({"name": "usr/sbin", "type": link, "linkname": "bin"}, b""),
               ({"name": "sbin", "type": link, "linkname": "usr/sbin"}, b"")) as box:
        for words in ([], ["--init"]):
            out = lab.docker("alice", "run", "--rm", *words, box, "cat", "/proc/1/comm")
            expect("it runs: %s" % words, out.split() == [
                "docker-init" if words else "cat"], out)
    nothing_is_left()


@check
def no_volume_is_filled_where_a_link_leads(lab):
    """The engine copies what an image has into an empty volume, as root and by paths."""
    own, target = USERS["alice"], "/srv/target"
    os.mkdir(target)
    folder = tarfile.DIRTYPE
    files = [({"name": "x/D/%d" % i}, b"of the image") for i in range(3000)]
    with image("filling", ({"name": "x", "type": folder, "mode": 0o777, "uid": own}, b""),
               ({"name": "x/D", "type": folder, "mode": 0o755}, b""), *files) as box:
        lab.docker("alice", "run", "-d", "--name", "eve", "-v", "empty:/v", BOX, "sh",
                   "-c", "while ! mv /v/D /v/E; do :; done 2>/dev/null; "
                   "ln -s %s /v/D; sleep 1000" % target)
        lab.docker("alice", "create", "--name", "filled", "-v", "empty:/x", box, "true")
        expect("nothing is made on the host", os.listdir(target) == [])
        lab.docker("alice", "rm", "-f", "eve", "filled")
        lab.docker("alice", "volume", "rm", "empty")
        for words in (["-v", "/x"], ["--mount", "type=volume,target=/x"]):
            out = lab.docker("alice", "run", "--rm", *words, box, "ls", "/x")
            expect("its own is filled", out.split() == ["D"], (words, out))
            name = lab.docker("alice", "create", *words, box, "true").strip()
            mounts = api("GET", "/containers/%s/json" % name)["Mounts"]
            out = refused(lab, "alice", "create", "-v", mounts[0]["Name"] + ":/y", BOX,
                          "true")
            expect("nobody else has it", "not yours" in out, out)
            lab.docker("alice", "rm", "-v", name)
    os.rmdir(target)
    nothing_is_left()


@check
def what_the_engine_removes_is_not_hers_to_change(lab):
    """With read_only: not inside, and not from the host. An old Go's engine empties the
    directory that a link leads to where she puts one while it removes."""
    own = USERS["erin"]
    folder = {"name": "own", "type": tarfile.DIRTYPE, "mode": 0o755, "uid": own}
    api("POST", "/images/create?fromSrc=-&repo=own&tag=1&changes=VOLUME%20/own",
        gatelab.box_image((folder, b""), ({"name": "own/x"}, b"of the image")),
        "application/x-tar")
    for words in ([], ["-v", "/own"], ["-v", "named:/own"], ["-v", "/v", "--tmpfs", "/own"]):
        out = refused(lab, "erin", "create", *words, "own:1", "true")
        expect("%s: why" % words, "read_only" in out, out)
    covered = ["--mount", "type=tmpfs,target=/own"]
    name = lab.docker("erin", "run", "-d", "-v", "/home/erin:/home/erin", "-v",
                      "named:/v:ro", *covered, "own:1", "sleep", "1000").strip()
    what = api("GET", "/containers/%s/json" % name)
    expect("its mounts", sorted((m["Type"], m["RW"]) for m in what["Mounts"]) == [
        ("bind", True), ("tmpfs", True), ("volume", False)], what["Mounts"])
    inside = "/proc/%d/root" % what["State"]["Pid"]
    for place in ("", inside):
        for way in ("/tmp/a", "/v/a", "/d/a"):
            command = ["mkdir", place + way]
            if not place:
                command = ["docker", "exec", name] + command
            p = lab.as_user("erin", *command)
            out = p.communicate()[0].decode()
            expect("%s%s" % (place, way), p.returncode and "Read-only" in out, out)
    lab.docker("erin", "exec", name, "touch", "/home/erin/a")
    giver = lab.docker("erin", "create", "-v", "named:/v:ro", BOX, "true").strip()
    heir = lab.docker("erin", "create", "--volumes-from", giver + ":rw", BOX, "true").strip()
    what = api("GET", "/containers/%s/json" % heir)
    expect("what it inherits", [(m["Type"], m["RW"]) for m in what["Mounts"]] == [
        ("volume", False)], what["Mounts"])
    # A --tmpfs is in no list of mounts, and no volume is made below it.
    other = lab.docker("erin", "run", "-d", "--tmpfs", "/own", "own:1", "sleep",
                       "1000").strip()
    what = api("GET", "/containers/%s/json" % other)
    expect("none below a tmpfs", what["Mounts"] == [], what["Mounts"])
    lab.docker("erin", "rm", "-f", name, giver, heir, other)
    lab.docker("erin", "volume", "rm", "named")
    api("DELETE", "/images/own:1")
    nothing_is_left()


@check
def a_look_copies_no_volume(lab):
    folder = {"name": "full", "type": tarfile.DIRTYPE, "mode": 0o755}
    api("POST", "/images/create?fromSrc=-&repo=full&tag=1&changes=VOLUME%20/full",
        gatelab.box_image((folder, b""), ({"name": "full/x"}, b"of the image")),
        "application/x-tar")
    begin = time.time()
    out = lab.docker("alice", "run", "--rm", "full:1", "ls", "/full")
    expect("the container has it", out.split() == ["x"], out)
    nothing_is_left()
    made = api("GET", "/events?since=%f&until=%f&filters=%s" % (
        begin, time.time(), quote('{"type":["volume"],"event":["create"]}')))
    made = [made] if isinstance(made, dict) else made.split("\n")[:-1]
    expect("one volume is made", len(made) == 1, made)
    api("DELETE", "/images/full:1")


@check
def no_image_says_that_it_was_looked_at(lab):
    """Of a container that somebody else than whoever starts it could make unlooked."""
    own = USERS["carol"]
    api("POST", "/images/create?fromSrc=-&repo=said&tag=1"
        "&changes=LABEL%20seawall.looked=groups",
        gatelab.box_image(({"name": "etc/group"}, b"%d:x:0:\n" % own)),
        "application/x-tar")
    lab.docker("carol", "create", "--name", "eve", "said:1", "id")
    labels = api("GET", "/containers/eve/json")["Config"]["Labels"]
    expect("its label", labels["seawall.looked"] == "", labels)
    lab.docker("carol", "rm", "eve")
    api("DELETE", "/images/said:1")


@check
def no_image_leads_a_mount_astray(lab):
    """Its links: to the groups, or to where the caller can put links of his own."""
    link = tarfile.SYMTYPE
    path = "/home/alice/led"
    os.mkdir(path)
    os.chown(path, USERS["alice"], USERS["alice"])
    mended = gatelab.runc_is_from(1, 3, 3)
    for name, target, words in (
            ("groups", "/etc", ["--tmpfs", "/way"]),
            ("into", "/d", ["-v", path + ":/d", "--tmpfs", "/way/x"]),
            ("through", "/d", ["-v", path + ":/d", "-v", "/way"])):
        with image(name, ({"name": "way", "type": link, "linkname": target},
                          b"")) as box:
            status, out = lab.docker("alice", "run", "--rm", *words, box, "id", "-G",
                                     check=False)
            rule = lab.decisions()[-1]["rule"]
        if mended:
            expect("its own group: " + name, status or out.split() == [
                str(USERS["alice"])], out)
            continue
        expect("refused: " + name, status and "'/way'" in out, out)
        expect("by its rule: " + name, rule == "image-links", rule)
        expect("nothing was made", os.listdir(path) == [], os.listdir(path))
    nothing_is_left()


def blob(data, kind, **more):
    return {"mediaType": "application/vnd.oci.image." + kind, "size": len(data),
            "digest": "sha256:" + hashlib.sha256(data).hexdigest(), **more}


def manifest_of(machine, layer):
    """An image for it, of that one layer: what an index says of it, and its blobs."""
    config = json.dumps({"os": "linux", "architecture": machine, "config": {}, "rootfs": {
        "type": "layers",
        "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    parts = [blob(config, "config.v1+json"), blob(layer, "layer.v1.tar")]
    text = json.dumps({"schemaVersion": 2, "config": parts[0], "layers": parts[1:],
                       "mediaType": "application/vnd.oci.image.manifest.v1+json"}).encode()
    told = blob(text, "manifest.v1+json", platform={"os": "linux", "architecture": machine})
    return told, {parts[0]["digest"]: config, parts[1]["digest"]: layer,
                  told["digest"]: text}


def load_index(name, manifests, blobs):
    """An image that is those manifests', of which only what these blobs hold comes."""
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}
    text = json.dumps(dict(index, manifests=manifests)).encode()
    told = blob(text, "index.v1+json", annotations={
        "io.containerd.image.name": "docker.io/library/" + name})
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
             "index.json": json.dumps(dict(index, manifests=[told])).encode()}
    for digest, data in {told["digest"]: text, **blobs}.items():
        files["blobs/sha256/" + digest[7:]] = data
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as t:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    api("POST", "/images/load", tar.getvalue(), "application/x-tar")
    return told["digest"]


@check
def of_many_platforms_that_one_runs_which_was_looked_at(lab):
    """containerd's store gives them one id, and takes the best that has come so far."""
    if api("GET", "/version")["ApiVersion"] == "1.41":
        raise Skip("this engine has no such store")
    own, box = USERS["alice"], gatelab.box_image
    folder = {"name": "way", "type": tarfile.DIRTYPE, "mode": 0o755}
    other, better, good = (manifest_of(machine, layer) for machine, layer in (
        ("386", box(({"name": "other"}, b""))), ("amd64", box((dict(folder, uid=own), b""))),
        ("amd64", box((folder, b"")))))
    lab.stop()
    lab.start(features={"containerd-snapshotter": True}, **{"storage-driver": "native"})
    try:
        index = [other[0], better[0], good[0]]
        image_id = load_index("many:1", index, other[1])
        lab.docker("alice", "create", "--name", "first", "-w", "/x/y", "many:1", "ls", "/")
        load_index("many:1", index, good[1])
        made = api("POST", "/containers/create?name=second", {
            "Image": "many:1", "Cmd": ["true"], "User": "%d:%d" % (own, own),
            "WorkingDir": "/way/x", "Labels": {
                "seawall.owner": str(own), "seawall.image": image_id},
            "HostConfig": {"CapDrop": ["ALL"], "IpcMode": "private",
                           "SecurityOpt": ["no-new-privileges"],
                           "CgroupnsMode": "private"}})["Id"]
        out = lab.docker("alice", "start", "-a", "first")
        expect("the one that was there", "other" in out.split(), out)
        load_index("many:1", index, better[1])
        out = refused(lab, "alice", "start", made)
        rule = lab.decisions()[-1]["rule"]
        expect("another than would be made now", rule == "image-platform", (rule, out))
        out = refused(lab, "alice", "create", "-w", "/way/x", "many:1", "true")
        rule = lab.decisions()[-1]["rule"]
        expect("what is looked at now", rule == "image-links", (rule, out))
        lab.docker("alice", "rm", "first", "second")
        nothing_is_left()
    finally:
        lab.stop()
        lab.start()


# ---------------------------------------------------------------- the trail
@check
def trail_tells_who_and_what(lab):
    lab.docker("alice", "run", "--rm", "-e", "PASSWORD=hunter2", BOX, "true")
    identity = lab.docker("alice", "create", "--name", "eve", BOX, "true").strip()
    lab.docker("alice", "start", "eve")
    with open(lab.trail, "rb") as f:
        text = f.read()
    expect("no environment", b"hunter2" not in text)
    lines = [x for x in lab.decisions() if x["uid"] == USERS["alice"]]
    expect("the user", all(x["user"] == "alice" for x in lines))
    create = [x for x in lines if x.get("route", "").endswith("containers/create")]
    expect("the image", any(x.get("image") == BOX for x in create), create[-1:])
    start = [x for x in lines if x.get("object") == identity]
    expect("the object by its full id", start, lines[-3:])
    denied = [x for x in lab.decisions() if x["decision"] == "deny"]
    expect("denials have rule and reason", all(x["rule"] and x["reason"]
                                              for x in denied))


@check
def trail_goes_to_the_journal(lab):
    """In its native protocol; a line feed in a name adds no field."""
    os.makedirs("/run/systemd/journal", exist_ok=True)
    where, path = "/run/systemd/journal/socket", world.RUN + "/second.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(where)
        journal.settimeout(20)
        p = subprocess.Popen([lab.gate_exe, "serve", "--listen", path, "--mode", "0666",
                              "--engine", gatelab.ENGINE, "--policy", lab.policy],
                             preexec_fn=world.die_with_parent)
        try:
            world.wait_for("gate's socket", lambda: os.path.exists(path))
            c = GateConnection("docker")
            c.path = path
            c.request("GET", "/v1.41/images/a%0aPRIORITY=0/json")
            c.getresponse().read()
            entry = journal.recv(65536).decode()
        finally:
            p.terminate()
            p.wait()
            os.unlink(where)
    fields = dict(x.split("=", 1) for x in entry.rstrip("\n").split("\n"))
    expect("its fields", fields["SYSLOG_IDENTIFIER"] == "gate" and fields["PRIORITY"] ==
           "4" and fields["SEAWALL_UID"] == "0" and fields["SEAWALL_DECISION"] == "deny",
           entry)
    expect("the line", json.loads(fields["MESSAGE"])["decision"] == "deny", entry)


@check
def no_process_was_killed(lab):
    expect("no call that was not foreseen", "signal" not in lab.said(), lab.said())


def main():
    def begin():
        if ARGS.engine_client:
            engine.use_client()
    title = "e2e/gate-serve-client" if ARGS.engine_client else "e2e/gate-serve"
    return gatelab.run_checks(
        title, [(n.replace("e2e/gate-serve", title), f) for n, f in check], ARGS, begin)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--engine-client", action="store_true")
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate = os.path.abspath(ARGS.gate)
    sys.exit(main())
