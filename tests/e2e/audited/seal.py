# SPDX-License-Identifier: GPL-2.0-or-later
"""gate before the engine's socket, and what undoes that."""
import json
import os

from audited.host import CONTAINER, DOCKER, GROUP
from audited.registry import Cases

CASES = Cases()


def seal(h, held_by=(1, "systemd"), drop_in=True, service=True):
    """gate's units as conf/ has them, and who holds the socket that users see."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../conf/systemd")
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


@CASES.case
def sealed(h):
    seal(h)
    return []


@CASES.case
def sealed_and_used(h):
    seal(h, (77, "gate"))
    return []


@CASES.case
def seal_broken(h):
    """Both units want the path, or the engine has it."""
    seal(h, drop_in=False)
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_lost(h):
    seal(h, (78, "dockerd"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_over_a_removed_socket(h):
    """gate still holds what was there before, and the engine what is there now."""
    seal(h, (77, "gate"))
    with open(h.path("/proc/net/unix"), "a", encoding="utf-8") as f:
        f.write("0: 00000002 00000000 00010000 0001 01 4712 /run/docker.sock\n")
    h.process(78, "dockerd", 0, [0] * 4)
    os.makedirs(h.path("/proc/78/fd"))
    os.symlink("socket:[4712]", h.path("/proc/78/fd/3"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_shared(h):
    """Somebody else holds the socket, too, and may take its connections."""
    seal(h, (77, "gate"))
    h.process(79, "socat", 0, [0] * 4)
    os.makedirs(h.path("/proc/79/fd"))
    os.symlink("socket:[4711]", h.path("/proc/79/fd/3"))
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_after_the_next_start(h):
    """gate has the socket now, and a unit gives it to the engine again."""
    seal(h, (77, "gate"), drop_in=False)
    return ["unsealed::/run/docker.sock"]


@CASES.case
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
    return ["unsealed::docker.service",
            "socket-others:everyone:/run/seawall/engine.sock",
            "unsealed::/run/seawall/engine.sock", "other-group:carol:/etc/passwd:carol",
            "tcp-plain:everyone:/etc/systemd/system/docker.service.d/tcp.conf:3",
            "unsealed::/run/second.sock", "unsealed::/run/third.sock",
            "group-member:alice:docker"]


@CASES.case
def seal_by_another_program(h):
    """gate's units run something else."""
    seal(h)
    h.file("/etc/systemd/system/seawall-gate.service",
           "[Service]\nExecStart=/usr/bin/socat - UNIX:/x\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_without_a_service(h):
    """Whatever comes to be started for the socket: nothing says that it is gate."""
    seal(h, service=False)
    h.file("/etc/systemd/system/seawall-gate.service", "[Service]\nUser=root\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def seal_without_an_engine(h):
    """gate's socket is there, and the one behind it is who knows where."""
    seal(h)
    os.remove(h.path("/run/seawall/engine.sock"))
    return ["unseen::/run/docker.sock"]


@CASES.case
def seal_that_is_not_seen_whole(h):
    """Who else holds the socket cannot be told; a socket that cannot be looked at."""
    seal(h, (77, "gate"))
    h.process(80, "x", 0, [0] * 4)
    os.symlink("fd", h.path("/proc/80/fd"))
    os.makedirs(h.path("/run/podman"))
    os.symlink("podman.sock", h.path("/run/podman/podman.sock"))
    return ["unseen::/run/docker.sock", "unseen::/run/podman/podman.sock"]


@CASES.case
def seal_for_another_service(h):
    seal(h)
    h.file("/etc/systemd/system/seawall-gate.socket.d/a.conf",
           "[Socket]\nService=docker.service\n")
    return ["socket-others:everyone:/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def device_nodes(h):
    """Who unpacks images makes none: as conf/ has it, and what only looks like it."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../conf/systemd")
    with open(os.path.join(here, "docker.service.d/seawall.conf"), encoding="utf-8") as f:
        closed = f.read()
    seal(h)
    for name, drop_in in (
            ("docker", closed), ("containerd", closed),
            ("listed", "[Service]\nDeviceAllow=char-* rw\n"),
            ("strict", "[Service]\nDevicePolicy=closed\nDevicePolicy=strict\n"),
            ("open", "[Service]\nDevicePolicy=closed\nDevicePolicy=auto\n"),
            ("made", "[Service]\nDevicePolicy=closed\nDeviceAllow=/dev/sda rwm\n"),
            ("all", "[Service]\nDevicePolicy=closed\nDeviceAllow=/dev/sda\n"),
            ("back", "[Service]\nDevicePolicy=closed\nDeviceAllow=/dev/sda rwm\n"
             "DeviceAllow=\n"),
            ("none", "[Service]\nDeviceAllow=char-* rw\nDeviceAllow=\n"),
            # What systemd cannot read it ignores.
            ("wrong", "[Service]\nDeviceAllow=sda rw\nDeviceAllow=/dev/sda rwx\n"
             "DeviceAllow=char-* r w\n"),
            ("quoted", "[Service]\nDevicePolicy=closed\nDeviceAllow=\"/dev/a b\"\n"),
            ("quoted-rw", "[Service]\nDeviceAllow=\"/dev/ m\" rw\n"),
            # What runs at last: prefixes, shells, what a drop-in takes back.
            ("prefixed", ""), ("shell", ""), ("at", ""), ("argument", ""),
            ("gone", "[Service]\nExecStart=\nExecStart=/bin/true\n"),
            ("come", "[Service]\nExecStart=\nExecStart=-/opt/containerd\n"),
            ("relay", "")):
        program = {"docker": "/usr/bin/dockerd -H fd://", "come": "/bin/true",
                   "relay": "/usr/bin/socat - UNIX-CONNECT:/run/seawall/engine.sock",
                   "prefixed": "-:+containerd", "at": "@/usr/bin/containerd engine",
                   "shell": "/bin/sh -c 'sleep 1; exec dockerd'",
                   "argument": "/usr/bin/web --after containerd.service /run/containerd.sock"}
        h.file("/usr/lib/systemd/system/%s.service" % name,
               "[Service]\nExecStart=%s\n" % program.get(name, "/usr/bin/containerd"))
        h.file("/etc/systemd/system/%s.service.d/seawall.conf" % name, drop_in)
    return ["unsealed::%s.service" % x for x in (
        "open", "made", "all", "none", "wrong", "quoted", "prefixed", "shell", "at", "come")]


@CASES.case
def device_nodes_of_a_script(h):
    """Under the usual names whatever is run may run the engine."""
    seal(h)
    h.file("/usr/lib/systemd/system/docker.service", "[Service]\nExecStart=/opt/start\n")
    h.file("/usr/lib/systemd/system/containerd.service",
           "[Service]\nDevicePolicy=strict\nExecStart=/opt/start\n")
    h.file("/usr/lib/systemd/system/podman.service", "[Service]\nExecStart=/opt/start\n")
    return ["unsealed::docker.service"]


@CASES.case
def device_nodes_of_processes(h):
    """By the unit whose cgroup they are in: a script's, one not read, none, a container's."""
    seal(h)
    for name, drop_in in (("script", ""), ("closed", "DevicePolicy=closed\n")):
        h.file("/usr/lib/systemd/system/%s.service" % name,
               "[Service]\n%sExecStart=/opt/start\n" % drop_in)
    for pid, comm, uid, cgroup in (
            (101, "dockerd", 0, "0::/system.slice/script.service\n"),
            (102, "dockerd", 0, "1:name=systemd:/system.slice/closed.service/x\n0::/\n"),
            (103, "dockerd", 0, "0::/user.slice/user-0.slice/session-1.scope\n"),
            (104, "dockerd", 0, "0::/\n"),
            (105, "containerd", 0, "0::/system.slice/gone.service\n"),
            (106, "dockerd", 0, "0::/system.slice/docker-%s.scope\n" % CONTAINER),
            (107, "dockerd", 1000, "0::/user.slice/x.scope\n"),
            (108, "socat", 0, "0::/\n")):
        h.process(pid, comm, uid, [uid] * 4, cgroup=cgroup, cmdline="/usr/bin/%s\0" % comm)
    return ["unsealed::script.service", "unsealed::dockerd",
            "unseen::process 105 (containerd)"]
