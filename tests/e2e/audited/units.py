# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd's units: how they are put together, and whose groups they give."""
import os

from audited.registry import Cases

CASES = Cases()


@CASES.case
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
    return ["unsealed::docker.service",
            "tcp-unverified:everyone:/usr/lib/systemd/system/docker.service:2",
            "unit:carol:/etc/systemd/system/ci.service:3",
            "+unit:bob:/etc/systemd/system/web.service.d/x.conf:2",
            "unit:dyn.service:/etc/systemd/system/dyn.service:3",
            "unsealed::/run/docker.sock"]


@CASES.case
def unit_lines_go_on(h):
    """A backslash at the end; comments and empty lines within, systemd.syntax(7)."""
    where = "/etc/systemd/system/"
    h.file(where + "docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n"
           "# or\n    --tls=true \\\n    -H tcp://10.0.0.1:2376\n")
    h.file(where + "ci.service", "[Service]\nUser=carol\nSupplementaryGroups=adm \\\n"
           "; not docker\n  docker\n")
    return ["unsealed::docker.service",
            "tcp-unverified:everyone:/etc/systemd/system/docker.service:2",
            "unit:carol:/etc/systemd/system/ci.service:3"]


@CASES.case
def unit_groups_taken_back(h):
    where = "/etc/systemd/system/"
    h.file(where + "a.service", "[Service]\nUser=carol\nSupplementaryGroups=docker\n"
           "Group=docker\n")
    h.file(where + "a.service.d/x.conf", "[Service]\nSupplementaryGroups=\nGroup=carol\n")
    h.file(where + "b.service", "[Service]\nUser=carol\nGroup=docker\n")
    h.file(where + "b.service.d/x.conf", "[Service]\nSupplementaryGroups=\n")
    return ["unit:carol:/etc/systemd/system/b.service:3"]


@CASES.case
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


@CASES.case
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


@CASES.case
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


@CASES.case
def booleans_of_systemd(h):
    """Whatever the case of their letters."""
    where = "/etc/systemd/system/"
    want = []
    for i, yes in enumerate(("Yes", "TRUE", "oN", "T", "Y", "1")):
        h.file("%sdyn%d.service" % (where, i), "[Service]\nDynamicUser=%s\nGroup=docker\n" % yes)
        want.append("unit:dyn%d.service:%sdyn%d.service:3" % (i, where, i))
    h.file(where + "not.service", "[Service]\nDynamicUser=No\nGroup=docker\n")
    return want
