# SPDX-License-Identifier: GPL-2.0-or-later
"""gate serve itself: who may connect, its policy, its trail, its start, its engine."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

from checks import Checks, expect
from httplab import (ACL, ATTACH, LIST, UPGRADE, ask_as, head, read_all, read_until,
                     refused, status_of)

case = Checks("e2e/gate-http/")


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
