# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of file: what a host has that nobody need act on, links, long lines."""
import os

from audited.host import GROUP
from audited.registry import Cases

CASES = Cases()


@CASES.case
def nothing(h):
    h.folder("/var/lib/docker", 0o710)
    h.process(7, "bash", 1000, [1000] * 4, [1000])
    h.file("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n")
    return []


@CASES.case
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


@CASES.case
def links_stay_inside(h):
    os.remove(h.path("/etc/group"))
    os.symlink("/../../../../../../etc/made-up-group", h.path("/etc/group"))
    h.file("/etc/made-up-group", "docker:x:995:alice\n")
    return ["group-member:alice:docker"]
