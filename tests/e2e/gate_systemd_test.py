#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README's steps on a machine that is booted: sealing, a reboot, undoing it.

usage: tests/e2e/gate_systemd_test.py --build DIR [--only REGEX]

A real systemd is process 1 (bootlab.py), with Debian's docker.io as its units start it.
The commands are those of README.md, taken from there. The checks follow one another on
one machine; --only chooses which are reported.
"""
import argparse
import io
import json
import os
import re
import sys
import tarfile

import bootlab
import gatelab
import lab as world
from checks import Checks, attempt, expect

HERE = os.path.dirname(os.path.abspath(__file__))
USERS = {"alice": 5000, "bob": 5001, "carol": 5002}
GATE, ENGINE = "/run/docker.sock", "/run/seawall/engine.sock"
POLICY = {"version": 1, "gate": {
    "docker_group": {"approved": [], "unapproved": "strip"},
    "profiles": {"developer": {"run_as": "caller", "binds": ["$HOME"], "images": ["*"]},
                 "operator": {"run_as": "any", "images": ["*"], "privileged": True,
                              "binds": ["/"], "others": True}},
    "grants": [{"users": ["alice"], "profile": "developer", "elevate": "operator"}]}}
check = Checks("e2e/gate-systemd/")


def part(path, begin, end):
    with open(os.path.join(HERE, "../..", path), encoding="utf-8") as f:
        text = f.read()
    return text[text.index(begin):text.index(end, text.index(begin))]


def steps(begin, end):
    """The commands that README.md shows between two of its sentences."""
    return re.findall(r"(?m)^ {4,}(\S.*)$", part("README.md", begin, end))


def sealing():
    return steps("Sealing a host", "Undoing it:")


def undoing():
    return steps("Undoing it:", "What gate does not protect from")


def follow(m, commands):
    for command in commands:
        m.must(command.replace("/usr/share/", "/usr/local/share/"), seconds=120)


def build_machine(build):
    m = bootlab.Machine()
    m.first_boot()
    m.crash()
    world.run("env", "DESTDIR=" + bootlab.ROOT, "meson", "install", "--no-rebuild",
              "--quiet", "-C", build)
    m.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    m.write("/etc/group", re.sub(r"(?m)^docker:.*\n", "", m.read("/etc/group")))
    m.write("/etc/gshadow", re.sub(r"(?m)^docker:.*\n", "", m.read("/etc/gshadow")), 0o640)
    m.chroot("groupadd", "--system", "docker")
    for name, uid in USERS.items():
        m.chroot("useradd", "--create-home", "--home-dir", "/home/" + name, "--uid",
                 str(uid), "--user-group", "--groups", "docker", "--shell", "/bin/sh", name)
    m.chroot("systemctl", "enable", "docker.service", "docker.socket",
             "containerd.service")
    m.module = next(os.path.join(folder, "pam_seawall.so")[len(bootlab.ROOT):]
                    for folder, _, files in os.walk(m.path("/usr/local"))
                    if "pam_seawall.so" in files)
    m.boot()
    m.must("docker import - box:1", data=gatelab.box_image())
    return m


def owner(m, path):
    """Mode and owner; None: it is not there."""
    status, out = m.sh("stat -c '%a %U:%G' " + path)
    return out.strip() if status == 0 else None


def audit(m):
    """But for setgid programs: searching for them in all of this host takes long."""
    status, out = m.sh("gate audit --format json --max-files 1000")
    expect("gate audit works", status in (0, 1), out)
    return [e["id"] for e in json.loads(out)["findings"] if e["id"] != "unseen::/"]


def escape(m, user):
    """The classic: the host's root directory in a container."""
    return m.sh("docker run --rm -v /:/host box:1 cat /host/etc/shadow", user=user)


@check
def before_members_are_root(m):
    status, out = escape(m, "carol")
    expect("a member of group docker reads /etc/shadow", status == 0 and "root:" in out,
           out)
    found = audit(m)
    for name in USERS:
        expect("gate audit names " + name, "group-member:%s:docker" % name in found, found)


def user_groups(m, lines):
    """What id says in carol's own systemd, with these lines first in its stack."""
    stack = m.read("/usr/lib/pam.d/systemd-user")
    m.write("/etc/pam.d/systemd-user", "".join(
        "%s required %s\n" % (line, m.module) for line in lines) + stack)
    m.sh("systemctl stop user@5002.service")
    status, out = m.sh("systemctl start user@5002.service && setpriv --reuid carol --regid "
                       "carol --init-groups env XDG_RUNTIME_DIR=/run/user/5002 "
                       "systemd-run --user --pipe --wait --quiet id -Gn")
    m.sh("systemctl stop user@5002.service")
    return out.split() if status == 0 else None


@check
def pam_systemd_user_needs_its_auth_line(m):
    m.write("/etc/seawall/policy.json", json.dumps(POLICY))
    for lines, want in (((), True), (("account",), True), (("auth", "account"), False)):
        got = user_groups(m, lines)
        expect("with lines for %s" % (lines,), got and "carol" in got and
               ("docker" in got) == want, got)
    refuse = json.loads(json.dumps(POLICY))
    refuse["gate"]["docker_group"]["unapproved"] = "refuse"
    m.write("/etc/seawall/policy.json", json.dumps(refuse))
    got = user_groups(m, ("auth", "account"))
    expect("refused", got is None, got)
    m.write("/etc/seawall/policy.json", json.dumps(POLICY))
    os.remove(m.path("/etc/pam.d/systemd-user"))


@check
def sealing_by_the_steps_of_the_readme(m):
    m.write("/etc/seawall/policy.json", json.dumps(POLICY))
    page = part("conf/man/gate.8", ".Sh SEALING", ".Sh ELEVATION")
    there = [line for block in re.findall(r"(?s)\.Bd -literal.*?\n(.*?)\.Ed", page)
             for line in block.splitlines()]
    expect("gate(8) has the same steps", there == sealing() + undoing(), there)
    follow(m, [c for c in sealing() if not c.startswith("g")])
    expect("gate's socket", owner(m, GATE) == "666 root:root", owner(m, GATE))
    expect("the engine's socket", owner(m, ENGINE) == "600 root:root", owner(m, ENGINE))
    expect("its folder", owner(m, "/run/seawall") == "700 root:root",
           owner(m, "/run/seawall"))


@check
def members_of_the_group_meet_gate(m):
    status, out = m.sh("docker run --rm box:1 id -u", user="alice")
    expect("alice's docker works", (status, out.strip()) == (0, "5000"), out)
    for user in ("alice", "carol"):
        expect(user + " is a member", "docker" in m.sh("id -Gn", user=user)[1])
        status, out = escape(m, user)
        expect(user + " cannot mount /", status != 0 and "root:" not in out, out)
    status, out = m.sh("docker ps", user="carol")
    expect("carol has no grant", status != 0 and "grants you no" in out, out)
    for user in USERS:
        status, out = m.sh("docker -H unix://%s ps" % ENGINE, user=user)
        expect("the engine's own socket is closed to " + user,
               status != 0 and "permission denied" in out, out)


@check
def audit_is_silent_once_the_group_is_empty(m):
    found = [x for x in audit(m) if "docker" in x or "sock" in x or "sealed" in x]
    expect("before that it names the members and nothing else",
           found == ["group-member:%s:docker" % u for u in USERS], found)
    follow(m, [c for c in sealing() if c.startswith("gpasswd")])
    found = [x for x in audit(m) if re.search("docker|sock|sealed|unseen|process", x)]
    expect("after it, nothing", not found, found)
    status, out = m.sh("docker run --rm box:1 id -G", user="alice")
    expect("alice's docker works without the group", (status, out.strip()) == (0, "5000"),
           out)


def image_with(kind, device):
    """A box with a node of a device that anybody may open, if anybody makes it."""
    tar = io.BytesIO(gatelab.box_image())
    with tarfile.open(fileobj=tar, mode="a") as t:
        info = tarfile.TarInfo("node")
        info.type, info.mode = kind, 0o666
        info.devmajor, info.devminor = device
        t.addfile(info)
    return tar.getvalue()


@check
def images_bring_no_devices(m):
    """What alice runs she reaches from the host, where no container's limits apply."""
    engine = "docker -H unix://%s " % ENGINE
    for kind, device in ((tarfile.CHRTYPE, (10, 183)), (tarfile.BLKTYPE, (7, 0))):
        status, out = m.sh(engine + "import - node:1", data=image_with(kind, device))
        expect("no node of %d:%d" % device, status != 0 and
               "operation not permitted" in out, out)
    # What everybody has anyway may be in an image.
    m.must(engine + "import - node:2", data=image_with(tarfile.CHRTYPE, (1, 3)))
    # Removed files are nodes, too, and containers get devices as before.
    m.must(engine + "run --name less box:1 rm /bin/id && " + engine + "commit less less:1 "
           "&& " + engine + "rm less")
    status, out = m.sh(engine + "run --rm less:1 ls /bin/id")
    expect("a removed file", status != 0 and "No such file" in out, out)
    m.must(engine + "rmi node:2 less:1")


@check
def the_trail_is_in_the_journal(m):
    out = m.must("journalctl -b -o cat SYSLOG_IDENTIFIER=gate --no-pager")
    lines = [json.loads(x) for x in out.splitlines() if x.startswith("{")]
    seen = {(x["user"], x["decision"]) for x in lines}
    expect("who did what", {("alice", "allow"), ("alice", "deny"), ("carol", "deny")}
           <= seen, seen)


MANY = """
import http.client, socket
c = http.client.HTTPConnection("docker")
c.sock = socket.socket(socket.AF_UNIX)
c.sock.connect("/run/docker.sock")
for i in range(400):
    c.request("GET", "/_ping")
    assert c.getresponse().read() == b"OK"
"""


@check
def a_flood_of_requests_hides_none_from_the_journal(m):
    """Which drops what a unit says beyond its burst, up to six times this number."""
    m.write("/etc/systemd/journald.conf.d/few.conf", "[Journal]\nRateLimitBurst=20\n")
    m.write("/usr/local/bin/many", "#!/usr/bin/python3" + MANY, 0o755)
    m.must("systemctl restart systemd-journald.service")
    m.must("many", user="alice")
    m.sh("docker inspect behind-the-flood", user="alice")
    m.must("journalctl --sync")
    out = m.must("journalctl -b -o cat SYSLOG_IDENTIFIER=gate --no-pager")
    m.must("rm /etc/systemd/journald.conf.d/few.conf && "
           "systemctl restart systemd-journald.service")
    count = out.count('"GET _ping"')
    expect("all are there", count >= 400 and "behind-the-flood" in out, count)


def sealed_and_working(m):
    expect("gate's socket", owner(m, GATE) == "666 root:root", owner(m, GATE))
    expect("the engine's socket", owner(m, ENGINE) == "600 root:root", owner(m, ENGINE))
    status, out = m.sh("docker run --rm box:1 id -u", user="alice")
    expect("alice's docker works", (status, out.strip()) == (0, "5000"), out)
    status, out = escape(m, "alice")
    expect("alice cannot mount /", status != 0 and "root:" not in out, out)
    out = m.must("systemctl list-units --failed --plain --no-legend")
    expect("no unit failed", not out.strip(), out)
    found = [x for x in audit(m) if re.search("docker|sock|sealed|unseen|process", x)]
    expect("gate audit is silent", not found, found)


@check
def a_reboot_leaves_it_sealed(m):
    m.reboot()
    sealed_and_working(m)


def keep_running(m, name, folder):
    m.must("mkdir -p %s && echo %s >%s/mark" % (folder, name, folder), user="alice")
    m.must("docker run -d --restart always --stop-signal SIGKILL --name %s -v %s:/d box:1 "
           "sleep 10000" % (name, folder), user="alice")


def state(m, name):
    return json.loads(m.must("docker inspect -f '{{json .State}}' " + name, user="alice"))


def expect_running(m, name):
    what = state(m, name)
    expect(name + " runs", what["Running"], what)
    out = m.must("docker exec %s cat /d/mark" % name, user="alice")
    expect(name + " has its folder", out.strip() == name, out)


def expect_stopped(m, name):
    what = state(m, name)
    expect(name + " does not run", not what["Running"] and not what["Restarting"], what)


@check
def restart_policies_find_their_binds_after_a_reboot(m):
    keep_running(m, "kept", "/home/alice/kept")
    keep_running(m, "swapped", "/home/alice/swapped")
    m.must("mv swapped old && ln -s /etc swapped", user="alice", cwd="/home/alice")
    m.reboot()
    expect_running(m, "kept")
    expect_stopped(m, "swapped")
    status, out = m.sh("docker start swapped", user="alice")
    expect("a link is no folder", status != 0 and "symbolic link" in out, out)
    m.must("rm swapped && mv old swapped && docker start swapped", user="alice",
           cwd="/home/alice")
    expect_running(m, "swapped")
    sealed_and_working(m)


@check
def what_policy_grants_no_more_is_not_mounted_after_a_reboot(m):
    less = json.loads(json.dumps(POLICY))
    less["gate"]["profiles"]["developer"]["binds"] = ["$HOME/swapped"]
    m.write("/etc/seawall/policy.json", json.dumps(less))
    m.crash()
    m.boot()
    expect_stopped(m, "kept")
    expect_running(m, "swapped")
    out = m.must("journalctl -b -o cat -u seawall-gate-restore.service")
    expect("the journal says why", "grants it no more" in out and "1 made again, 1 not"
           in out, out)
    m.write("/etc/seawall/policy.json", json.dumps(POLICY))
    m.must("docker start kept", user="alice")
    expect_running(m, "kept")
    m.must("docker rm -f kept swapped", user="alice")


@check
def a_power_cut_leaves_it_sealed(m):
    m.crash()
    m.boot()
    sealed_and_working(m)


@check
def restarts_of_the_units_leave_it_sealed(m):
    for units in ("docker.service", "docker.socket", "seawall-gate.service",
                  "seawall-gate.socket", "seawall-gate.service docker.service"):
        m.must("systemctl reset-failed; systemctl restart " + units, seconds=120)
        sealed_and_working(m)
    m.must("systemctl stop seawall-gate.socket seawall-gate.service")
    status, out = m.sh("docker ps", user="alice")
    expect("without gate there is no way in", status != 0, out)
    expect("the engine's socket", owner(m, ENGINE) == "600 root:root", owner(m, ENGINE))
    m.must("systemctl start seawall-gate.socket")
    sealed_and_working(m)


@check
def undoing_by_the_step_of_the_readme(m):
    follow(m, undoing())
    for _ in range(2):
        expect("the engine's socket is back", owner(m, GATE) == "660 root:docker",
               owner(m, GATE))
        expect("the other is gone", owner(m, ENGINE) is None, owner(m, ENGINE))
        m.must("usermod -aG docker bob")
        status, out = m.sh("docker ps", user="bob")
        expect("members are as they were", status == 0, out)
        status, out = m.sh("docker ps", user="alice")
        expect("and others are out", status != 0, out)
        expect("gate audit says so", "unsealed::" + GATE in audit(m), audit(m))
        m.reboot()


# What an administrator or an intruder might do, and what gate audit calls it. Setgid
# programs are left to gate_audit_test.py: this host may have a lot of files.
WAYS = (
    ("useradd -u 5003 -g docker dave", "group-primary:dave:/etc/passwd:dave"),
    ("groupadd -o -g $(getent group docker | cut -d: -f3) engine && gpasswd -a dave engine",
     "group-member:dave:engine"),
    ("usermod -p '$6$abcdefgh$x' bob; groupmod -p '$6$abcdefgh$x' docker",
     "group-password::docker"),
    ("gpasswd -A bob docker", "group-admin:bob:docker"),
    ("groupadd lxd && gpasswd -a bob lxd", "other-group:bob:lxd"),
    ("echo '*;*;carol;Al0000-2400;docker' >>/etc/security/group.conf",
     r"group-conf:carol:/etc/security/group.conf:\d+"),
    ("systemd-run -q -p User=bob -p SupplementaryGroups=docker sleep 1000",
     "process:bob:gid \\d+"),
    ("true", r"unit:bob:/run/systemd/transient/run-\w+.service:\d+"),
    ("chmod 666 /run/docker.sock", "socket-others:everyone:/run/docker.sock"),
    ("chmod 777 /run/containerd/containerd.sock",
     "socket-others:everyone:/run/containerd/containerd.sock"),
    ("mkdir -p /etc/systemd/system/docker.service.d && printf '[Service]\nExecStart=\n"
     "ExecStart=/usr/sbin/dockerd -H fd:// \\\\\n -H tcp://127.0.0.1:2375\n' "
     ">/etc/systemd/system/docker.service.d/tcp.conf && systemctl daemon-reload && "
     "systemctl restart docker.service",
     "tcp-plain:everyone:/etc/systemd/system/docker.service.d/tcp.conf:3"),
    ("true", r"tcp-plain:everyone:process \d+ \(dockerd\)"),
    ("mkdir -p /etc/sudoers.d && echo 'carol ALL = NOPASSWD: /usr/bin/docker ps' "
     ">/etc/sudoers.d/c && chmod 440 /etc/sudoers.d/c", "sudoers:carol:/etc/sudoers.d/c:1"),
    ("echo 'permit nopass carol cmd docker' >/etc/doas.conf", "doas:carol:/etc/doas.conf:1"),
    ("echo '0 0 1 1 * docker ps' | crontab -u carol -",
     r"cron:carol:/var/spool/cron/crontabs/carol:\d+"),
    ("echo docker ps | setpriv --reuid carol --regid carol --init-groups at noon tomorrow",
     r"at-job:carol:/var/spool/cron/atjobs/\w+:1"),
    ("echo \"carol:$(getent group docker | cut -d: -f3):1\" >>/etc/subgid",
     r"subgid:carol:/etc/subgid:\d+"),
    ("docker run -d --name spy -v /run:/x box:1 sleep 1000",
     "container-socket:container spy:/run"),
    ("chmod 711 /var/lib/docker", "data-root:everyone:/var/lib/docker"),
)


@check
def audit_finds_each_way_live(m):
    before = audit(m)
    for command, want in WAYS:
        expect(want + " was not there before",
               not [x for x in before if re.fullmatch(want, x)], before)
        m.must(command)
    found = audit(m)
    for command, want in WAYS:
        expect("found: " + want, [x for x in found if re.fullmatch(want, x)], found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default=".")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    if not any(re.search(args.only, name) for name, _ in check):
        return 0
    why = bootlab.missing()
    if why:
        for name, _ in check:
            print("SKIP %s: %s" % (name, why))
        return 0
    world.enter()
    try:
        m = build_machine(args.build)
    except bootlab.CannotBoot as e:
        for name, _ in check:
            print("SKIP %s: %s" % (name, " ".join(str(e).split())))
        return 0
    try:
        results = [attempt(name, function, m) for name, function in check]
    finally:
        m.off()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
