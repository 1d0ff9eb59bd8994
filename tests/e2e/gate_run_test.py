#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate run, setuid, with real PAM and terminals: who gets in, and what he gets.

usage: tests/e2e/gate_run_test.py --gate PATH --gate-run PATH [--only REGEX]

All of it happens in an /etc of its own (private_etc.py), with an engine that answers what
is needed, and a journal that keeps what it is told. Policy lets alice and bob elevate.
"""
import argparse
import fcntl
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time

import private_etc as etc
from checks import attempt, told

INSTALLED = None
ENGINE = "/run/seawall/engine.sock"
JOURNAL = "/run/systemd/journal/socket"
TRAIL = []
ASKED = []
GRANTS = {
    "profiles": {
        "user": {"run_as": "caller", "images": ["*"]},
        "admin": {"run_as": "any", "binds": ["/"], "images": ["*"], "privileged": True,
                  "host_namespaces": True, "capabilities": ["*"], "devices": ["*"],
                  "publish": "any", "networks": ["*"], "others": True}},
    "grants": [{"users": ["alice", "bob"], "profile": "user", "elevate": "admin"},
               {"users": ["carol"], "profile": "user"}]}
TYPE = [("assword", etc.PASSWORD)]


def engine(listener):
    """Answers one request a connection."""
    while True:
        c, _ = listener.accept()
        with c:
            head = b""
            while b"\r\n\r\n" not in head:
                more = c.recv(65536)
                if not more:
                    break
                head += more
            head, _, body = head.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
            # Closed with bytes unread, the socket would break gate's sending of them.
            while length and len(body) < int(length.group(1)):
                body += c.recv(65536)
            line = head.split(b"\r\n")[0].decode("latin-1")
            ASKED.append(line)
            status, body = "404 Not Found", b'{"message":"no such thing"}'
            if line.startswith("POST") and "/containers/create" in line:
                status, body = "201 Created", b'{"Id":"%s","Warnings":[]}' % (b"a" * 64)
            elif "/images/" in line:
                status, body = "200 OK", b'{"Id":"sha256:%s","Config":{}}' % (b"b" * 64)
            elif line.startswith("GET /version "):
                body = b'{"ApiVersion":"1.41","MinAPIVersion":"1.12"}'
                status = "200 OK"
            elif "/_ping" in line:
                status, body = "200 OK", b"OK"
            c.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                      b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (
                          status.encode(), len(body), body))


def journal(sock):
    while True:
        TRAIL.append(sock.recv(65536).decode("utf-8", "replace"))


def start(path, kind, serve):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(path)
    if kind == socket.SOCK_STREAM:
        s.listen(16)
    threading.Thread(target=serve, args=(s,), daemon=True).start()


CLIENT = """
import http.client, json, os, socket, sys
path = os.environ["DOCKER_HOST"][len("unix://"):]
def ask(method, target, body=None):
    c = http.client.HTTPConnection("x")
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(path)
    c.request(method, target, json.dumps(body) if body else None,
              {"Content-Type": "application/json"} if body else {})
    return c.getresponse().status
print("ASKED", ask("GET", "/_ping"), ask("POST", "/v1.41/containers/create",
      {"Image": "busybox", "HostConfig": {"Privileged": True}}))
"""


def prepare():
    global INSTALLED
    with open(ARGS.gate, "rb") as f:
        INSTALLED = re.search(rb"(/[\w/.-]+/gate-run)\0", f.read()).group(1).decode()
    top = "/" + "/".join(INSTALLED.split("/")[1:3])
    if top == "/usr/libexec" or not os.path.isdir(top):
        top = os.path.dirname(os.path.dirname(INSTALLED))
    etc.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", top)
    os.makedirs(os.path.dirname(INSTALLED), exist_ok=True)
    shutil.copy(ARGS.gate_run, INSTALLED)
    os.chmod(INSTALLED, 0o4755)
    shutil.copy(ARGS.gate, "/run/gate")
    os.chmod("/run/gate", 0o755)
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../../conf/pam/gate"), "/etc/pam.d/gate")
    etc.write("/run/client.py", CLIENT)
    start(ENGINE, socket.SOCK_STREAM, engine)
    os.chmod(ENGINE, 0o600)
    os.chmod("/run/seawall", 0o700)
    start(JOURNAL, socket.SOCK_DGRAM, journal)
    os.chmod(JOURNAL, 0o666)


def gate_run(user, *args, says=None, env=None, before=""):
    """On a terminal of its own, through a shell that leads the session."""
    quoted = " ".join("'%s'" % a.replace("'", "'\\''") for a in args)
    cmd = ["sh", "-c", "%s/run/gate run %s; echo STATUS=$?" % (before, quoted)]
    _, text = etc.terminal(cmd, TYPE if says is None else says, user=user, env=env)
    m = re.search(r"STATUS=(\d+)", text)
    return int(m.group(1)) if m else None, text


def fresh():
    etc.policy("strip", more=GRANTS)
    shutil.rmtree("/run/seawall/stamps", ignore_errors=True)
    del TRAIL[:]
    del ASKED[:]


def want(got, status, *patterns):
    code, text = got
    if code != status:
        return "status %s instead of %s: %s" % (code, status, text[-300:])
    for pattern in patterns:
        if not re.search(pattern, text):
            return "no '%s' in %r" % (pattern, text[-300:])
    return None


def entry(decision, rule):
    """The line of the trail; it arrives a moment later."""
    for _ in range(20):
        for line in TRAIL:
            if '"decision":"%s"' % decision in line and rule in line:
                return line
        time.sleep(0.1)
    return None


def as_caller():
    """Ids, groups, no descriptor but three, and the trail's line."""
    code = ("import os;print('IDS', os.getresuid(), os.getresgid(), "
            "sorted(os.getgroups()), sorted(os.listdir('/proc/self/fd')))")
    why = want(gate_run("alice", "--reason", "ticket 7", "--", "/usr/bin/python3", "-c",
                        code), 0,
               r"IDS \(5000, 5000, 5000\) \(5000, 5000, 5000\) \[4995, 5000\] "
               r"\['0', '1', '2', '3'\]")
    line = entry("allow", "run-elevate")
    if why or not line:
        return why or "no line in the trail: %s" % TRAIL
    for part in ('"ticket 7"', "admin", "alice", "/usr/bin/python3"):
        if part not in line:
            return "no %s in the trail: %s" % (part, line)
    return etc.PASSWORD in str(TRAIL) and "the password is in the trail" or None


def elevated():
    """The socket lets through what the ordinary profile would not."""
    body = "/run/body.json"
    etc.write(body, '{"Image":"busybox","HostConfig":{"Privileged":true}}')
    plain = etc.run("/run/gate", "check", "--user", "alice", "--method", "POST", "--path",
                    "/v1.41/containers/create", "--body", body, check=False)
    if plain.returncode != 1:
        return "without elevation: status %d %s" % (plain.returncode, plain.stdout)
    why = want(gate_run("alice", "python3", "/run/client.py"), 0, "ASKED 200 201")
    if why:
        return "%s; the engine saw %s; the trail: %s" % (why, ASKED, TRAIL[-2:])
    return None if any("containers/create" in a for a in ASKED) else "engine: %s" % ASKED


def socket_is_private():
    """Another user cannot connect, and afterwards there is no socket."""
    code = ("import os,time;p=os.environ['DOCKER_HOST'][7:];"
            "f=open('/run/home/where','w');f.write(p);f.close();time.sleep(3)")
    os.chmod("/run/home", 0o777)
    try:
        os.remove("/run/home/where")
    except FileNotFoundError:
        pass
    result = []
    t = threading.Thread(target=lambda: result.append(
        gate_run("alice", "python3", "-c", code)))
    t.start()
    for _ in range(100):
        if os.path.exists("/run/home/where") and etc.read("/run/home/where"):
            break
        time.sleep(0.1)
    path = etc.read("/run/home/where")
    probe = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
             "s.connect('%s')\ns.sendall(b'GET /_ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
             "print(s.recv(999))" % path)
    others = etc.run("su", "carol", "-c", "python3 -c \"%s\"" % probe, check=False).stdout
    root = etc.run("python3", "-c", probe, check=False).stdout
    st = os.stat(path)
    t.join()
    if "Permission denied" not in others or "200" in root:
        return "carol: %s root: %s" % (others[-200:], root[-200:])
    if (st.st_uid, st.st_mode & 0o777) != (5000, 0o600):
        return "owner %d mode %o" % (st.st_uid, st.st_mode & 0o777)
    return "it is still there" if os.path.exists(os.path.dirname(path)) else want(
        result[0], 0)


def wrong_password():
    why = want(gate_run("alice", "id", says=[("assword", "wrong")] * 3), 1,
               "not authenticated")
    line = entry("deny", "run-authentication")
    return why or (None if line else "no line in the trail")


def interrupted_after_a_wrong_password():
    """While PAM has him wait: the guess is noted all the same."""
    TRAIL.clear()
    result = gate_run("alice", "id", says=[("assword", "wrong"), ("\n", "\x03")])
    if "uid=" in str(result) or not entry("deny", "run-authentication"):
        return "no line in the trail: %r" % (result,)
    return None


def no_grant():
    why = want(gate_run("carol", "id"), 1, "elevate to no profile")
    return why or (None if entry("deny", "run-no-grant") else "no line in the trail")


def not_in_policy():
    return want(gate_run("dave", "id"), 1, "elevate to no profile")


def asks_once_per_terminal():
    cmd = "/run/gate run true; /run/gate run id -u; echo STATUS=$?"
    _, text = etc.terminal(["sh", "-c", cmd], TYPE, user="alice")
    if text.count("assword") != 1 or "5000" not in text:
        return "asked %d times: %r" % (text.count("assword"), text[-200:])
    # Another terminal, and another session on the same number: asked again.
    return want(gate_run("alice", "id", "-u"), 0, "assword", "5000")


def stamp_of_another_session():
    """The same uid and terminal, but another session leader."""
    gate_run("alice", "true")
    names = os.listdir("/run/seawall/stamps")
    _, text = etc.terminal(["sh", "-c", "/run/gate run id -u"], TYPE, user="alice")
    same = os.listdir("/run/seawall/stamps") == names
    return None if "assword" in text else "not asked (same name: %s)" % same


def after(change):
    """A first run, a change to its stamp, and what a second one on that terminal does."""
    def second():
        for _ in range(100):
            if os.path.exists("/run/home/go"):
                break
            time.sleep(0.1)
        change("/run/seawall/stamps/" + os.listdir("/run/seawall/stamps")[0])
        etc.write("/run/home/gone", "")
    for name in ("go", "gone"):
        if os.path.exists("/run/home/" + name):
            os.remove("/run/home/" + name)
    os.chmod("/run/home", 0o777)
    t = threading.Thread(target=second)
    t.start()
    _, text = etc.terminal(["sh", "-c", "/run/gate run true; touch /run/home/go; "
                            "while [ ! -e /run/home/gone ]; do sleep 0.1; done; "
                            "/run/gate run id -u"], TYPE * 2, user="alice")
    t.join()
    return text.count("assword")


def edit(old, new):
    def change(path):
        text = etc.read(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(re.sub(old, new, text))
    return change


def stamps_that_do_not_count():
    later = int(time.time()) + 1000
    changes = {
        "old by the first clock": edit(r"\d+( \d+\n)$", r"0\1"),
        "old by the second": edit(r"\d+\n$", "%d\n" % (later - 2000)),
        "of the future": edit(r"\d+\n$", "%d\n" % later),
        "of another boot": edit(r"^1 [0-9a-f]", "1 x"),
        "cut": edit(r"\n$", ""),
        "empty": edit(r"(?s).*", ""),
        "not root's": lambda p: os.chown(p, 5000, 5000),
        "readable": lambda p: os.chmod(p, 0o644),
        "in a folder of others": lambda p: os.chmod(os.path.dirname(p), 0o755),
        "forgotten": os.remove,
    }
    fresh()
    if after(lambda p: None) != 1:
        return "one that counts does not"
    for name, change in changes.items():
        fresh()
        try:
            asked = after(change)
        finally:
            os.path.isdir("/run/seawall/stamps") and os.chmod("/run/seawall/stamps",
                                                              0o700)
        if asked != 2:
            return "%s: asked %d times" % (name, asked)
    return None


def forget():
    cmd = "/run/gate run true; /run/gate run --forget; /run/gate run id -u"
    _, text = etc.terminal(["sh", "-c", cmd], TYPE * 2, user="alice")
    return None if text.count("assword") == 2 else "asked %d times" % text.count("assword")


def without_terminal():
    r = subprocess.run(["setsid", "su", "alice", "-c", "/run/gate run id </dev/null"],
                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False, timeout=60)
    return None if r.returncode == 1 and "uid=" not in r.stdout else r.stdout


def environment():
    env = {"PATH": "/run/evil:/usr/bin", "LD_PRELOAD": "/run/evil.so", "TERM": "xterm",
           "LC_ALL": "../../etc/x", "LANG": "C.UTF-8", "DOCKER_HOST": "tcp://evil:2375",
           "IFS": "x", "BASH_ENV": "/run/evil", "PYTHONPATH": "/run/evil",
           "BASH_FUNC_id%%": "() { echo evil; }", "DOCKER_CONFIG": "/run/evil",
           "HOME": "/run/evil"}
    status, text = gate_run("alice", "env", env=env)
    got = dict(x.split("=", 1) for x in text.replace("\r", "").splitlines()
               if re.match(r"[A-Z_]+=", x) and not x.startswith("STATUS"))
    if status != 0 or not got.pop("DOCKER_HOST", "").startswith("unix:///run/seawall-run/"):
        return "status %s: %r" % (status, text[-400:])
    want_env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "TERM": "xterm", "LANG": "C.UTF-8", "HOME": "/run/home",
                "USER": "alice", "LOGNAME": "alice", "SHELL": "/bin/sh"}
    return None if got == want_env else "it is %s" % got


def no_shell():
    """No search in the caller's PATH, and no shell for a file that is no program."""
    os.makedirs("/run/evil", exist_ok=True)
    etc.write("/run/evil/own-tool", "#!/bin/sh\necho evil\n", 0o755)
    etc.write("/run/evil/text", "echo evil\n", 0o755)
    env = {"PATH": "/run/evil:/usr/bin:/bin"}
    return want(gate_run("alice", "own-tool", env=env), 127) or want(
        gate_run("alice", "/run/evil/text", env=env), 126) or want(
            gate_run("alice", "id; echo evil"), 127)


def bad_policies():
    def check(name, status=2):
        got = gate_run("alice", "id")
        return "%s: %s" % (name, got) if got[0] != status or "uid=" in got[1] else None

    os.chmod(etc.POLICY, 0o666)
    why = check("writable")
    fresh()
    os.chown(etc.POLICY, 5000, 0)
    why = why or check("of the caller")
    fresh()
    os.rename(etc.POLICY, "/etc/seawall/other.json")
    os.symlink("/etc/seawall/other.json", etc.POLICY)
    why = why or check("a link")
    os.remove(etc.POLICY)
    why = why or check("missing")
    etc.write(etc.POLICY, "{")
    return why or check("broken")


def closed_descriptors():
    status, text = gate_run("alice", "python3", "-c", "print('OPEN', 1)",
                            before="exec 0<&- 3</etc/passwd; ")
    return want((status, text), 0, "OPEN 1")


def no_audit_no_run():
    """A decision that cannot be noted is not acted upon."""
    os.rename(JOURNAL, JOURNAL + ".away")
    try:
        got = gate_run("alice", "id")
    finally:
        os.rename(JOURNAL + ".away", JOURNAL)
    return None if got[0] == 2 and "uid=" not in got[1] else str(got)


def exit_status():
    return want(gate_run("alice", "sh", "-c", "exit 7"), 7) or want(
        gate_run("alice", "sh", "-c", "kill -KILL $$"), 137)


def interrupt():
    """^C ends the command; gate run tells by which signal."""
    os.path.exists("/run/home/got") and os.remove("/run/home/got")
    _, text = etc.terminal(["sh", "-c", "trap : INT; /run/gate run sh -c 'echo READY; "
                            "sleep 30; :'; echo STATUS=$?"],
                           TYPE + [("READY", "\x03")], user="alice")
    return None if re.search(r"STATUS=130", text) else repr(text[-300:])


def suspend():
    """^Z stops command and gate run alike; the shell has the terminal; fg goes on."""
    _, text = etc.terminal(["bash", "--norc", "--noprofile", "-i"], [
        ("$ ", "/run/gate run sh -c 'echo REA''DY; read x; echo GOT $x'"),
        *TYPE, ("READY", "\x1a"), ("Stopped", "fg"), ("sh -c", "word"),
        ("GOT word", "exit")], user="alice", env={"PS1": "$ ", "PATH": "/usr/bin:/bin"})
    return None if "GOT word" in text.split("Stopped")[-1] else repr(text[-400:])


def prompt_cancelled():
    """^C at the prompt: no, and the terminal has its echo back."""
    _, text = etc.terminal(["sh", "-c", "trap : INT; /run/gate run id; echo STATUS=$?; "
                            "stty -a"], [("assword", "\x03")], user="alice")
    ok = re.search(r"STATUS=1", text) and re.search(r"[ ]echo\b", text)
    return None if ok else repr(text[-400:])


def not_setuid():
    os.chmod(INSTALLED, 0o755)
    try:
        return want(gate_run("alice", "id"), 2, "not setuid root")
    finally:
        os.chmod(INSTALLED, 0o4755)


def command_lines():
    for args, status in ((["--help"], 0), ([], 2), (["--no-such"], 2), (["--"], 2),
                         (["--reason"], 2), (["--reason", "a\x1b[2J", "id"], 2),
                         (["--reason", "x" * 600, "id"], 2), (["--forget", "id"], 2),
                         (["--reason", "a", "--reason", "b", "id"], 2), ([""], 2)):
        why = want(gate_run("alice", *args), status)
        if why:
            return "%s: %s" % (args, why)
    # No argv at all.
    code = ("import ctypes;l=ctypes.CDLL(None);a=(ctypes.c_char_p*1)(None);"
            "l.execve(b'%s',a,a)" % INSTALLED)
    _, text = etc.terminal(["python3", "-c", code], TYPE, user="alice")
    return None if "uid=" not in text and "no command" in text else repr(text[-200:])


def expired_account():
    shadow = etc.read("/etc/shadow")
    etc.write("/etc/shadow", re.sub(r"(?m)^(alice:[^:]*:\d+:0:99999:7:):", r"\g<1>:1",
                                    shadow), 0o640)
    got = gate_run("alice", "id")
    etc.write("/etc/shadow", shadow, 0o640)
    return None if got[0] == 1 and "uid=" not in got[1] else str(got)


def background():
    """What the command leaves running has lost the socket, with its server."""
    code = ("(sleep 1; python3 /run/client.py >/run/home/late 2>&1; echo done "
            ">>/run/home/late) & sleep 0.2")
    os.chmod("/run/home", 0o777)
    os.path.exists("/run/home/late") and os.remove("/run/home/late")
    _, _ = etc.terminal(["sh", "-c", "trap '' HUP; /run/gate run sh -c '%s'; sleep 4" %
                         code], TYPE, user="alice")
    late = etc.read("/run/home/late") if os.path.exists("/run/home/late") else ""
    # Nobody waits for orphans here: what is a zombie has ended.
    left = [p for p in os.listdir("/proc") if p.isdigit() and re.search(
        r"gate-run\) [^Z]", etc.read("/proc/%s/stat" % p))]
    if left:
        return "processes are left: %s" % left
    return None if "FileNotFoundError" in late and "done" in late else repr(late)


FOLDERS = "/run/seawall-run"


def holder(folder):
    """The process that has the lock."""
    for p in (p for p in os.listdir("/proc") if p.isdigit()):
        try:
            if folder in (os.readlink("/proc/%s/fd/%s" % (p, f))
                          for f in os.listdir("/proc/%s/fd" % p)):
                return int(p)
        except OSError:
            pass
    return None


def below(pid):
    """gate-run's processes below that one; what it runs for the caller is none."""
    found = []
    for child in etc.read("/proc/%d/task/%d/children" % (pid, pid)).split():
        if "(gate-run)" in etc.read("/proc/%s/stat" % child):
            found += [int(child)] + below(int(child))
    return found


def has_ended(pid):
    try:
        return ") Z" in etc.read("/proc/%d/stat" % pid)
    except OSError:
        return True


def patiently(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def killed():
    """All of it ends; its folder is removed by the next one, which spares those in use."""
    def start(command):
        old, result = folders(), []
        t = threading.Thread(target=lambda: result.append(
            gate_run("alice", "sh", "-c", command)))
        t.start()
        patiently(lambda: folders() - old)
        return (folders() - old).pop(), t, result

    def folders():
        return set(os.listdir(FOLDERS)) if os.path.isdir(FOLDERS) else set()
    for name in ("go", "held"):
        if os.path.exists("/run/home/" + name):
            os.remove("/run/home/" + name)
    os.chmod("/run/home", 0o777)
    used, t, result = start("while [ ! -e /run/home/go ]; do sleep 0.1; done; "
                            "python3 /run/client.py")
    hold = ("import os, socket, time\ns = socket.socket(socket.AF_UNIX)\n"
            "s.connect(os.environ[\"DOCKER_HOST\"][7:])\ns.send(b\"GET / \")\n"
            "time.sleep(1)\nopen(\"/run/home/held\", \"w\").close()\ntime.sleep(5)")
    left, t2, _ = start("python3 -c '%s'" % hold)
    why = None
    try:
        if not patiently(lambda: os.path.exists("/run/home/held")):
            return "nobody connected"
        pid = holder("%s/%s" % (FOLDERS, left))
        processes = below(pid)
        # The server, the connection's two, and two that wait, each with its own.
        if len(processes) != 7:
            return "its processes: %s" % processes
        os.kill(pid, signal.SIGKILL)
        if not patiently(lambda: all(has_ended(p) for p in processes)):
            return "alive: %s" % [p for p in processes if not has_ended(p)]
        if left not in folders():
            return "its folder is gone already: nothing is tested"
        gate_run("alice", "true")
        if left in folders() or used not in folders():
            why = "%s was left, %s is used: there are %s" % (left, used, folders())
    finally:
        etc.write("/run/home/go", "")
        t.join()
        t2.join()
    return why or want(result[0], 0, "ASKED 200 201") or \
        (folders() and "folders: %s" % folders()) or None


def stopped():
    """Whom a user stops in the middle of it, holding what he holds, stops nobody else."""
    os.makedirs(FOLDERS, 0o711, exist_ok=True)
    lock = os.open(FOLDERS, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        return want(gate_run("alice", "true"), 0)
    finally:
        os.close(lock)


def serve_sweeps():
    """Of root's folders those without a lock, and nothing else."""
    stale, locked, others = (FOLDERS + "/" + x for x in ("stale", "locked", "others"))
    for path in (stale, locked, others):
        os.makedirs(path, 0o711)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path + "/docker.sock")
    os.chown(others, 5000, 5000)
    os.symlink("/run/home", FOLDERS + "/link")
    lock = os.open(locked, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    p = subprocess.Popen(["/run/gate", "serve", "--listen", "/run/swept.sock"])
    try:
        if not patiently(lambda: os.path.exists("/run/swept.sock")):
            return "gate serve does not start"
        there = sorted(os.listdir(FOLDERS))
        kept = os.path.exists(locked + "/docker.sock")
        return None if there == ["link", "locked", "others"] and kept else str(there)
    finally:
        p.terminate()
        p.wait()
        os.close(lock)
        shutil.rmtree(FOLDERS)


def box_image():
    """A tar with busybox."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as t:
        t.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
        info = tarfile.TarInfo("bin/sh")
        info.type, info.linkname = tarfile.SYMTYPE, "busybox"
        t.addfile(info)
    return tar.getvalue()


def real_engine():
    """The stock client and a real dockerd: root's file is read only when elevated."""
    missing = [p for p in ("dockerd", "docker", "busybox") if not shutil.which(p)]
    if missing:
        return "SKIP there is no " + ", ".join(missing)
    os.rename(ENGINE, ENGINE + ".made-up")
    log = open("/run/dockerd.log", "w", encoding="utf-8")
    daemon = subprocess.Popen(
        ["dockerd", "-H", "unix://" + ENGINE, "--bridge", "none", "--iptables=false",
         "--ip6tables=false", "--storage-driver", "vfs", "--data-root", "/run/data",
         "--exec-root", "/run/docker", "--pidfile", "/run/docker.pid",
         "--exec-opt", "native.cgroupdriver=cgroupfs"], stdout=log, stderr=log)
    client = ["docker", "-H", "unix://" + ENGINE]
    try:
        for _ in range(300):
            if etc.run(*client, "version", check=False).returncode == 0:
                break
            if daemon.poll() is not None:
                return "dockerd: " + etc.read("/run/dockerd.log")[-600:]
            time.sleep(0.1)
        subprocess.run(client + ["import", "-", "box:1"], input=box_image(), check=True,
                       stdout=subprocess.DEVNULL)
        etc.write("/run/root-only", "root reads this\n", 0o600)
        command = ["docker", "run", "--rm", "--network", "none", "-v", "/run:/h:ro",
                   "box:1", "busybox", "cat", "/h/root-only"]
        why = want(gate_run("alice", *command), 0, "root reads this")
        if why:
            return why
        fresh()
        why = want(gate_run("alice", "docker", "ps", says=[("assword", "wrong")] * 3), 1)
        etc.run(*client, "create", "--network", "none", "-v", ENGINE + ":/s", "--name",
                "agent", "box:1", "sh")
        audit = etc.run("/run/gate", "audit", "--engine", ENGINE, "--max-files", "10",
                        "--format", "json", check=False)
        ids = [e["id"] for e in json.loads(audit.stdout)["findings"]]
        etc.run(*client, "rm", "agent")
        if "container-socket:container agent:" + ENGINE not in ids:
            return why or "gate audit does not see it: %s" % ids
        return why
    finally:
        daemon.terminate()
        daemon.wait()
        if os.path.exists(ENGINE):
            os.remove(ENGINE)
        os.rename(ENGINE + ".made-up", ENGINE)


TESTS = [as_caller, elevated, socket_is_private, wrong_password,
         interrupted_after_a_wrong_password, no_grant, not_in_policy,
         asks_once_per_terminal, stamp_of_another_session, stamps_that_do_not_count,
         forget, without_terminal, environment, no_shell, bad_policies,
         closed_descriptors, no_audit_no_run, exit_status, interrupt, suspend, prompt_cancelled,
         not_setuid, command_lines, expired_account, background, killed,
         stopped, serve_sweeps, real_engine]


def main():
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--gate-run", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate, ARGS.gate_run = os.path.abspath(ARGS.gate), os.path.abspath(ARGS.gate_run)
    chosen = [("e2e/gate-run/" + t.__name__.replace("_", "-"), t) for t in TESTS]
    chosen = [(n, t) for n, t in chosen if re.search(ARGS.only, n)]
    if os.getuid() != 0:
        for name, _ in chosen:
            print("SKIP %s: not root" % name)
        return 0
    if not chosen:
        return 0
    etc.enter()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    prepare()
    failed = 0
    for name, test in chosen:
        fresh()
        failed += not attempt(name, told(test))
    return 1 if failed else 0


ARGS = None
if __name__ == "__main__":
    sys.exit(main())
