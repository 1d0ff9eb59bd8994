# SPDX-License-Identifier: GPL-2.0-or-later
"""An /etc of one's own: users, groups, PAM stacks that end with the process.

enter() starts the program again in mount, network and process namespaces of its own, with
a copy of /etc mounted over it and an empty /run, /tmp and /var/spool. Nothing that is
written to them is seen outside, and whatever still runs at the end is ended.
"""
import crypt
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

from lab import own_root

DOCKER = 4995
PASSWORD = "correct horse"
# name: uid, primary gid, in group docker
USERS = {"alice": (5000, 5000, True), "bob": (5001, 5001, True),
         "carol": (5002, 5002, False), "dave": (5003, DOCKER, False)}
POLICY = "/etc/seawall/policy.json"


def enter():
    """In the namespaces: returns. Before: starts them and ends with their status."""
    if os.environ.get("PRIVATE_ETC") == "yes":
        setup()
        return
    os.environ["PRIVATE_ETC"] = "yes"
    os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork",
                          "--propagation", "unchanged", "--kill-child",
                          sys.executable] + sys.argv)


def run(*cmd, **options):
    options.setdefault("check", True)
    return subprocess.run(cmd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def setup():
    own_root()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
    shutil.copytree("/etc", "/mnt/etc", symlinks=True)
    run("cp", "-a", "--no-preserve=xattr", "/etc/.", "/mnt/etc/")
    run("mount", "--bind", "/mnt/etc", "/etc")
    for place in ("/run", "/var/lib", "/var/spool"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    run("ip", "link", "set", "lo", "up")
    os.makedirs("/run/sshd", exist_ok=True)
    os.makedirs("/run/home", exist_ok=True)
    accounts()


def accounts(members=None):
    """The users above; members of group docker, unless others are named."""
    if members is None:
        members = [u for u in USERS if USERS[u][2]]
    secret = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_SHA256, rounds=1000))
    known = set(USERS) | {"docker"}

    def others(path):
        return [x for x in read(path).splitlines() if x.split(":")[0] not in known]

    write("/etc/passwd", "\n".join(others("/etc/passwd") + [
        "%s:x:%d:%d::/run/home:/bin/sh" % (u, USERS[u][0], USERS[u][1])
        for u in USERS]) + "\n")
    write("/etc/group", "\n".join(others("/etc/group") + [
        "%s:x:%d:" % (u, USERS[u][1]) for u in USERS if USERS[u][1] != DOCKER] + [
            "docker:x:%d:%s" % (DOCKER, ",".join(members))]) + "\n")
    write("/etc/shadow", "\n".join(others("/etc/shadow") + [
        "%s:%s:19000:0:99999:7:::" % (u, secret) for u in USERS]) + "\n", 0o640)
    write("/etc/gshadow", "\n".join(others("/etc/gshadow") + [
        "docker:!::" + ",".join(members)]) + "\n", 0o640)
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n"
          "gshadow: files\nhosts: files\n")


def policy(unapproved="strip", approved=("bob",), more=None):
    gate = {"docker_group": {"approved": list(approved), "unapproved": unapproved},
            "profiles": {}, "grants": []}
    gate.update(more or {})
    write(POLICY, json.dumps({"version": 1, "gate": gate}))


def terminal(cmd, says, time_s=20, user=None, env=None):
    """cmd on a terminal of its own; says: what to wait for, and what to type then.

    Returns its exit status and all that it printed."""
    pid, fd = pty.fork()
    if pid == 0:
        if user:
            os.initgroups(user, USERS[user][1])
            os.setresgid(*[USERS[user][1]] * 3)
            os.setresuid(*[USERS[user][0]] * 3)
        os.execvpe(cmd[0], cmd, env if env is not None else os.environ)
    seen, end = b"", time.monotonic() + time_s
    says, start = list(says), 0
    while time.monotonic() < end:
        ready, _, _ = select.select([fd], [], [], 0.2)
        if ready:
            try:
                more = os.read(fd, 4096)
            except OSError:
                break
            if not more:
                break
            seen += more
        if says and says[0][0].encode() in seen[start:]:
            start = len(seen)
            time.sleep(0.1)  # login(1) throws away what was typed before it asks
            text = says.pop(0)[1]
            # Control characters act at once; a line needs its end.
            os.write(fd, text.encode() + (b"" if text < " " else b"\n"))
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), seen.decode("utf-8", "replace")
