# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab with users on it, and gate on the socket that their tools expect.

The engine listens at a socket of root's, gate serve at /run/docker.sock, as the units in
conf/ set it up. /etc and /home of the lab are its own.
"""
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile

import engine
import lab as world
from checks import attempt
from lab import api, run

ENGINE, GATE = "/run/seawall/engine.sock", "/run/docker.sock"
BOX = "box:1"
USERS = {"alice": 2001, "bob": 2002, "carol": 2003, "dave": 2004, "erin": 2005}
POLICY = {
    "version": 1,
    "gate": {
        "profiles": {
            "developer": {"run_as": "caller", "binds": ["$HOME", "/srv/data:ro"],
                          "images": ["*"], "publish": "loopback"},
            "reader": {"binds": ["$HOME"], "images": ["*"], "read_only": True},
            "operator": {"run_as": "any", "binds": ["/"], "privileged": True,
                         "images": ["*"], "host_namespaces": True, "networks": ["*"],
                         "capabilities": ["*"], "devices": ["*"], "publish": "any",
                         "build": True, "others": True}},
        "grants": [{"users": ["alice", "bob"], "profile": "developer",
                    "elevate": "operator"},
                   {"users": ["carol"], "profile": "operator"},
                   {"users": ["erin"], "profile": "reader"}]}}


def own_etc():
    """Users that exist in here only."""
    os.makedirs(world.RUN + "/etc")
    for name, lines in (
            ("passwd", ["%s:x:%d:%d::/home/%s:/bin/sh" % (n, i, i, n)
                        for n, i in USERS.items()]),
            ("group", ["%s:x:%d:" % (n, i) for n, i in USERS.items()])):
        copy = "%s/etc/%s" % (world.RUN, name)
        shutil.copyfile("/etc/" + name, copy)
        with open(copy, "a", encoding="utf-8") as f:
            f.write("".join(x + "\n" for x in lines))
        run("mount", "--bind", copy, "/etc/" + name)
    for place in ("/home", "/srv"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    for name, uid in USERS.items():
        os.mkdir("/home/" + name, 0o700)
        os.chown("/home/" + name, uid, uid)
    os.makedirs("/srv/data")
    with open("/srv/data/hello", "w", encoding="utf-8") as f:
        f.write("shared\n")


def box_image(*extra):
    """A tar with busybox and its applets; extra: (TarInfo's members, text) of more."""
    names = run("busybox", "--list").split()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as t:
        for folder in {"bin", "tmp", "etc", "d"} - {m["name"] for m, _ in extra}:
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755 if folder == "etc" else 0o1777
            t.addfile(info)
        t.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
        for name in names:
            if name != "busybox":
                info = tarfile.TarInfo("bin/" + name)
                info.type, info.linkname = tarfile.SYMTYPE, "busybox"
                t.addfile(info)
        for members, text in extra:
            info = tarfile.TarInfo()
            for key, value in {"size": len(text), **members}.items():
                setattr(info, key, value)
            t.addfile(info, io.BytesIO(text))
    return tar.getvalue()


def confined():
    """With no more capabilities than the unit in conf/ gives."""
    unit = os.path.join(world.HERE, "../../conf/systemd/seawall-gate.service.in")
    with open(unit, encoding="utf-8") as f:
        names = re.search(r"^CapabilityBoundingSet=(.*)", f.read(), re.M).group(1)
    return ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set",
            ",".join(["-all"] + ["+" + x[4:].lower() for x in names.split()])]


def tidied(function):
    """@function of a lab, as a check that finds none of the last one's containers."""
    def run_tidied(lab):
        lab.tidy()
        function(lab)
    return run_tidied


class GateLab(world.Lab):
    """A lab whose engine is behind gate serve."""
    def __init__(self, gate, policy=None):
        super().__init__()
        world.SOCKET = ENGINE
        # gate notes there what is to be mounted again after a boot.
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib")
        own_etc()
        os.makedirs("/run/seawall", 0o700)
        engine.share("/run/seawall/binds")
        self.gate_exe, self.gate = gate, None
        self.policy = world.RUN + "/policy.json"
        self.trail = world.RUN + "/trail"
        self.log = world.RUN + "/gate.log"
        self.write_policy(policy or POLICY)
        self.start()
        api("POST", "/images/create?fromSrc=-&repo=box&tag=1", box_image(),
            "application/x-tar")
        self.start_gate()

    def write_policy(self, policy):
        with open(self.policy + ".new", "w", encoding="utf-8") as f:
            json.dump(policy, f)
        os.rename(self.policy + ".new", self.policy)

    def start_gate(self):
        with open(self.trail, "ab") as trail, open(self.log, "ab") as log:
            fd = trail.fileno()
            self.gate = subprocess.Popen(
                confined() + [self.gate_exe, "serve", "--listen", GATE, "--mode", "0666", "--engine",
                 ENGINE, "--policy", self.policy, "--trail", "fd:%d" % fd],
                pass_fds=[fd], stderr=log, preexec_fn=world.die_with_parent)
        world.wait_for("gate's socket", lambda: os.path.exists(GATE))

    def stop_gate(self):
        self.gate.terminate()
        self.gate.wait()

    def as_user(self, user, *command, **how):
        """A process of a user, with no group but its own."""
        uid = USERS[user]
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.STDOUT)
        return subprocess.Popen(
            command, user=uid, group=uid, extra_groups=[], cwd="/home/" + user,
            env={"HOME": "/home/" + user, "PATH": world.search_path(), "TERM": "xterm"},
            **how)

    def docker(self, user, *words, data=None, check=True, seconds=60):
        """The stock client as it is installed; its output, or status and output."""
        p = self.as_user(user, "docker", *words,
                         stdin=subprocess.PIPE if data is not None
                         else subprocess.DEVNULL)
        try:
            out, _ = p.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            raise RuntimeError("docker %s: not done in %d seconds" % (
                " ".join(words), seconds)) from None
        text = out.decode("utf-8", "replace")
        if not check:
            return p.returncode, text
        if p.returncode:
            raise RuntimeError("docker %s: %s" % (" ".join(words), text.strip()))
        return text

    def decisions(self):
        with open(self.trail, encoding="utf-8") as f:
            return [json.loads(x) for x in f]

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def tidy(self):
        """No containers of anybody's."""
        def remove():
            left = api("GET", "/containers/json?all=1")
            for c in left:
                # The engine may be removing it already.
                with contextlib.suppress(RuntimeError):
                    api("DELETE", "/containers/%s?force=1&v=1" % c["Id"])
            return not left
        world.wait_for("an engine without containers", remove)


def run_checks(title, checks, arguments, begin=lambda: None):
    """All of a live test's, in a lab of their own; its exit status."""
    why = None if os.environ.get(world.INSIDE) else world.missing()
    if why:
        print("SKIP %s: %s" % (title, why))
        return 0
    world.enter()
    begin()
    lab = GateLab(arguments.gate)
    for name, function in checks:
        if re.search(arguments.only, name):
            attempt(name, tidied(function), lab)
    print(lab.said(), json.dumps(lab.decisions()[-30:], indent=1), file=sys.stderr)
    lab.tidy()
    lab.stop_gate()
    lab.stop()
    return 0


def runc_is_from(*least):
    runc = next(c for c in api("GET", "/version")["Components"] if c["Name"] == "runc")
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", runc["Version"])
    return tuple(int(x) for x in version.groups()) >= least


def has_mended_runc():
    """Whether mounts below others are made without leaving the container's root."""
    return runc_is_from(1, 1, 14)
