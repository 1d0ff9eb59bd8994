# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that hold a group with power now."""
from audited.host import CONTAINER, DOCKER, GROUP, PASSWD
from audited.registry import Cases

CASES = Cases()


@CASES.case
def processes(h):
    h.process(10, "bash", 1000, [1000] * 4, [4, DOCKER])
    h.process(11, "vi", 1000, [1000] * 4, [DOCKER])
    h.process(12, "newgrp", 1002, [1002, 1002, DOCKER, 1002])
    h.process(13, "postgres", 999, [DOCKER] * 4, [],
              "0::/system.slice/docker-%s.scope\n" % CONTAINER)
    h.process(14, "dockerd", 0, [0] * 4, [DOCKER])
    h.process(15, "sh", 1001, [1001] * 4, [DOCKER])
    return ["process:alice:gid 995", "process:carol:gid 995", "+process:bob:gid 995"]


@CASES.case
def no_hiding_in_a_cgroup(h):
    """Users name the cgroups below their own as they like."""
    h.process(40, "sh", 1000, [1000] * 4, [DOCKER],
              "0::/user.slice/user-1000.slice/user@1000.service/docker-0123.scope\n")
    h.process(41, "sh", 1002, [1002] * 4, [DOCKER],
              "0::/system.slice/docker-%s.scope\n" % ("0123456789abcdef" * 4))
    return ["process:alice:gid 995"]


@CASES.case
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


@CASES.case
def threads(h):
    """Ids are a thread's own: the first one may have dropped what another holds."""
    h.process(50, "x", 1000, [1000] * 4, [])
    h.file("/proc/50/task/50/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n"
           "Gid:\t1000\t1000\t1000\t1000\nGroups:\t \n")
    h.file("/proc/50/task/51/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n"
           "Gid:\t1000\t995\t1000\t1000\nGroups:\t \n")
    return ["process:alice:gid 995"]


@CASES.case
def processes_at_other_sockets(h):
    h.socket("/run/containerd/containerd.sock", 0o660, gid=700)
    h.file("/etc/group", GROUP + "kvm:x:36:\n")
    h.process(10, "sh", 1000, [1000] * 4, [700])
    h.process(11, "qemu", 1002, [1002] * 4, [36])
    return ["process:alice:gid 700"]
