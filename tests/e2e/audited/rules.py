# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of PAM modules and doas; jobs of cron and at."""
import os

from audited.host import GROUP
from audited.registry import Cases

CASES = Cases()


@CASES.case
def group_conf(h):
    h.file("/etc/security/group.conf",
           "# xsh;*;*;Al0000-2400;docker\nlogin;tty*;alice;Al0000-2400;floppy, docker\n"
           "*;*;bob;Al0000-2400;docker\nlogin;*;*;Al0000-2400;floppy\n"
           "*;*;carol;Al0000-2400;\\\n  docker\n")
    return ["group-conf:carol:/etc/security/group.conf:5",
            "group-conf:alice:/etc/security/group.conf:2",
            "+group-conf:bob:/etc/security/group.conf:3"]


@CASES.case
def comments_end_with_their_line(h):
    h.file("/etc/doas.conf", "permit nopass alice cmd ls # ends \\\n"
           "permit nopass carol cmd docker\npermit nopass alice cmd \"#x\" \\\n args docker\n")
    h.file("/etc/security/group.conf", "*;*;alice;Al0000-2400;floppy # ends \\\n"
           "*;*;carol;Al0000-2400;docker\n")
    return ["doas:carol:/etc/doas.conf:2", "doas:alice:/etc/doas.conf:3",
            "group-conf:carol:/etc/security/group.conf:2"]


@CASES.case
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


@CASES.case
def lines_of_group_conf(h):
    """A backslash joins without a blank; a comment ends what it is in."""
    h.file("/etc/security/group.conf", "*;*;carol;Al0000-2400;doc\\\nker\n"
           "*;*;bob;Al0000-2400;floppy,\\\n# none\n*;*;alice;Al0000-2400;docker\n")
    return ["group-conf:carol:/etc/security/group.conf:1",
            "group-conf:alice:/etc/security/group.conf:5"]


@CASES.case
def pam_capabilities(h):
    h.file("/etc/security/capability.conf", "# cap_setgid carol\n^cap_setgid alice @ci\n"
           "cap_net_raw,!cap_setuid carol\nnone *\ncap_net_raw,cap_setuid bob # not me\n"
           "all *\n")
    where = "/etc/security/capability.conf:"
    return ["pam-capability:alice:%s2" % where, "pam-capability:%%ci:%s2" % where,
            "+pam-capability:bob:%s5" % where, "pam-capability:*:%s6" % where]


@CASES.case
def pam_capabilities_otherwise(h):
    """In any case, by number, and behind what looks like a comment."""
    h.file("/etc/security/capability.conf", "CAP_SetUid alice\n7 carol\n^0x15,12 alice\n"
           "013 carol\n cap_chown nobody # but carol\nAll alice\ncap_chown #carol\n"
           "!7 alice\n12 alice\n7x alice\ncap_dac_read_search carol\n")
    where = "/etc/security/capability.conf:"
    return ["pam-capability:alice:%s1" % where, "pam-capability:carol:%s2" % where,
            "pam-capability:alice:%s3" % where, "pam-capability:nobody:%s5" % where,
            "pam-capability:carol:%s5" % where, "pam-capability:alice:%s6" % where,
            "pam-capability:carol:%s11" % where]


@CASES.case
def doas(h):
    h.file("/etc/doas.conf", "permit persist :wheel\n"
           "permit nopass carol cmd /usr/bin/docker args ps\n"
           "permit setenv { A=b -C } :ops as root cmd docker\ndeny alice cmd docker\n"
           "permit nopass \\\n  alice cmd \\\n \"docker\" # yes\n"
           "permit alice cmd ls # not docker\n")
    h.file("/etc/doas.d/a.conf", "permit nopass carol cmd buildah\n")
    return ["doas:carol:/etc/doas.d/a.conf:1", "doas:carol:/etc/doas.conf:2", "+doas:%ops:/etc/doas.conf:3",
            "doas:alice:/etc/doas.conf:5"]


@CASES.case
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


@CASES.case
def jobs_that_links_lead_to(h):
    """As cron(8) has it for /etc/cron.d; from --root links lead into it."""
    h.file("/srv/jobs/a", "1 1 * * * carol docker ps\n")
    h.folder("/etc/cron.d/folder")
    for name, target in (("up", "../../srv/jobs/a"), ("down", "/srv/jobs/a"), ("none", "/srv/x"),
                         ("dir", "/srv/jobs"), ("round", "round")):
        os.symlink(target, h.path("/etc/cron.d/" + name))
    return ["cron:carol:/etc/cron.d/up:1", "cron:carol:/etc/cron.d/down:1",
            "unseen::/etc/cron.d/round"]


@CASES.case
def jobs_whose_group_is_not_told(h):
    """atd reads the second line alone; what follows is the user's own."""
    where = "/var/spool/cron/atjobs/"
    h.file(where + "a", "#!/bin/sh\n# atrun uid=1000\n# atrun uid=1000 gid=1000\nid\n", uid=1000)
    h.file(where + "b", "#!/bin/sh\n# atrun uid=1000 gid=995\n# atrun uid=1000 gid=1\n", uid=1000)
    h.file(where + "c", "#!/bin/sh\n# atrun uid=1000 gid=x\ndocker ps\n", uid=1000)
    h.file(where + "d", "", uid=1000)
    h.file(where + "e", "#!/bin/sh\n")
    return ["unseen::%sa" % where, "at-job:alice:%sb:1" % where, "at-job:alice:%sc:1" % where,
            "unseen::%sc" % where, "unseen::%sd" % where]
