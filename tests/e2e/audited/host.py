# SPDX-License-Identifier: GPL-2.0-or-later
"""A file system that stands for a host, and what is in it before a case adds to it."""
import os
import socket
import struct

DOCKER = 995
PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/a:/bin/bash
bob:x:1001:1001::/home/b:/bin/bash
carol:x:1002:1002::/home/c:/bin/bash
"""
GROUP = "root:x:0:\nadm:x:4:\ndocker:x:995:\nalice:x:1000:\nbob:x:1001:\ncarol:x:1002:\n"
CONTAINER = "0123456789abcdef" * 4     # the id of one


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
