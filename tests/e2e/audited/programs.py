# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that give their group, their owner or a capability to who runs them."""
import json
import os
import struct

from audited.host import DOCKER, GROUP
from audited.registry import Cases

CASES = Cases()


@CASES.case
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


@CASES.case
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


@CASES.case
def programs_that_map_ids(h):
    """newuidmap(1) may set ids, and nothing else; reading all files is power."""
    for path, bits in (("/usr/bin/newuidmap", 1 << 7 | 1 << 6), ("/bin/newgidmap", 1 << 6 | 1 << 21),
                       ("/bin/newuidmap", 1 << 1), ("/usr/bin/tar", 1 << 2)):
        h.file(path, "x", 0o755)
        os.setxattr(h.path(path), "security.capability",
                    struct.pack("<IIIII", 0x02000001, bits, 0, 0, 0))
    return ["file-capability::%s" % x for x in ("/bin/newgidmap", "/bin/newuidmap", "/usr/bin/tar")]


@CASES.case
def programs_of_holders(h):
    """Whoever runs a setuid program is its owner."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/tmp/bobs", "x", 0o4755, uid=1001)
    h.file("/tmp/bobs-data", "x", 0o4644, uid=1001)
    h.file("/tmp/carols", "x", 0o4755, uid=1002)
    h.file("/usr/bin/su", "x", 0o4755)
    return ["+group-member:bob:docker", "setuid-file::/tmp/bobs"]


@CASES.case
def programs_of_nobody(h):
    """The socket's owner has no account, and a program has his uid."""
    h.socket("/run/docker.sock", 0o600, uid=4711)
    h.file("/tmp/his", "x", 0o4755, uid=4711)
    h.file("/tmp/another", "x", 0o4755, uid=4712)
    return ["socket-owner:uid 4711:/run/docker.sock", "setuid-file::/tmp/his"]
