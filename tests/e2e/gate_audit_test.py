#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate audit on made-up hosts: what is found, what is not, what policy approves.

usage: tests/e2e/gate_audit_test.py --gate PATH [--only REGEX]

Each case makes a file system in a temporary folder and runs `gate audit --root` on it.
The expected findings are listed as KIND:WHO:WHERE, all of them: one more fails, too.
"""
import argparse
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

from checks import attempt, told

DOCKER = 995
PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/a:/bin/bash
bob:x:1001:1001::/home/b:/bin/bash
carol:x:1002:1002::/home/c:/bin/bash
"""
GROUP = "root:x:0:\nadm:x:4:\ndocker:x:995:\nalice:x:1000:\nbob:x:1001:\ncarol:x:1002:\n"
POLICY = {"version": 1, "gate": {
    "docker_group": {"approved": ["bob", "@ops"], "unapproved": "strip"},
    "profiles": {"p": {}}, "grants": [{"users": ["bob"], "profile": "p"}]}}


CONTAINER = "0123456789abcdef" * 4


class Host:
    """A file system that is not this one."""

    def __init__(self, top):
        self.top = top
        self.file("/etc/passwd", PASSWD)
        self.file("/etc/group", GROUP)
        self.file("/etc/gshadow", "docker:!::\n")

    def path(self, path):
        return self.top + path

    def file(self, path, text="", mode=0o644, uid=0, gid=0):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)
        os.chown(self.path(path), uid, gid)
        os.chmod(self.path(path), mode)

    def folder(self, path, mode=0o755):
        os.makedirs(self.path(path), exist_ok=True)
        os.chmod(self.path(path), mode)

    def socket(self, path, mode=0o660, uid=0, gid=0):
        """A socket of the engine; its path may be too long for bind()."""
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        here = os.getcwd()
        os.chdir(os.path.dirname(self.path(path)))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(os.path.basename(path))
        os.chdir(here)
        os.chown(self.path(path), uid, gid)
        os.chmod(self.path(path), mode)

    def process(self, pid, comm, uid, gid, groups=(), cgroup="0::/user.slice\n",
                cmdline=""):
        folder = "/proc/%d/" % pid
        self.file(folder + "status", "Name:\t%s\nUid:\t%s\nGid:\t%s\nGroups:\t%s \n" % (
            comm, "\t".join([str(uid)] * 4), "\t".join(map(str, gid)),
            " ".join(map(str, groups))))
        self.file(folder + "comm", comm + "\n")
        self.file(folder + "cgroup", cgroup)
        self.file(folder + "cmdline", cmdline)


def acl(entries):
    """system.posix_acl_access as the kernel lays it out."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def nothing(h):
    h.folder("/var/lib/docker", 0o710)
    h.process(7, "bash", 1000, [1000] * 4, [1000])
    h.file("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n")
    return []


def members(h):
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:alice,bob") +
           "engine:x:995:carol\nlxd:x:200:alice\n")
    return ["group-member:alice:docker", "+group-member:bob:docker",
            "group-member:carol:engine", "other-group:alice:lxd"]


def approved_group(h):
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:carol") +
           "ops:x:300:carol\n")
    return ["+group-member:carol:docker"]


def primary(h):
    h.file("/etc/passwd", PASSWD + "dave:x:1003:995::/:/bin/sh\n")
    return ["group-primary:dave:/etc/passwd:dave"]


def gshadow(h):
    h.file("/etc/gshadow", "docker:$6$abc$def:alice:carol\nadm:$6$x$y::\n", 0o640)
    return ["group-password::docker", "group-admin:alice:docker",
            "gshadow-member:carol:docker"]


def group_password_without_gshadow(h):
    os.remove(h.path("/etc/gshadow"))
    h.file("/etc/group", GROUP.replace("docker:x:", "docker:$6$abc$def:"))
    return ["group-password::docker"]


def gshadow_locked(h):
    h.file("/etc/gshadow", "docker:!$6$abc$def::\n", 0o640)
    return []


def group_conf(h):
    h.file("/etc/security/group.conf",
           "# xsh;*;*;Al0000-2400;docker\nlogin;tty*;alice;Al0000-2400;floppy, docker\n"
           "*;*;bob;Al0000-2400;docker\nlogin;*;*;Al0000-2400;floppy\n"
           "*;*;carol;Al0000-2400;\\\n  docker\n")
    return ["group-conf:carol:/etc/security/group.conf:5",
            "group-conf:alice:/etc/security/group.conf:2",
            "+group-conf:bob:/etc/security/group.conf:3"]


def processes(h):
    h.process(10, "bash", 1000, [1000] * 4, [4, DOCKER])
    h.process(11, "vi", 1000, [1000] * 4, [DOCKER])
    h.process(12, "newgrp", 1002, [1002, 1002, DOCKER, 1002])
    h.process(13, "postgres", 999, [DOCKER] * 4, [],
              "0::/system.slice/docker-%s.scope\n" % CONTAINER)
    h.process(14, "dockerd", 0, [0] * 4, [DOCKER])
    h.process(15, "sh", 1001, [1001] * 4, [DOCKER])
    return ["process:alice:gid 995", "process:carol:gid 995", "+process:bob:gid 995"]


def sockets(h):
    h.socket("/run/docker.sock", 0o666, gid=4)
    h.socket("/run/containerd/containerd.sock", 0o660, uid=1000, gid=0)
    h.socket("/run/podman/podman.sock", 0o660, gid=1002)
    h.socket("/run/crio/crio.sock", 0o666)
    os.chmod(h.path("/run/crio"), 0o700)
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:bob,carol"))
    return ["socket-others:everyone:/run/docker.sock", "+group-member:bob:adm",
            "unsealed::/run/docker.sock",
            "group-member:carol:adm",
            "socket-owner:alice:/run/containerd/containerd.sock",
            "other-group:carol:/etc/passwd:carol"]


def socket_acl(h):
    h.socket("/run/docker.sock", 0o660, gid=DOCKER)
    os.setxattr(h.path("/run/docker.sock"), "system.posix_acl_access", acl([
        (1, 6, 0xFFFFFFFF), (2, 6, 1000), (2, 4, 1002), (4, 6, 0xFFFFFFFF),
        (8, 6, 4), (16, 6, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]))
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:carol"))
    return ["socket-acl:alice:/run/docker.sock", "socket-acl:gid 4:/run/docker.sock",
            "group-member:carol:adm", "unsealed::/run/docker.sock"]


def socket_of_roots_group(h):
    """What only root's group may connect to is open to its members."""
    h.socket("/run/docker.sock", 0o660)
    h.socket("/run/guarded/engine.sock", 0o666)
    os.chmod(h.path("/run/guarded"), 0o750)
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///run/guarded/engine.sock"]}))
    h.file("/etc/group", GROUP.replace("root:x:0:", "root:x:0:root,carol"))
    return ["group-member:carol:root", "unsealed::/run/docker.sock",
            "unsealed::/run/guarded/engine.sock",
            "socket-others:everyone:/run/guarded/engine.sock"]


def roots_group(h, passwd="", group=None, gshadow=None):
    """A socket that is open to all, in a folder that lets root's group through."""
    h.socket("/run/guarded/engine.sock", 0o666)
    os.chmod(h.path("/run/guarded"), 0o750)
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///run/guarded/engine.sock"]}))
    h.file("/etc/passwd", PASSWD + passwd)
    h.file("/etc/group", group or GROUP.replace("root:x:0:", "root:x:0:root,toor"))
    h.file("/etc/gshadow", "docker:!::\n" + (gshadow or ""))
    return ["unsealed::/run/guarded/engine.sock",
            "socket-others:everyone:/run/guarded/engine.sock"]


def folder_of_root_alone(h):
    """Who is in root's group, and is root."""
    roots_group(h, "toor:x:0:0::/:/bin/sh\n", gshadow="root:*:toor:root\n")
    return []


def folder_of_a_shadow_member(h):
    return roots_group(h, group=GROUP, gshadow="root:*::carol\n") + [
        "gshadow-member:carol:root"]


def folder_of_an_administrator(h):
    return roots_group(h, group=GROUP, gshadow="root:*:carol:\n") + [
        "group-admin:carol:root"]


def folder_of_a_password(h):
    return roots_group(h, group=GROUP, gshadow="root:$6$a$b::\n") + [
        "group-password::root"]


def folder_of_a_record(h):
    """A member of whom only userdb knows."""
    h.file("/etc/userdb/carol:root.membership", "")
    return roots_group(h, group=GROUP) + ["group-member:carol:root"]


def folder_that_lets_through(h):
    """A folder's access list, a link to elsewhere, a second name."""
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///srv/acl/d.sock", "unix:///srv/root/d.sock", "unix:///srv/root/e.sock"]}))
    h.socket("/srv/acl/d.sock", 0o666)
    os.chmod(h.path("/srv/acl"), 0o700)
    os.setxattr(h.path("/srv/acl"), "system.posix_acl_access", acl([
        (1, 7, 0xFFFFFFFF), (2, 1, 1000), (4, 0, 0xFFFFFFFF), (16, 1, 0xFFFFFFFF),
        (32, 0, 0xFFFFFFFF)]))
    h.socket("/srv/open/d.sock", 0o666)
    h.folder("/srv/root", 0o700)
    os.symlink("/srv/open/d.sock", h.path("/srv/root/d.sock"))
    h.socket("/srv/root/e.sock", 0o666)
    os.link(h.path("/srv/root/e.sock"), h.path("/srv/open/e.sock"))
    return ["%s:/srv/%s/d.sock" % (k, d) for k in ("socket-others:everyone", "unsealed:")
            for d in ("acl", "root")] + ["unseen::/srv/root/e.sock"]


def socket_mode(h):
    h.socket("/run/docker.sock", 0o770, gid=DOCKER)
    return ["socket-mode::/run/docker.sock", "unsealed::/run/docker.sock"]


def daemon_json(h):
    h.file("/etc/docker/daemon.json", json.dumps({
        "hosts": ["tcp://0.0.0.0:2375", "unix:///run/docker.sock", "fd://"],
        "group": "adm", "data-root": "/data"}))
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:alice"))
    h.folder("/data", 0o711)
    h.file("/proc/net/tcp", "  sl  local_address\n   0: 00000000:0947 00000000:0000 0A"
           " 00000000:00000000 00:00000000 00000000     0        0 1 1\n")
    return ["tcp-plain:everyone:/etc/docker/daemon.json", "group-member:alice:adm",
            "unsealed::/run/docker.sock", "data-root:everyone:/data"]


def daemon_json_bad(h):
    h.file("/etc/docker/daemon.json", "{\"hosts\": [1]}")
    return ["unseen::/etc/docker/daemon.json"]


def command_line(h):
    h.process(20, "dockerd", 0, [0] * 4, (), cmdline="\0".join([
        "/usr/sbin/dockerd", "-H", "fd://", "-H=tcp://[::]:2376", "--tlsverify", ""]))
    return ["tcp-verified:everyone:process 20 (dockerd)"]


def units(h):
    where = "/etc/systemd/system/"
    h.file("/usr/lib/systemd/system/docker.service",
           "[Service]\nExecStart=/usr/sbin/dockerd -H tcp://127.0.0.1:2376 --tls\n")
    h.file("/usr/lib/systemd/system/docker.socket",
           "[Socket]\nListenStream=/run/docker.sock\nSocketGroup=docker\n")
    h.file(where + "ci.service", "[Service]\nUser=carol\nSupplementaryGroups=adm docker\n")
    h.file(where + "root.service", "[Service]\nGroup=docker\n")
    h.file(where + "web.service", "[Service]\nUser=bob\n")
    h.file(where + "web.service.d/x.conf", "[Service]\nGroup=995\n")
    h.file(where + "dyn.service", "[Service]\nDynamicUser=yes\nGroup=docker\n")
    return ["tcp-unverified:everyone:/usr/lib/systemd/system/docker.service:2",
            "unit:carol:/etc/systemd/system/ci.service:3",
            "+unit:bob:/etc/systemd/system/web.service.d/x.conf:2",
            "unit:dyn.service:/etc/systemd/system/dyn.service:3",
            "unsealed::/run/docker.sock"]


def unit_lines_go_on(h):
    """A backslash at the end; comments and empty lines within, systemd.syntax(7)."""
    where = "/etc/systemd/system/"
    h.file(where + "docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n"
           "# or\n    --tls=true \\\n    -H tcp://10.0.0.1:2376\n")
    h.file(where + "ci.service", "[Service]\nUser=carol\nSupplementaryGroups=adm \\\n"
           "; not docker\n  docker\n")
    return ["tcp-unverified:everyone:/etc/systemd/system/docker.service:2",
            "unit:carol:/etc/systemd/system/ci.service:3"]


def unit_groups_taken_back(h):
    where = "/etc/systemd/system/"
    h.file(where + "a.service", "[Service]\nUser=carol\nSupplementaryGroups=docker\n"
           "Group=docker\n")
    h.file(where + "a.service.d/x.conf", "[Service]\nSupplementaryGroups=\nGroup=carol\n")
    h.file(where + "b.service", "[Service]\nUser=carol\nGroup=docker\n")
    h.file(where + "b.service.d/x.conf", "[Service]\nSupplementaryGroups=\n")
    return ["unit:carol:/etc/systemd/system/b.service:3"]


def unit_drop_ins_of_many(h):
    """Of instances, of all that begin alike, of all services."""
    where = "/etc/systemd/system/"
    h.file(where + "job@.service", "[Service]\nUser=carol\n")
    h.file(where + "job@x.service.d/g.conf", "[Service]\nGroup=docker\n")
    h.file(where + "ci-.service.d/g.conf", "[Service]\nSupplementaryGroups=docker\n")
    h.file(where + "service.d/g.conf", "[Service]\nSupplementaryGroups=docker\n")
    h.file("/run/systemd/transient/run-r1.service",
           "[Service]\nUser=alice\nSupplementaryGroups=\"docker\"\n")
    return ["unit:carol:/etc/systemd/system/job@x.service.d/g.conf:2",
            "unit:carol:/etc/systemd/system/service.d/g.conf:2",
            "unit:ci-.service:/etc/systemd/system/ci-.service.d/g.conf:2",
            "unit:service:/etc/systemd/system/service.d/g.conf:2",
            "unit:alice:/run/systemd/transient/run-r1.service:3"]


def unit_folders(h):
    """All that systemd.unit(5) names; what is in an earlier one hides the others."""
    folders = ["/etc/systemd/system.control", "/run/systemd/system.control",
               "/run/systemd/transient", "/run/systemd/generator.early",
               "/etc/systemd/system", "/etc/systemd/system.attached",
               "/run/systemd/system", "/run/systemd/system.attached",
               "/run/systemd/generator", "/usr/local/lib/systemd/system",
               "/usr/lib/systemd/system", "/run/systemd/generator.late"]
    want = []
    for i, folder in enumerate(folders):
        h.file("%s/in%d.service" % (folder, i), "[Service]\nUser=carol\nGroup=docker\n")
        h.file("%s/once.service" % folder, "[Service]\nUser=carol\n%sGroup=docker\n" %
               ("\n" * i))
        h.file("%s/dropped%d.service.d/a.conf" % (folder, i),
               "[Service]\nUser=alice\nGroup=docker\n")
        want += ["unit:carol:%s/in%d.service:3" % (folder, i),
                 "unit:alice:%s/dropped%d.service.d/a.conf:3" % (folder, i)]
    return want + ["unit:carol:/etc/systemd/system.control/once.service:3"]


def unit_put_together(h):
    """User= in one place and the group in another; who hides whom."""
    where = "/etc/systemd/system/"
    h.file(where + "a@.service", "[Service]\nSupplementaryGroups=docker\n")
    h.file(where + "a@x.service.d/u.conf", "[Service]\nUser=carol\n")
    h.file(where + "b@.service", "[Service]\nUser=carol\n")
    h.file(where + "b@.service.d/g.conf", "[Service]\nGroup=docker\n")
    h.file(where + "c@.service", "[Service]\nUser=%i\nGroup=docker\n")
    h.folder(where + "multi-user.target.wants")
    for name in ("bob", "alice"):
        os.symlink(where + "c@.service",
                   h.path(where + "multi-user.target.wants/c@%s.service" % name))
    h.file(where + "d@.service", "[Service]\nUser=carol\nGroup=%i\n")
    h.file(where + "d@docker.service.d/n.conf", "[Unit]\n")
    h.file(where + "e-f-g.service", "[Service]\nUser=carol\n")
    h.file(where + "e-.service.d/g.conf", "[Service]\nGroup=docker\n")
    h.file(where + "e-f-.service.d/g.conf", "[Service]\nGroup=carol\n")
    h.file(where + "e-f-.service.d/h.conf", "[Service]\nSupplementaryGroups=docker\n")
    # Sorted by name, whatever folder: 20 takes back what 10 said.
    h.file(where + "k.service", "[Service]\nUser=carol\n")
    h.file("/run/systemd/system/k.service.d/20.conf", "[Service]\nGroup=carol\n")
    h.file(where + "k.service.d/10.conf", "[Service]\nGroup=docker\n")
    h.file(where + "l.service", "[Service]\nUser=carol\n")
    h.file("/run/systemd/system/l.service.d/10.conf", "[Service]\nGroup=docker\n")
    os.makedirs(h.path(where + "l.service.d"))
    os.symlink("/dev/null", h.path(where + "l.service.d/10.conf"))
    # Another name of the unit, and what is dropped in there.
    h.file(where + "m.service", "[Service]\nUser=carol\n")
    os.symlink("m.service", h.path(where + "n.service"))
    h.file(where + "n.service.d/g.conf", "[Service]\nGroup=docker\n")
    return ["unit:carol:%sa@.service:2" % where, "unit:carol:%sb@.service.d/g.conf:2" % where,
            "+unit:bob:%sc@.service:3" % where, "unit:alice:%sc@.service:3" % where,
            "unit:%%i:%sc@.service:3" % where, "unit:carol:%sd@.service:3" % where,
            "unseen::%sd@.service:3" % where, "unit:e-.service:%se-.service.d/g.conf:2" % where,
            "unit:e-f-.service:%se-f-.service.d/h.conf:2" % where,
            "unit:carol:%se-f-.service.d/h.conf:2" % where,
            "unit:carol:%sn.service.d/g.conf:2" % where]


def engine_unit(h):
    """Quotes, shells, variables, letters in one word, and what is taken back."""
    where = "/etc/systemd/system/"
    h.file(where + "docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H tcp://1.1.1.1:1\n"
           "Environment=\"DOCKER_OPTS=-H tcp://10.0.0.1:2 --tlsverify\" A=b\n"
           "EnvironmentFile=-/etc/docker.d/*.conf\n")
    h.file(where + "docker.service.d/a.conf", "[Service]\nExecStart=\n"
           "ExecStart=-/bin/sh -c 'exec dockerd \"--host=tcp://10.0.0.1:3\" $DOCKER_OPTS'\n")
    h.file("/etc/docker.d/x.conf", "OPTS='-DH tcp://10.0.0.1:4'\n")
    h.file("/etc/docker.d/x.bak", "OPTS='-H tcp://10.0.0.1:5'\n")
    h.file(where + "second.service", "[Service]\nExecStart=/opt/dockerd -Htcp://10.0.0.1:6"
           " --tlsverify --tlsverify=false\n")
    h.file(where + "podman-tcp.service",
           "[Service]\nExecStart=podman system service --time=0 tcp:0.0.0.0:7\n")
    h.file(where + "web.service", "[Service]\nExecStart=/usr/bin/web -H tcp://10.0.0.1:8\n")
    return ["tcp-verified:everyone:%sdocker.service:3" % where,
            "tcp-plain:everyone:%sdocker.service.d/a.conf:3" % where,
            "tcp-plain:everyone:/etc/docker.d/x.conf:1",
            "tcp-unverified:everyone:%ssecond.service:2" % where,
            "tcp-plain:everyone:%spodman-tcp.service:2" % where]


def booleans_of_systemd(h):
    """Whatever the case of their letters."""
    where = "/etc/systemd/system/"
    want = []
    for i, yes in enumerate(("Yes", "TRUE", "oN", "T", "Y", "1")):
        h.file("%sdyn%d.service" % (where, i), "[Service]\nDynamicUser=%s\nGroup=docker\n" % yes)
        want.append("unit:dyn%d.service:%sdyn%d.service:3" % (i, where, i))
    h.file(where + "not.service", "[Service]\nDynamicUser=No\nGroup=docker\n")
    return want


def socket_units(h):
    """By the service that they are for, whatever their name; specifiers in paths."""
    where = "/etc/systemd/system/"
    h.file(where + "extra.socket", "[Socket]\nListenStream=4243\nService=docker.service\n")
    h.file(where + "named.socket", "[Socket]\nListenStream=%t/%p.sock\n")
    h.file(where + "docker.service", "[Service]\nExecStart=dockerd -H fd://\nSockets=named.socket\n")
    h.socket("/run/named.sock", 0o666)
    h.file(where + "proxy.socket", "[Socket]\nListenStream=/srv/proxy.sock\n")
    h.file(where + "proxy.service",
           "[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd /run/docker.sock\n")
    h.socket("/srv/proxy.sock", 0o666)
    h.file(where + "podman.socket", "[Socket]\nListenStream=/srv/podman.sock\n")
    h.socket("/srv/podman.sock", 0o660, gid=1002)
    h.file(where + "web.socket", "[Socket]\nListenStream=8080\n")
    return ["tcp-plain:everyone:%sextra.socket:2" % where,
            "socket-others:everyone:/run/named.sock", "unsealed::/run/named.sock",
            "socket-others:everyone:/srv/proxy.sock", "unsealed::/srv/proxy.sock",
            "other-group:carol:/etc/passwd:carol"]


def containerd_config(h):
    h.file("/etc/containerd/config.toml", 'version = 2\n[grpc]\n  address = "/srv/c.sock"\n'
           '  tcp_address = "0.0.0.0:7"\n[metrics]\n  address = "127.0.0.1:1338"\n')
    h.socket("/srv/c.sock", 0o666)
    return ["socket-others:everyone:/srv/c.sock",
            "tcp-plain:everyone:/etc/containerd/config.toml:4"]


def relays(h):
    """socat, and engines that are no dockerd, on the command lines of processes."""
    h.process(30, "socat", 1001, [1001] * 4, (), cmdline="\0".join([
        "socat", "TCP-LISTEN:4243,fork", "UNIX-CONNECT:/var/run/docker.sock", ""]))
    h.process(31, "podman", 0, [0] * 4, (), cmdline="\0".join([
        "podman", "system", "service", "-t", "0", "tcp://0.0.0.0:8888", ""]))
    h.process(32, "socat", 1001, [1001] * 4, (), cmdline="socat\0TCP-LISTEN:1\0STDOUT\0")
    h.process(33, "containerd", 0, [0] * 4, (), cmdline="containerd\0-a\0/srv/c.sock\0")
    h.socket("/srv/c.sock", 0o660, gid=1002)
    return ["tcp-plain:everyone:process 30 (socat)", "tcp-plain:everyone:process 31 (podman)",
            "other-group:carol:/etc/passwd:carol"]


def data_root_of_others(h):
    h.folder("/var/lib/docker", 0o730)
    os.chown(h.path("/var/lib/docker"), 1000, 1002)
    return ["data-root:alice:/var/lib/docker", "data-root:gid 1002:/var/lib/docker"]


def programs_in_run(h):
    """A setgid program in /run, and what is below a data root that is elsewhere."""
    h.file("/run/keep/x", "x", 0o2755, gid=DOCKER)
    h.file("/etc/docker/daemon.json", json.dumps({"data-root": "/data"}))
    h.folder("/data", 0o710)
    h.file("/data/overlay2/x", "x", 0o2755, gid=DOCKER)
    h.file("/home/a/node", "x", 0o755)
    os.setxattr(h.path("/home/a/node"), "security.capability",
                struct.pack("<IIIII", 0x02000001, 1 << 27, 0, 0, 0))
    return ["setgid-file::/run/keep/x", "file-capability::/home/a/node"]


def options_elsewhere(h):
    """Files that the command line names, and that Debian's unit takes options from."""
    h.file("/etc/default/docker", "# DOCKER_OPTS=\"-H tcp://1.1.1.1:1\"\n"
           "export DOCKER_OPTS=\"--tlsverify -H tcp://10.0.0.1:2376\"\n")
    h.file("/usr/lib/systemd/system/docker.service",
           "[Service]\nEnvironmentFile=-/etc/default/docker\n"
           "ExecStart=/usr/sbin/dockerd $DOCKER_OPTS\n")
    h.process(30, "dockerd", 0, [0] * 4, (), cmdline="\0".join([
        "dockerd", "--config-file", "/srv/d.json", "-H", "unix:///srv/d.sock", ""]))
    h.file("/srv/d.json", json.dumps({"hosts": ["tcp://0.0.0.0:2375"], "group": "adm",
                                      "data-root": "/data"}))
    h.folder("/data", 0o755)
    h.socket("/srv/d.sock", 0o666)
    return ["tcp-verified:everyone:/etc/default/docker:2",
            "tcp-plain:everyone:/srv/d.json", "data-root:everyone:/data",
            "socket-others:everyone:/srv/d.sock", "unsealed::/srv/d.sock"]


def sockets_elsewhere(h):
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": ["unix:///srv/a.sock"]}))
    h.file("/etc/systemd/system/docker.socket",
           "[Socket]\nListenStream=/srv/b.sock\nListenStream=@docker\n")
    h.socket("/srv/a.sock", 0o660, uid=1000, gid=1002)
    h.socket("/srv/b.sock", 0o660, gid=4)
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:alice"))
    return ["socket-owner:alice:/srv/a.sock", "group-primary:carol:/etc/passwd:carol",
            "unsealed::/srv/a.sock", "unsealed::/srv/b.sock", "group-member:alice:adm",
            "socket-others:everyone:@docker", "unsealed::@docker"]


def no_hiding_in_a_cgroup(h):
    """Users name the cgroups below their own as they like."""
    h.process(40, "sh", 1000, [1000] * 4, [DOCKER],
              "0::/user.slice/user-1000.slice/user@1000.service/docker-0123.scope\n")
    h.process(41, "sh", 1002, [1002] * 4, [DOCKER],
              "0::/system.slice/docker-%s.scope\n" % ("0123456789abcdef" * 4))
    return ["process:alice:gid 995"]


def no_hiding_behind_a_name(h):
    """Units may be called as engines call their containers'."""
    below = ("system.slice/docker-ci.service", "system.slice/libpod-ci.service/x",
             "system.slice/docker-cleanup.scope", "docker/ci", "system.slice/crio-x.scope",
             "system.slice/ci.service/docker-%s.scope" % CONTAINER,
             "system.slice/kubepods-ci.service", "kubepods-ci.slice/a.service")
    users = ""
    for i, path in enumerate(below):
        users += "u%d:x:%d:%d::/:/bin/sh\n" % (i, 2000 + i, 2000 + i)
        h.process(60 + i, "sh", 2000 + i, [2000 + i] * 4, [DOCKER], "0::/%s\n" % path)
    h.file("/etc/passwd", PASSWD + users)
    for i, path in enumerate(("docker/" + CONTAINER, "lxc.payload.c1/system.slice/a.service",
                              "machine.slice/libpod-%s.scope/container" % CONTAINER,
                              "kubepods.slice/kubepods-pod1.slice/cri-containerd-%s.scope" %
                              CONTAINER, "libpod_parent/libpod-" + CONTAINER)):
        h.process(90 + i, "sh", 3000, [3000] * 4, [DOCKER], "0::/%s\n" % path)
    return ["process:u%d:gid 995" % i for i in range(len(below))]


def threads(h):
    """Ids are a thread's own: the first one may have dropped what another holds."""
    h.process(50, "x", 1000, [1000] * 4, [])
    h.file("/proc/50/task/50/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n"
           "Gid:\t1000\t1000\t1000\t1000\nGroups:\t \n")
    h.file("/proc/50/task/51/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n"
           "Gid:\t1000\t995\t1000\t1000\nGroups:\t \n")
    return ["process:alice:gid 995"]


def seal(h, held_by=(1, "systemd"), drop_in=True, service=True):
    """gate's units as conf/ has them, and who holds the socket that users see."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../conf/systemd")
    with open(os.path.join(here, "seawall-gate.socket"), encoding="utf-8") as f:
        h.file("/usr/lib/systemd/system/seawall-gate.socket", f.read())
    if service:
        with open(os.path.join(here, "seawall-gate.service.in"), encoding="utf-8") as f:
            h.file("/usr/lib/systemd/system/seawall-gate.service",
                   f.read().replace("@gate@", "/usr/bin/gate"))
    h.file("/usr/lib/systemd/system/docker.socket",
           "[Socket]\nListenStream=/var/run/docker.sock\nSocketGroup=docker\n")
    if drop_in:
        with open(os.path.join(here, "docker.socket.d/seawall.conf"),
                  encoding="utf-8") as f:
            h.file("/etc/systemd/system/docker.socket.d/seawall.conf", f.read())
    h.socket("/run/docker.sock", 0o666)
    h.socket("/run/seawall/engine.sock", 0o600)
    h.file("/proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"
           "0: 00000002 00000000 00010000 0001 01 4711 /run/docker.sock\n")
    pid, comm = held_by
    h.process(pid, comm, 0, [0] * 4)
    os.makedirs(h.path("/proc/%d/fd" % pid))
    os.symlink("socket:[4711]", h.path("/proc/%d/fd/3" % pid))


def sealed(h):
    seal(h)
    return []


def sealed_and_used(h):
    seal(h, (77, "gate"))
    return []


def seal_broken(h):
    """Both units want the path, or the engine has it."""
    seal(h, drop_in=False)
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_lost(h):
    seal(h, (78, "dockerd"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_over_a_removed_socket(h):
    """gate still holds what was there before, and the engine what is there now."""
    seal(h, (77, "gate"))
    with open(h.path("/proc/net/unix"), "a", encoding="utf-8") as f:
        f.write("0: 00000002 00000000 00010000 0001 01 4712 /run/docker.sock\n")
    h.process(78, "dockerd", 0, [0] * 4)
    os.makedirs(h.path("/proc/78/fd"))
    os.symlink("socket:[4712]", h.path("/proc/78/fd/3"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_shared(h):
    """Somebody else holds the socket, too, and may take its connections."""
    seal(h, (77, "gate"))
    h.process(79, "socat", 0, [0] * 4)
    os.makedirs(h.path("/proc/79/fd"))
    os.symlink("socket:[4711]", h.path("/proc/79/fd/3"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_after_the_next_start(h):
    """gate has the socket now, and a unit gives it to the engine again."""
    seal(h, (77, "gate"), drop_in=False)
    return ["unsealed::/run/docker.sock"]


def seal_with_more(h):
    """Each way around gate that leaves its socket alone."""
    seal(h, (77, "gate"))
    os.chmod(h.path("/run/seawall/engine.sock"), 0o666)
    h.socket("/run/containerd/containerd.sock", 0o660, gid=1002)
    h.file("/etc/systemd/system/docker.service.d/tcp.conf",
           "[Service]\nExecStart=\nExecStart=dockerd -H fd:// -H tcp://0.0.0.0:2375\n")
    h.file("/etc/systemd/system/second.socket",
           "[Socket]\nListenStream=/run/second.sock\nService=docker.service\n")
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": ["unix:///run/third.sock"]}))
    h.socket("/run/third.sock", 0o660, gid=DOCKER)
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:alice"))
    return ["socket-others:everyone:/run/seawall/engine.sock",
            "unsealed::/run/seawall/engine.sock", "other-group:carol:/etc/passwd:carol",
            "tcp-plain:everyone:/etc/systemd/system/docker.service.d/tcp.conf:3",
            "unsealed::/run/second.sock", "unsealed::/run/third.sock",
            "group-member:alice:docker"]


def seal_by_another_program(h):
    """gate's units run something else."""
    seal(h)
    h.file("/etc/systemd/system/seawall-gate.service",
           "[Service]\nExecStart=/usr/bin/socat - UNIX:/x\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_without_a_service(h):
    """Whatever comes to be started for the socket: nothing says that it is gate."""
    seal(h, service=False)
    h.file("/etc/systemd/system/seawall-gate.service", "[Service]\nUser=root\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def seal_without_an_engine(h):
    """gate's socket is there, and the one behind it is who knows where."""
    seal(h)
    os.remove(h.path("/run/seawall/engine.sock"))
    return ["unseen::/run/docker.sock"]


def seal_that_is_not_seen_whole(h):
    """Who else holds the socket cannot be told; a socket that cannot be looked at."""
    seal(h, (77, "gate"))
    h.process(80, "x", 0, [0] * 4)
    os.symlink("fd", h.path("/proc/80/fd"))
    os.makedirs(h.path("/run/podman"))
    os.symlink("podman.sock", h.path("/run/podman/podman.sock"))
    return ["unseen::/run/docker.sock", "unseen::/run/podman/podman.sock"]


def seal_for_another_service(h):
    seal(h)
    h.file("/etc/systemd/system/seawall-gate.socket.d/a.conf",
           "[Socket]\nService=docker.service\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


def socket_unit_tcp(h):
    h.file("/usr/lib/systemd/system/docker.socket", "[Socket]\nListenStream=2375\n")
    return ["tcp-plain:everyone:/usr/lib/systemd/system/docker.socket:2"]


def socket_unit_taken_back(h):
    socket_unit_tcp(h)
    h.file("/etc/systemd/system/docker.socket.d/a.conf", "[Socket]\nListenStream=\n")
    return []


def forwarder(h):
    h.file("/proc/net/tcp6", "  sl\n 0: 00000000000000000000000000000000:0947 "
           "00000000000000000000000000000000:0000 0A 0\n")
    return ["tcp-unknown:everyone:tcp port 2375"]


def programs(h):
    h.file("/usr/local/bin/keep", "x", 0o2755, gid=DOCKER)
    h.file("/usr/local/bin/mail", "x", 0o2755, gid=8)
    h.file("/usr/local/bin/data", "x", 0o2640, gid=DOCKER)
    h.file("/home/a/py", "x", 0o755)
    h.file("/usr/bin/ping", "x", 0o755)
    h.file("/usr/bin/newgidmap", "x", 0o755)
    h.file("/home/a/newgidmap", "x", 0o755)
    for path, bits in (("/home/a/py", 1 << 6), ("/usr/bin/ping", 1 << 13),
                       ("/usr/bin/newgidmap", 1 << 6), ("/home/a/newgidmap", 1 << 6)):
        os.setxattr(h.path(path), "security.capability",
                    struct.pack("<IIIII", 0x02000001, bits, 0, 0, 0))
    h.file("/var/lib/docker/overlay2/x/keep", "x", 0o2755, gid=DOCKER)
    os.chmod(h.path("/var/lib/docker"), 0o710)
    return ["setgid-file::/usr/local/bin/keep", "file-capability::/home/a/py",
            "file-capability::/home/a/newgidmap"]


def programs_of_holders(h):
    """Whoever runs a setuid program is its owner."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/tmp/bobs", "x", 0o4755, uid=1001)
    h.file("/tmp/bobs-data", "x", 0o4644, uid=1001)
    h.file("/tmp/carols", "x", 0o4755, uid=1002)
    h.file("/usr/bin/su", "x", 0o4755)
    return ["+group-member:bob:docker", "setuid-file::/tmp/bobs"]


def programs_of_nobody(h):
    """The socket's owner has no account, and a program has his uid."""
    h.socket("/run/docker.sock", 0o600, uid=4711)
    h.file("/tmp/his", "x", 0o4755, uid=4711)
    h.file("/tmp/another", "x", 0o4755, uid=4712)
    return ["socket-owner:uid 4711:/run/docker.sock", "setuid-file::/tmp/his"]


def comments_end_with_their_line(h):
    h.file("/etc/doas.conf", "permit nopass alice cmd ls # ends \\\n"
           "permit nopass carol cmd docker\npermit nopass alice cmd \"#x\" \\\n args docker\n")
    h.file("/etc/security/group.conf", "*;*;alice;Al0000-2400;floppy # ends \\\n"
           "*;*;carol;Al0000-2400;docker\n")
    return ["doas:carol:/etc/doas.conf:2", "doas:alice:/etc/doas.conf:3",
            "group-conf:carol:/etc/security/group.conf:2"]


def words_of_doas(h):
    """As doas itself reads them: what quotes and backslashes protect, and numbers."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/etc/doas.conf", "\n".join([
        'permit setenv { PS1="# " } alice as bob', "permit nopass ca\\", "rol cmd docker",
        "permit alice cmd do\\cker", 'permit nopass "cmd" as bob', "permit 1002 as 1001 cmd id",
        "permit :995 as bob", "permit keepenv{ A=\\} B }alice cmd docker#x",
        'permit carol cmd "/opt/a b" args "" docker',
        # None of these:
        "permit alice as 0 cmd ls", 'permit "nopass" alice cmd docker', "deny alice cmd docker",
        '"permit" alice cmd docker', "permit alice as 1000", "permit alice as 01x cmd ls",
        "permit alice cmd ls # docker"]) + "\n")
    where = "/etc/doas.conf:"
    return ["+group-member:bob:docker", "doas:alice:%s1" % where, "doas:carol:%s2" % where,
            "doas:alice:%s4" % where, "doas:cmd:%s5" % where, "doas:#1002:%s6" % where,
            "doas:%%#995:%s7" % where, "doas:alice:%s8" % where, "doas:carol:%s9" % where,
            "doas:nopass:%s11" % where]


def lines_of_group_conf(h):
    """A backslash joins without a blank; a comment ends what it is in."""
    h.file("/etc/security/group.conf", "*;*;carol;Al0000-2400;doc\\\nker\n"
           "*;*;bob;Al0000-2400;floppy,\\\n# none\n*;*;alice;Al0000-2400;docker\n")
    return ["group-conf:carol:/etc/security/group.conf:1",
            "group-conf:alice:/etc/security/group.conf:5"]


def pam_capabilities(h):
    h.file("/etc/security/capability.conf", "# cap_setgid carol\n^cap_setgid alice @ci\n"
           "cap_net_raw,!cap_setuid carol\nnone *\ncap_net_raw,cap_setuid bob # not me\n"
           "all *\n")
    where = "/etc/security/capability.conf:"
    return ["pam-capability:alice:%s2" % where, "pam-capability:%%ci:%s2" % where,
            "+pam-capability:bob:%s5" % where, "pam-capability:*:%s6" % where]


def pam_capabilities_otherwise(h):
    """In any case, by number, and behind what looks like a comment."""
    h.file("/etc/security/capability.conf", "CAP_SetUid alice\n7 carol\n^0x15,12 alice\n"
           "013 carol\n cap_chown nobody # but carol\nAll alice\ncap_chown #carol\n"
           "!7 alice\n12 alice\n7x alice\n")
    where = "/etc/security/capability.conf:"
    return ["pam-capability:alice:%s1" % where, "pam-capability:carol:%s2" % where,
            "pam-capability:alice:%s3" % where, "pam-capability:nobody:%s5" % where,
            "pam-capability:carol:%s5" % where, "pam-capability:alice:%s6" % where]


def sudoers_patterns(h):
    h.file("/etc/sudoers", "\n".join([
        "alice ALL = /usr/bin/dock*", "alice ALL = /usr/bin/", "alice ALL = NOPASSWD:/usr/*/c[t]r",
        "alice ALL = (root) ^/usr/bin/(podman|doc.*)$ ^ps$",  "alice ALL = /bin/ls, ^/usr/(bin$",
        "Cmnd_Alias P = /snap/bin/mic*", "alice ALL = P",
        # None of these:
        "alice ALL = /bin/cat /var/log/*", "alice ALL = /etc/init.d/*, !/usr/bin/dock*",
        "alice ALL = /usr/lib/", "alice ALL = ^/usr/bin/(ls|cat)$", "alice ALL = ALL"]) + "\n")
    return ["sudoers:alice:/etc/sudoers:%d" % i for i in (1, 2, 3, 4, 5, 7)]


def sudoers(h):
    h.file("/etc/sudoers", "Defaults env_reset\nUser_Alias OPS = alice, \\\n  bob\n"
           "carol ALL = (root) NOPASSWD: BOX\nOPS ALL=(:docker) /bin/true\n"
           "alice ALL=(root) /usr/bin/apt install docker.io\n"
           "%adm ALL=/usr/bin/less /etc/docker/daemon.json\n"
           "Cmnd_Alias BOX = /usr/bin/docker ps, /bin/ls\n@includedir /etc/sudoers.d\n")
    h.file("/etc/sudoers.d/ci", "%ci build = /usr/bin/podman *\n")
    h.file("/etc/sudoers.d/ci.bak", "carol ALL = /usr/bin/docker\n")
    return ["sudoers:carol:/etc/sudoers:4", "sudoers:alice:/etc/sudoers:5",
            "+sudoers:bob:/etc/sudoers:5", "sudoers:%ci:/etc/sudoers.d/ci:1"]


def sudoers_odd(h):
    h.file("/etc/sudoers", "User_Alias\tCI = %ci, +builders, !bob : NOBODY = carol\n"
           "Cmnd_Alias C = /bin/x a\\:b, /usr/bin/docker\n"
           "CI ALL = C\nalice ALL = (carol:ALL) /bin/true\n"
           "alice ALL = (ALL:ALL) /bin/true\n"
           "#1002 ALL = NOPASSWD : /usr/bin/docker\n"
           "\"a b\" ALL = /usr/bin/docker\nadm\\ ins ALL = /usr/bin/docker\n"
           "#include more\n@include /etc/sudoers.%h\n@include /etc/missing\n"
           "@includedir \"/etc/sudo ers.d\"\n")
    h.file("/etc/more", "carol ALL = /usr/bin/docker\n@include /etc/sudoers\n")
    h.file("/etc/sudo ers.d/x", "@include y\n")
    h.file("/etc/sudo ers.d/y", "bob ALL = (:#995) /bin/true\n")
    return ["sudoers:%ci:/etc/sudoers:3", "sudoers:+builders:/etc/sudoers:3",
            "sudoers:alice:/etc/sudoers:4", "sudoers:#1002:/etc/sudoers:6",
            "sudoers:a b:/etc/sudoers:7", "sudoers:adm ins:/etc/sudoers:8",
            "sudoers:carol:/etc/more:1", "+sudoers:bob:/etc/sudo ers.d/y:1",
            "unseen::/etc/sudoers.%h", "unseen::/etc/missing"]


def directories_of_names(h):
    """What a directory service holds besides is not seen from files."""
    h.file("/etc/nsswitch.conf", "passwd: files systemd\ngroup: files sss\n"
           "sudoers: files ldap\nhosts: files dns\n")
    return ["unseen::/etc/nsswitch.conf"]


def become_a_member(h):
    """Rules that make nobody root, but another user who is in the group."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob") +
           "lxd:x:200:\n")
    h.file("/etc/passwd", PASSWD + "dave:x:1003:995::/:/bin/sh\n")
    h.file("/etc/sudoers", "alice ALL = (bob) ALL\nRunas_Alias D = carol, dave\n"
           "carol ALL = (D) NOPASSWD: /bin/less\ncarol ALL = (alice) ALL\n"
           "carol ALL = (%docker) ALL\ncarol ALL = (ALL) /bin/ls\n"
           "bob ALL = (bob) ALL\nalice ALL = (:lxd) ALL\n")
    h.file("/etc/doas.conf", "permit alice as bob\npermit nopass carol as alice cmd id\n"
           "permit setenv {A} \"carol\" as dave cmd id\npermit alice as root cmd id\n")
    return ["sudoers:alice:/etc/sudoers:1", "sudoers:carol:/etc/sudoers:3",
            "sudoers:carol:/etc/sudoers:5", "sudoers:alice:/etc/sudoers:8",
            "doas:alice:/etc/doas.conf:1", "doas:carol:/etc/doas.conf:3",
            "+group-member:bob:docker", "group-primary:dave:/etc/passwd:dave"]


def become_any_but_root(h):
    """Of a list the last match counts; who may be root needs no third one."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob") +
           "ops2:x:300:bob\nnone:x:301:alice\n")
    h.file("/etc/sudoers", "Runas_Alias NOROOT = ALL, !root : R = root, #0\n" + "\n".join([
        "alice ALL = (ALL, !root) /bin/ls",              # 2
        "alice ALL = (ALL,!#0:docker) /bin/ls",          # 3
        "alice ALL = (NOROOT) /bin/ls",                  # 4
        "alice ALL = (ALL, !R) /bin/ls",                 # 5
        "alice ALL = (ALL, !%root) /bin/ls",             # 6
        "alice ALL = (%ops2) /bin/ls",                   # 7
        "alice ALL = (%#300, !carol) /bin/ls",           # 8
        "alice ALL = (!bob, ALL, !root) /bin/ls",        # 9
        "alice ALL = (+people) /bin/ls",                 # 10
        "alice ALL = (!!bob) /bin/ls",                   # 11
        "alice ALL = (root) /bin/ls, (ALL, ! root) /bin/cat",  # 12
        "ALL ALL = (#1001) /bin/ls",                     # 13
        # Not of use to get there:
        "alice ALL = (ALL, !root, !bob) /bin/ls", "alice ALL = (!root, ALL) /bin/ls",
        "alice ALL = (ALL, !root, root : ALL) /bin/ls", "alice ALL = (%none) /bin/ls",
        "alice ALL = (bob, !ALL) /bin/ls", "alice ALL = (!bob) /bin/ls",
        "alice ALL = (bob, !%ops2) /bin/ls", "bob ALL = (ALL, !root) /bin/ls"]) + "\n")
    return ["+group-member:bob:docker", "sudoers:ALL:/etc/sudoers:13"] + [
        "sudoers:alice:/etc/sudoers:%d" % i for i in range(2, 13)]


def become_who_holds_it_otherwise(h):
    """In gshadow alone, as an administrator, as the owner, by an access list."""
    h.file("/etc/gshadow", "docker:!:dave:carol\n")
    h.file("/etc/passwd", PASSWD + "dave:x:1003:1003::/:/bin/sh\n"
           "eve:x:1004:1004::/:/bin/sh\nfay:x:1005:1005::/:/bin/sh\n")
    h.socket("/run/docker.sock", 0o660, uid=1004, gid=DOCKER)
    os.setxattr(h.path("/run/docker.sock"), "system.posix_acl_access", acl([
        (1, 6, 0xFFFFFFFF), (2, 6, 1005), (4, 6, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF),
        (32, 0, 0xFFFFFFFF)]))
    h.file("/etc/sudoers", "".join("alice ALL = (%s) /bin/ls\n" % u for u in (
        "carol", "dave", "eve", "fay", "alice", "bob")))
    h.file("/etc/doas.conf", "permit alice as eve\n")
    return ["gshadow-member:carol:docker", "group-admin:dave:docker",
            "socket-owner:eve:/run/docker.sock", "socket-acl:fay:/run/docker.sock",
            "unsealed::/run/docker.sock", "doas:alice:/etc/doas.conf:1"] + [
                "sudoers:alice:/etc/sudoers:%d" % i for i in range(1, 5)]


def sudoers_lines(h):
    """Where a line ends: as sudo's own parser has it, cvtsudoers(1)."""
    h.file("/etc/sudoers", "\n".join([
        "# what follows counts \\", "alice ALL = /usr/bin/docker",           # 2
        "alice ALL = /bin/ls # and this \\", "bob ALL = /usr/bin/docker",    # 4
        "alice ALL = /bin/ls x#y \\", "bob ALL = /usr/bin/docker",           # 6
        "carol ALL = /bin/ls, \\ \t", "  /usr/bin/docker",                   # 7
        "carol ALL = /bin/ls, \\ \r", "  /usr/bin/docker",                   # 9
        "carol ALL = /usr/bin/do\\", "   cker",                              # 11
        "carol\\", "ALL = /usr/bin/docker",                                  # 13
        "carol ALL = /bin/ls a\\\\", "alice ALL = /usr/bin/docker",          # 16
        "carol ALL = /bin/ls \\# x, /usr/bin/docker",                        # 17
        "\"a=b\" ALL = /usr/bin/docker", "a\\=b ALL = /usr/bin/docker",      # 18, 19
        "#1002, alice ALL = /usr/bin/docker",                                # 20
        "Cmnd_Alias\\", "BOX = /bin/x\\", ", /usr/bin/docker",
        "carol ALL = BOX : elsewhere = /bin/ls",                             # 24
        "User_Alias US = carol, #1000 # \\",
        "US ALL = /usr/bin/docker",                                          # 26
        "carol ALL = (#1000, root) /usr/bin/docker",                         # 27
        "bob, \"x y\"ALL = /usr/bin/docker",                                 # 28
        "bob ! elsewhere , ALL = /usr/bin/docker",                           # 29
        "Defaults:alice runas_default = bob"]) + "\n")                       # 30
    return (["sudoers:alice:/etc/sudoers:%d" % i for i in (2, 16, 20)] +
            ["+sudoers:bob:/etc/sudoers:%d" % i for i in (4, 6, 28, 29)] +
            ["sudoers:carol:/etc/sudoers:%d" % i for i in (7, 9, 11, 13, 17, 24, 26, 27)] +
            ["sudoers:x y:/etc/sudoers:28", "unseen::/etc/sudoers:30",
             "sudoers:a=b:/etc/sudoers:18", "sudoers:a=b:/etc/sudoers:19",
             "sudoers:#1002:/etc/sudoers:20", "sudoers:#1000:/etc/sudoers:26"])


def sudoers_quotes(h):
    """What quotes and backslashes protect: as sudo's own parser has it, cvtsudoers(1)."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/etc/sudoers", "\n".join([
        'alice ALL = ROLE="a#b" TYPE="c,d" /usr/bin/docker',                 # 1
        'alice ALL = CHROOT=/x ROLE="a#b" /usr/bin/docker',                  # 2
        'alice ALL = (alice:"docker") /bin/ls', "alice ALL = (:doc\\x6ber) /bin/ls",  # 3, 4
        "alice ALL = (bo\\b) /bin/ls", 'alice ALL = (%:a : docker) /bin/ls',  # 5, 6
        'User_Alias ADM = "%:domain admins", ca\\rol : OTHER = alice',
        "ADM ALL = /usr/bin/docker", '"ADM", a\\,b ALL = /usr/bin/docker',    # 8, 9
        'Cmnd_Alias A = /bin/x " : B = /usr/bin/docker', "alice ALL = B",     # 11
        # None of these:
        'alice ALL = /bin/ls "#", /usr/bin/docker"',
        "OTHER ALL = /bin/ls"]) + "\n")
    return ["+group-member:bob:docker"] + [
        "sudoers:%s:/etc/sudoers:%d" % who for who in [("alice", i) for i in (
            1, 2, 3, 4, 5, 6, 11)] + [("%:domain admins", 8), ("carol", 8), ("ADM", 9),
                                      ("a,b", 9)]]


def aliases_too_deep(h):
    """What is not followed so deep is everybody; who is in a circle is nobody."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    chain = lambda name, end: " : ".join(
        ["%s%d = %s%d" % (name, i, name, i + 1) for i in range(9)] + ["%s9 = %s" % (name, end)])
    h.file("/etc/sudoers", "\n".join([
        "User_Alias " + chain("U", "bob") + " : C = D : D = C",
        "Runas_Alias " + chain("R", "carol"),
        "U0 ALL = /usr/bin/docker",                     # 3
        "carol ALL = (R0) /bin/ls", "carol ALL = (alice:R0) /bin/ls",  # 4, 5
        "carol ALL = (bob, !R0) /bin/ls",               # 6
        # Not so deep; of use to nobody; in a circle.
        "U2 ALL = /usr/bin/docker", "carol ALL = (R2) /bin/ls", "C ALL = /usr/bin/docker"]) + "\n")
    return ["+group-member:bob:docker", "sudoers:ALL:/etc/sudoers:3"] + [
        "sudoers:carol:/etc/sudoers:%d" % i for i in (4, 5, 6)] + [
        "unseen::/etc/sudoers:%d" % i for i in (3, 4, 5, 6)] + ["+sudoers:bob:/etc/sudoers:7"]


def many_members(h, n=60000):
    """What took the square of their number did not end before the test does."""
    users = ["user%06d" % i for i in range(n)]
    h.file("/etc/passwd", PASSWD + "".join("%s:x:%d:%d::/:/bin/sh\n" % (
        u, 10000 + i, 10000 + i) for i, u in enumerate(users)))
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:" + ",".join(users)) +
           "ops:x:996:" + ",".join(users[::2]) + "\n" + "".join("%s:x:%d:\n" % (
               u, 10000 + i) for i, u in enumerate(users)))
    h.file("/etc/gshadow", "docker:!::" + ",".join(users) + "\n" + "".join(
        "%s:!::\n" % u for u in users))
    h.file("/etc/sudoers", "".join("%s ALL = /usr/bin/docker\n" % u for u in users))
    return ["%sgroup-member:%s:docker" % ("" if i % 2 else "+", u)
            for i, u in enumerate(users)] + ["%ssudoers:%s:/etc/sudoers:%d" % (
                "" if i % 2 else "+", u, i + 1) for i, u in enumerate(users)]


def primary_gid_without_a_group(h):
    """The socket's gid counts, whether or not a group is called so; each user once."""
    h.file("/etc/passwd", PASSWD + "dave:x:1003:700::/:/bin/sh\neve:x:1004:995::/:/bin/sh\n")
    h.file("/etc/group", GROUP + "engine:x:995:\n")
    h.socket("/run/docker.sock", 0o660, gid=700)
    return ["group-primary:dave:/etc/passwd:dave", "group-primary:eve:/etc/passwd:eve",
            "unsealed::/run/docker.sock"]


def processes_at_other_sockets(h):
    h.socket("/run/containerd/containerd.sock", 0o660, gid=700)
    h.file("/etc/group", GROUP + "kvm:x:36:\n")
    h.process(10, "sh", 1000, [1000] * 4, [700])
    h.process(11, "qemu", 1002, [1002] * 4, [36])
    return ["process:alice:gid 700"]


def entries_from_elsewhere(h):
    """NIS, as nsswitch.conf(5) has it under compat."""
    h.file("/etc/passwd", PASSWD + "+@admins::::::\n-eve::::::\n")
    h.file("/etc/group", GROUP + "+:::\n")
    return ["unseen::/etc/passwd:5", "unseen::/etc/group:7"]


def long_lines(h):
    """Longer than 64 KiB, and what counts is at their end."""
    many = "".join("  grp%06d \\\n" % i for i in range(6000))
    h.file("/etc/systemd/system/ci.service",
           "[Service]\nUser=carol\nSupplementaryGroups=\\\n" + many + "  docker\n")
    h.file("/etc/sudoers", "alice ALL = \\\n" + "".join(
        "/bin/true %06d, \\\n" % i for i in range(6000)) + "/usr/bin/docker\n")
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:" + ",".join(
        ["root"] * 20000 + ["alice"])))
    return ["unit:carol:/etc/systemd/system/ci.service:3", "sudoers:alice:/etc/sudoers:1",
            "group-member:alice:docker"]


def user_records(h):
    """What nss-systemd(8) gives besides the files."""
    h.file("/etc/userdb/alice:docker.membership", "")
    h.file("/run/userdb/eve.user", json.dumps(
        {"userName": "eve", "uid": 5000, "gid": 5000, "memberOf": ["docker", "x"]}))
    os.symlink("eve.user", h.path("/run/userdb/5000.user"))
    h.file("/usr/lib/userdb/dan.user", json.dumps({"userName": "dan", "uid": 5001,
                                                   "gid": 995}))
    h.file("/var/lib/systemd/home/fay.identity", json.dumps(
        {"userName": "fay", "perMachine": [{"matchHostname": "h", "memberOf": ["engine"]}]}))
    h.file("/etc/userdb/engine.group", json.dumps(
        {"groupName": "engine", "gid": 995, "members": ["carol"], "administrators": ["bob"]}))
    h.file("/etc/userdb/bad.user", "{}")
    return ["group-member:alice:docker", "group-member:eve:docker",
            "group-primary:dan:/etc/passwd:dan", "group-member:fay:engine",
            "group-member:carol:engine", "+group-admin:bob:engine",
            "unseen::/etc/userdb/bad.user"]


def doas(h):
    h.file("/etc/doas.conf", "permit persist :wheel\n"
           "permit nopass carol cmd /usr/bin/docker args ps\n"
           "permit setenv { A=b -C } :ops as root cmd docker\ndeny alice cmd docker\n"
           "permit nopass \\\n  alice cmd \\\n \"docker\" # yes\n"
           "permit alice cmd ls # not docker\n")
    h.file("/etc/doas.d/a.conf", "permit nopass carol cmd buildah\n")
    return ["doas:carol:/etc/doas.d/a.conf:1", "doas:carol:/etc/doas.conf:2", "+doas:%ops:/etc/doas.conf:3",
            "doas:alice:/etc/doas.conf:5"]


def jobs(h):
    h.file("/etc/crontab", "17 * * * * root docker system prune\n"
           "@daily carol /usr/bin/docker ps\n# 1 1 1 1 1 bob docker\n")
    h.file("/var/spool/cron/crontabs/alice", "1 2 * * * cd / && docker run x\n")
    h.file("/var/spool/cron/tabs/alice", "1 2 * * * podman ps\n")
    h.file("/var/spool/cron/crontabs/bob", "1 2 * * * /bin/true\n")
    h.file("/var/spool/cron/atjobs/a1", "#!/bin/sh\n# atrun uid=1000 gid=995\n/bin/true\n",
           uid=1000)
    h.file("/var/spool/cron/atjobs/a2", "#!/bin/sh\n# atrun uid=1001 gid=1001\nid\n",
           uid=1001)
    return ["cron:carol:/etc/crontab:2", "cron:alice:/var/spool/cron/crontabs/alice:1",
            "cron:alice:/var/spool/cron/tabs/alice:1",
            "at-job:alice:/var/spool/cron/atjobs/a1:1"]


def subgid(h):
    h.file("/etc/subgid", "alice:100000:65536\ncarol:900:200\nbob:995:1\n1000:994:1\n")
    return ["subgid:carol:/etc/subgid:2", "+subgid:bob:/etc/subgid:3"]


def links_stay_inside(h):
    os.remove(h.path("/etc/group"))
    os.symlink("/../../../../../../etc/made-up-group", h.path("/etc/group"))
    h.file("/etc/made-up-group", "docker:x:995:alice\n")
    return ["group-member:alice:docker"]


CASES = [nothing, members, programs_of_holders, programs_of_nobody, words_of_doas,
         lines_of_group_conf, pam_capabilities_otherwise, sudoers_quotes, aliases_too_deep,
         sudoers_patterns,
         pam_capabilities, comments_end_with_their_line, approved_group, primary, gshadow, gshadow_locked, group_conf,
         processes, sockets, socket_acl, socket_mode, daemon_json, daemon_json_bad,
         command_line, units, sealed, sealed_and_used, seal_broken, seal_lost,
         socket_unit_tcp, socket_unit_taken_back, forwarder, programs, sudoers, doas, jobs, subgid,
         links_stay_inside, unit_lines_go_on, unit_groups_taken_back,
         unit_drop_ins_of_many, options_elsewhere, sockets_elsewhere,
         no_hiding_in_a_cgroup, threads, sudoers_odd, directories_of_names,
         group_password_without_gshadow, no_hiding_behind_a_name, socket_of_roots_group,
         folder_that_lets_through, seal_over_a_removed_socket, seal_shared,
         unit_folders, unit_put_together, engine_unit, socket_units, containerd_config, relays,
         seal_after_the_next_start, seal_with_more, seal_by_another_program,
         seal_for_another_service, become_a_member,
         seal_that_is_not_seen_whole, seal_without_a_service, seal_without_an_engine, booleans_of_systemd,
         folder_of_root_alone, folder_of_a_shadow_member, folder_of_an_administrator,
         folder_of_a_password, folder_of_a_record, become_any_but_root,
         become_who_holds_it_otherwise, sudoers_lines,
         entries_from_elsewhere, long_lines, data_root_of_others,
         programs_in_run, user_records,
         many_members, primary_gid_without_a_group, processes_at_other_sockets]


def audit(top, *more):
    policy = os.path.join(top, "..", "policy.json")
    with open(policy, "w", encoding="utf-8") as f:
        json.dump(POLICY, f)
    return subprocess.run([ARGS.gate, "audit", "--root", top, "--policy", policy] +
                          list(more), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)


def one(case):
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        want = case(Host(top))
        r = audit(top, "--format", "json")
        if r.returncode not in (0, 1):
            return "status %d: %s" % (r.returncode, r.stderr.strip())
        report = json.loads(r.stdout)
        got = [e["id"] for e in report["findings"]] + [
            "+" + e["id"] for e in report["approved"]]
        if sorted(got) != sorted(want):
            return "missing %s, too many %s, of %d" % (
                sorted(set(want) - set(got))[:20], sorted(set(got) - set(want))[:20],
                len(got))
        if r.returncode != (1 if report["findings"] else 0):
            return "status %d" % r.returncode
        for entry in report["findings"]:
            if not entry["title"] or not entry["remedy"]:
                return "%s: no title or no remedy" % entry["id"]
        table = audit(top)
        if table.returncode != r.returncode or "%d to act on" % len(
                report["findings"]) not in table.stdout:
            return "the table says something else: " + table.stdout[-300:]
    return None


def containers(make=None, want=("container-socket:container agent:/",
                                "container-socket:container ci:/var/run/docker.sock",
                                "container-socket:container link:/srv/link",
                                "container-socket:container run:/run")):
    """The engine's answer, from a server of our own."""
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        host = Host(top)
        host.folder("/srv")
        host.folder("/run")
        os.symlink("/run", host.path("/srv/link"))
        if make:
            make(host)
        path = os.path.join(outer, "engine.sock")
        body = json.dumps([
            {"Id": "a1", "Names": ["/ci"], "Mounts": [
                {"Source": "/var/run/docker.sock", "RW": False}]},
            {"Id": "b2", "Names": ["/agent"], "Mounts": [{"Source": "/", "RW": True}]},
            {"Id": "c3", "Names": ["/web"], "Mounts": [{"Source": "/srv", "RW": True},
                                                       {"Source": "/run/docker.sock2"}]},
            {"Id": "e5", "Names": ["/link"], "Mounts": [{"Source": "/srv/link"}]},
            {"Id": "d4", "Names": ["/run"], "Mounts": [{"Source": "/run"}]},
        ]).encode()
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(1)
            pid = os.fork()
            if pid == 0:
                c, _ = s.accept()
                c.recv(4096)
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) +
                          body)
                os._exit(0)
            r = audit(top, "--engine", path, "--format", "json")
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        got = sorted(e["id"] for e in json.loads(r.stdout)["findings"])
        return None if got == sorted(want) else "found %s" % got


def containers_of_a_sealed_host():
    """A folder with gate's socket in it holds the engine's, too."""
    return containers(seal, ["container-socket:container agent:/",
                             "container-socket:container link:/srv/link",
                             "container-socket:container run:/run"])


FAKE_SERVICE = r"""
#include <grp.h>
#include <nss.h>
#include <string.h>
static int at;
static char *members[] = {"lister", NULL};
static enum nss_status fill(struct group *g)
{
	g->gr_name = "engine", g->gr_passwd = "x", g->gr_gid = 4995, g->gr_mem = members;
	return NSS_STATUS_SUCCESS;
}
enum nss_status _nss_fake_setgrent(int stay) { at = 0; return NSS_STATUS_SUCCESS; }
enum nss_status _nss_fake_endgrent(void) { return NSS_STATUS_SUCCESS; }
enum nss_status _nss_fake_getgrent_r(struct group *g, char *b, size_t n, int *e)
{
	return at++ ? NSS_STATUS_NOTFOUND : fill(g);
}
enum nss_status _nss_fake_initgroups_dyn(const char *user, gid_t gid, long *start,
	long *size, gid_t **groups, long limit, int *e)
{
	if (strcmp(user, "carol") != 0)
		return NSS_STATUS_NOTFOUND;
	(*groups)[(*start)++] = 4995;
	return NSS_STATUS_SUCCESS;
}
"""
FAKE_HOST = r"""
mount -t tmpfs tmpfs /mnt && mkdir /mnt/etc && cp -r /etc/ld.so.* /mnt/etc && mount --bind /mnt/etc /etc &&
printf 'root:x:0:0::/:\nalice:x:5000:5000::/:\ncarol:x:5002:5002::/:\n' > /etc/passwd &&
printf 'root:x:0:\ndocker:x:4995:alice\n' > /etc/group &&
printf 'engine:!:admin:\n' > /etc/gshadow &&
printf 'passwd: files\ngroup: files [UNAVAIL = return] fake\n' > /etc/nsswitch.conf &&
exec "$1" audit --max-files 10 --engine none --format json
"""


def name_service():
    """One that lists a group of the same gid, and tells a user's groups to him alone."""
    with tempfile.TemporaryDirectory() as top:
        source = os.path.join(top, "fake.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(FAKE_SERVICE)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", top + "/libnss_fake.so.2", source],
                       check=True)
        r = subprocess.run(["unshare", "-m", "sh", "-c", FAKE_HOST, "sh", ARGS.gate], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           env={**os.environ, "LD_LIBRARY_PATH": top}, timeout=60)
        if r.returncode != 1 or not r.stdout:
            return "status %d: %s" % (r.returncode, r.stderr)
        got = [e["id"] for e in json.loads(r.stdout)["findings"]
               if e["kind"].startswith("group") or "nsswitch" in e["id"]]
        want = ["group-admin:admin:engine", "group-member:alice:docker",
                "group-member:carol:docker", "group-member:lister:engine",
                "unseen::/etc/nsswitch.conf"]
        return None if sorted(got) == want else "found %s" % got


def hostile_names():
    """Names of files are no escape sequences on the administrator's terminal."""
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        Host(top).file("/home/a/\x1b[2J\u202ex", "x", 0o2755, gid=DOCKER)
        r = audit(top)
        if r.returncode != 1 or "\x1b" in r.stdout or "\\x1b" not in r.stdout or (
                "\u202e" in r.stdout):
            return "printed as it is: %r" % r.stdout[:300]
    return None


def options():
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        Host(top)
        for more in (["--format", "xml"], ["--root"], ["--root", "/nonexistent"],
                     ["--max-files", "0"], ["x"], ["--policy", top + "/none"]):
            r = audit(top, *more)
            if r.returncode != 2 or not r.stderr.startswith("gate: "):
                return "%s: status %d" % (more, r.returncode)
        r = audit(top, "--max-files", "3")
        if r.returncode != 1 or "ended at its bound" not in r.stdout:
            return "a search that was cut short is not told"
    return None


def main():
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate = os.path.abspath(ARGS.gate)
    tests = [(c.__name__.replace("_", "-"), lambda c=c: one(c)) for c in CASES]
    tests += [(c.__name__.replace("_", "-"), c) for c in (
        containers, containers_of_a_sealed_host, name_service, hostile_names,
        options)]
    failed = 0
    for name, test in tests:
        name = "e2e/gate-audit/" + name
        if not re.search(ARGS.only, name):
            continue
        if os.getuid() != 0:
            print("SKIP %s: not root, files of other owners cannot be made" % name)
            continue
        failed += not attempt(name, told(test))
    return 1 if failed else 0


ARGS = None
if __name__ == "__main__":
    sys.exit(main())
