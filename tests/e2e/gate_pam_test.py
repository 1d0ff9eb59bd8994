#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pam_seawall.so in real su, sudo, login, sshd, cron, atd and doas: who gets in, and what
id says inside.

usage: tests/e2e/gate_pam_test.py --module PATH --helper PATH [--only REGEX]

All of it happens in an /etc of its own (private_etc.py). alice and bob are in group
docker, policy approves bob; carol is not in it; it is dave's primary group.
"""
import argparse
import os
import pwd
import re
import shutil
import subprocess
import sys
import time

import private_etc as etc
from checks import attempt, told

KEY = "/run/ssh/key"
# What a way in says when it lets nobody in.
REFUSED = None


def stack(service, options="", lines=("auth", "account")):
    """The lines that pam_seawall(8) documents: first in the stack of the service."""
    original = "/etc/pam.d/%s.orig" % service
    if not os.path.exists(original):
        shutil.copy("/etc/pam.d/" + service, original)
    # Writing the audit uid takes privileges that a container may lack.
    rest = re.sub(r"(?m)^session\s+required\s+pam_loginuid.so.*$", "",
                  etc.read(original))
    ours = "".join("%s required %s helper=%s %s\n" % (
        line, ARGS.module, ARGS.helper, options) for line in lines)
    etc.write("/etc/pam.d/" + service, ours + rest)


def gids(text):
    m = re.search(r"GIDS=([\d ]+)", text)
    return sorted(int(g) for g in m.group(1).split()) if m else REFUSED


SHOW = "echo GIDS=$(id -G)"


def by_su(user):
    return gids(etc.run("su", user, "-c", SHOW, check=False).stdout)


def by_su_password(user):
    """carol becomes the user: authentication by password, not pam_rootok."""
    _, text = etc.terminal(["su", user, "-c", SHOW], [("assword:", etc.PASSWORD)],
                           user="dave" if user == "carol" else "carol")
    return gids(text)


def by_sudo(user):
    return gids(etc.run("sudo", "-n", "-u", user, "sh", "-c", SHOW, check=False).stdout)


def by_login(user):
    _, text = etc.terminal(["login"], [
        ("login:", user), ("assword:", etc.PASSWORD), ("$ ", SHOW + "; exit")], 25)
    return gids(text.replace(SHOW, ""))


def ssh(user, *options, **more):
    return subprocess.run([
        "ssh", "-F", "/dev/null", "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o",
        "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", *options,
        user + "@127.0.0.1", SHOW], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, timeout=40, **more)


def by_ssh_key(user):
    return gids(ssh(user, "-i", KEY, "-o", "BatchMode=yes").stdout)


def by_ssh_password(user):
    etc.write("/run/askpass", "#!/bin/sh\necho '%s'\n" % etc.PASSWORD, 0o755)
    env = dict(os.environ, SSH_ASKPASS="/run/askpass", SSH_ASKPASS_REQUIRE="force")
    return gids(ssh(user, "-o", "PubkeyAuthentication=no", "-o",
                    "NumberOfPasswordPrompts=1", env=env,
                    stdin=subprocess.DEVNULL).stdout)


def by_daemon(user, command, place, submit=None):
    """A job of the user's, from a daemon that runs until it has nothing more to run."""
    out = "/run/jobs/" + user
    os.makedirs(os.path.dirname(out), mode=0o777, exist_ok=True)
    os.chmod(os.path.dirname(out), 0o777)
    etc.write("/run/jobs/job", "#!/bin/sh\n%s >/run/jobs/$(id -un)\n" % SHOW, 0o755)
    daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        if submit:
            submit()
        # Idle: it has no child, for as long as it may take to have the first one.
        idle, end = 0, time.monotonic() + 20
        while idle < 15 and time.monotonic() < end:
            time.sleep(0.05)
            busy = etc.read("/proc/%d/task/%d/children" % ((daemon.pid,) * 2)) or any(
                name[0] in "a=" for name in os.listdir(place))
            idle = 0 if busy else idle + 1
    finally:
        daemon.kill()
        daemon.wait()
    text = etc.read(out) if os.path.exists(out) else ""
    shutil.rmtree("/run/jobs")
    return gids(text)


def by_cron(user):
    """Jobs for @reboot are started at once, in the way that all are."""
    tab, place = "/var/spool/cron/crontabs/" + user, "/var/spool/cron/none"
    os.makedirs(place, exist_ok=True)
    os.path.exists("/run/crond.reboot") and os.remove("/run/crond.reboot")
    etc.write(tab, "@reboot /run/jobs/job\n", 0o600)
    os.chown(tab, etc.USERS[user][0], -1)
    try:
        return by_daemon(user, ["cron", "-f"], place)
    finally:
        os.remove(tab)


def by_at(user):
    daemon = pwd.getpwnam("daemon")
    for name in ("atjobs", "atspool"):
        place = "/var/spool/cron/" + name
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        os.chown(place, daemon.pw_uid, daemon.pw_gid)
        os.chmod(place, 0o1770)
    etc.write("/var/spool/cron/atjobs/.SEQ", "0", 0o600)
    os.chown("/var/spool/cron/atjobs/.SEQ", daemon.pw_uid, daemon.pw_gid)

    def submit():
        for _ in range(100):    # at(1) tells atd, whose pid it must find
            if os.path.exists("/run/atd.pid"):
                break
            time.sleep(0.02)
        etc.run("setpriv", "--reuid", user, "--regid", str(etc.USERS[user][1]),
                "--init-groups", "at", "now", input="/run/jobs/job\n", cwd="/")
    return by_daemon(user, ["atd", "-f"], "/var/spool/cron/atjobs", submit)


def by_doas(user):
    return gids(etc.run("doas", "-u", user, "sh", "-c", SHOW, check=False).stdout)


WAYS = {"su": by_su, "su-password": by_su_password, "sudo": by_sudo, "login": by_login,
        "ssh-key": by_ssh_key, "ssh-password": by_ssh_password, "cron": by_cron,
        "at": by_at, "doas": by_doas}
SERVICES = ("su", "sudo", "login", "sshd", "cron", "atd", "doas")
# These set the groups again behind setcred: what is stripped comes back.
AGAIN = ("at", "doas")
# These ask the account phase about their caller, root here.
OF_CALLER = ("sudo", "doas")


def prepare():
    os.makedirs("/run/ssh")
    etc.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
    etc.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/run/ssh/host")
    for user in etc.USERS:
        shutil.copy(KEY + ".pub", "/run/ssh/" + user)
    etc.write("/run/ssh/config", "Port 2222\nListenAddress 127.0.0.1\nUsePAM yes\n"
              "HostKey /run/ssh/host\nAuthorizedKeysFile /run/ssh/%u\nPidFile none\n"
              "PasswordAuthentication no\nKbdInteractiveAuthentication yes\n"
              "StrictModes no\nUseDNS no\nMaxStartups 100\n")
    etc.write("/etc/sudoers", "root ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    etc.write("/etc/doas.conf", "permit nopass root\n", 0o400)
    os.makedirs("/var/spool/cron/crontabs")
    for path in ("/etc/nologin", "/run/nologin"):
        if os.path.exists(path):
            os.remove(path)
    daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", "/run/ssh/config"],
                              stderr=open("/run/ssh/log", "w", encoding="utf-8"))
    for _ in range(50):
        if etc.run("ssh-keyscan", "-p", "2222", "127.0.0.1", check=False).stdout:
            break
        time.sleep(0.1)
    return daemon


def expect(way, wanted, options=""):
    for service in SERVICES:
        stack(service, options)
    for user, want in wanted.items():
        # Of setcred, only what it does counts, not what it returns.
        if way in OF_CALLER and want is REFUSED:
            want = [etc.USERS[user][1]]
        if way == "doas" or (way in AGAIN and want == [5000]):
            want = OWN[user]
        got = WAYS[way](user)
        if got != want:
            return "%s by %s: %s instead of %s" % (user, way, got, want)
    return None


OWN = {u: sorted({e[1]} | ({etc.DOCKER} if e[2] else set()))
       for u, e in etc.USERS.items()}


def without_module(way):
    """What it is like without: the test would see a difference."""
    for service in SERVICES:
        stack(service, lines=())
    for user in OWN:
        got = WAYS[way](user)
        if got != OWN[user]:
            return "%s by %s: %s instead of %s" % (user, way, got, OWN[user])
    return None


def strip(way):
    etc.policy("strip")
    return expect(way, dict(OWN, alice=[5000], dave=REFUSED))


def refuse(way):
    etc.policy("refuse")
    return expect(way, dict(OWN, alice=REFUSED, dave=REFUSED))


def option_refuse(way):
    """For cron, atd and doas, which set the groups again after setcred."""
    etc.policy("strip")
    return expect(way, dict(OWN, alice=REFUSED, dave=REFUSED), "refuse")


CLOSED = dict(OWN, alice=REFUSED, bob=REFUSED, dave=REFUSED)


def no_policy(way):
    os.path.exists(etc.POLICY) and os.remove(etc.POLICY)
    return expect(way, CLOSED)


def broken_policy(way):
    etc.write(etc.POLICY, '{"version": 1, "gate": {"docker_group": {"approved": ["bob"]}')
    return expect(way, CLOSED)


def writable_policy(way):
    etc.policy("strip")
    os.chmod(etc.POLICY, 0o664)
    return expect(way, CLOSED)


def others_policy(way):
    etc.policy("strip")
    os.chown(etc.POLICY, 5001, 0)
    why = expect(way, CLOSED)
    os.remove(etc.POLICY)
    return why


def linked_policy(way):
    etc.policy("strip")
    os.rename(etc.POLICY, "/etc/seawall/other.json")
    os.symlink("/etc/seawall/other.json", etc.POLICY)
    why = expect(way, CLOSED)
    os.remove(etc.POLICY)
    return why


def with_helper(way, text):
    etc.policy("strip")
    etc.write("/run/helper", text, 0o755)
    return expect(way, CLOSED, "helper=/run/helper")


def helper_says_zero(way):
    return with_helper(way, "#!/bin/sh\nexit 0\n")


def helper_dies(way):
    return with_helper(way, "#!/bin/sh\nkill -SEGV $$\n")


def helper_missing(way):
    etc.policy("strip")
    return expect(way, CLOSED, "helper=/run/nothing-here")


def unknown_option(way):
    etc.policy("strip")
    return expect(way, dict.fromkeys(OWN, REFUSED), "refsue")


def helper_hangs():
    """Ten seconds, then a refusal; and the service lives on."""
    etc.policy("strip")
    etc.write("/run/helper", "#!/bin/sh\nexec sleep 60\n", 0o755)
    began = time.monotonic()
    why = expect("ssh-key", {"alice": REFUSED}, "helper=/run/helper")
    took = time.monotonic() - began
    if why or not 9 < took < 25:
        return why or "it took %.1f seconds" % took
    return expect("ssh-key", {"carol": OWN["carol"]})


def helper_sees_nothing():
    """No environment, no descriptors, root's ids: whoever called sudo or su."""
    etc.policy("strip")
    etc.write("/run/helper", "#!/bin/bash\n(id -u; id -ru; ls /proc/self/fd | wc -l; "
              "tr '\\0' '\\n' </proc/$$/environ; echo \"$@\") >/run/seen\nexit 85\n", 0o755)
    os.environ["LD_LIBRARY_PATH"] = "/run/evil"
    why = expect("su-password", {"alice": OWN["alice"]}, "helper=/run/helper")
    del os.environ["LD_LIBRARY_PATH"]
    if why:
        return why
    seen = etc.read("/run/seen").split()
    # ls itself holds the three and its folder.
    return None if seen == ["0", "0", "4", "alice"] else "it saw %s" % seen


def root_gets_in():
    os.path.exists(etc.POLICY) and os.remove(etc.POLICY)
    etc.run("usermod", "-aG", "docker", "root")
    stack("su")
    got = by_su("root")
    etc.accounts()
    text = etc.read("/etc/group").replace("docker:x:%d:root," % etc.DOCKER,
                                          "docker:x:%d:" % etc.DOCKER)
    etc.write("/etc/group", text)
    return None if got and 0 in got else "root: %s" % got


def pam_group():
    """A gid that group.conf gives at login is taken, too, when the line is behind it."""
    etc.policy("strip")
    etc.write("/etc/security/group.conf", "su;*;carol;Al0000-2400;docker\n")
    stack("su", lines=("account",))
    rest = etc.read("/etc/pam.d/su")
    ours = "auth required %s helper=%s\n" % (ARGS.module, ARGS.helper)
    etc.write("/etc/pam.d/su", "auth optional pam_group.so\n" + rest)
    before = by_su("carol")
    etc.write("/etc/pam.d/su", "auth optional pam_group.so\n" + ours + rest)
    after = by_su("carol")
    os.remove("/etc/security/group.conf")
    return None if (before, after) == ([etc.DOCKER, 5002], [5002]) else (
        "carol had %s and then %s" % (before, after))


def other_group():
    """group=: that one is taken, and docker is left alone."""
    etc.policy("strip")
    etc.write("/etc/group", etc.read("/etc/group") + "engine:x:4996:alice,bob\n")
    stack("su", "group=engine")
    got = [by_su(user) for user in ("alice", "bob")]
    stack("su", "group=nothing-here")
    got.append(by_su("alice"))
    etc.accounts()
    etc.write("/etc/group", etc.read("/etc/group").replace("engine:x:4996:alice,bob\n", ""))
    want = [OWN["alice"], sorted(OWN["bob"] + [4996]), sorted(OWN["alice"] + [4996])]
    return None if got == want else "%s instead of %s" % (got, want)


def other_policy():
    etc.policy("refuse")
    os.rename(etc.POLICY, "/etc/seawall/other.json")
    etc.policy("refuse", approved=["alice"])
    stack("su", "policy=/etc/seawall/other.json")
    got = [by_su(user) for user in ("alice", "bob")]
    os.remove("/etc/seawall/other.json")
    return None if got == [REFUSED, OWN["bob"]] else "alice and bob got %s" % got


def quiet():
    """Whether the user is told why."""
    etc.policy("refuse")
    told = []
    for options in ("", "quiet"):
        stack("su", options)
        told.append("policy does not approve you" in etc.run(
            "su", "alice", "-c", SHOW, check=False).stdout)
    return None if told == [True, False] else "told: %s" % told


def ask_for_their_caller(way):
    """A user whom the account phase refuses gets nothing from sudo or doas."""
    etc.write("/etc/sudoers", "root ALL=(ALL:ALL) NOPASSWD: ALL\n"
              "alice,bob ALL=(carol) NOPASSWD: ALL\n", 0o440)
    etc.write("/etc/doas.conf", "permit nopass root\npermit nopass alice as carol\n"
              "permit nopass bob as carol\n", 0o400)
    etc.policy("refuse")
    stack(way)
    stack("su", lines=())
    got = [gids(etc.run("su", user, "-c", "%s -n -u carol sh -c '%s'" % (way, SHOW),
                        check=False).stdout) for user in ("alice", "bob")]
    return None if got == [REFUSED, [5002]] else "alice got %s, bob %s" % tuple(got)


def children_are_not_waited_for():
    """A caller may have SIGCHLD ignored: the kernel then reaps whatever child ends."""
    etc.policy("strip")
    stack("su")
    got = gids(etc.run("sh", "-c", "trap '' CHLD; exec su bob -c '%s'" % SHOW,
                       check=False).stdout)
    return None if got == OWN["bob"] else "bob got %s" % got


def newgrp_is_beyond_pam():
    """What the man page warns of: sg asks the group file. An empty group, locked, helps."""
    etc.policy("strip")
    stack("su")

    def regained():
        return etc.DOCKER in (gids(etc.run("su", "alice", "-c",
                                           "sg docker -c '%s'" % SHOW,
                                           stdin=subprocess.DEVNULL,
                                           check=False).stdout) or [])
    with_member = regained()
    etc.accounts(members=[])
    sealed = regained()
    etc.accounts()
    return None if with_member and not sealed else "member: %s, empty group: %s" % (
        with_member, sealed)


FULL = (without_module, strip, refuse, option_refuse, broken_policy)
SHORT = (no_policy, writable_policy, others_policy, linked_policy, helper_says_zero,
         helper_dies, helper_missing, unknown_option)
ALONE = (helper_hangs, helper_sees_nothing, root_gets_in, pam_group,
         other_group, other_policy, quiet, newgrp_is_beyond_pam, children_are_not_waited_for)


def tests():
    for test in FULL:
        for way in WAYS:
            yield "%s/%s" % (test.__name__, way), lambda t=test, w=way: t(w)
    for test in SHORT:
        for way in ("su", "ssh-key"):
            yield "%s/%s" % (test.__name__, way), lambda t=test, w=way: t(w)
    for way in OF_CALLER:
        yield "ask_for_their_caller/" + way, lambda w=way: ask_for_their_caller(w)
    for test in ALONE:
        yield test.__name__, test


def main():
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--module", required=True)
    parser.add_argument("--helper", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.module = os.path.abspath(ARGS.module)
    ARGS.helper = os.path.abspath(ARGS.helper)
    chosen = [("e2e/gate-pam/" + n.replace("_", "-"), t) for n, t in tests()]
    chosen = [(n, t) for n, t in chosen if re.search(ARGS.only, n)]
    missing = [p for p in ("unshare", "su", "sudo", "login", "ssh", "/usr/sbin/sshd",
                           "cron", "at", "/usr/sbin/atd", "doas")
               if not shutil.which(p)]
    if os.getuid() != 0 or missing:
        why = "not root" if not missing else "there is no " + ", ".join(missing)
        for name, _ in chosen:
            print("SKIP %s: %s" % (name, why))
        return 0
    if not chosen:
        return 0
    etc.enter()
    daemon = prepare()
    failed = 0

    def with_daemon(test):
        why = test()
        if not why and daemon.poll() is not None:
            why = "sshd ended with status %d" % daemon.returncode
        return why
    for name, test in chosen:
        failed += not attempt(name, told(with_daemon), test)
    daemon.kill()
    return 1 if failed else 0


ARGS = None
if __name__ == "__main__":
    sys.exit(main())
