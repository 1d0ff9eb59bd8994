# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that is booted: systemd as process 1, and what it starts.

Within the namespaces of lab.py (call its enter() first). The machine's root is this one's
with a layer of its own over it, so that all packages are there and nothing that it writes
stays: units, /etc and /var are its own. Its reboot(2) ends its process 1, as it ends a
container, and boot() starts the next one on the same disk.

Not as on a real machine: /sys and /proc/sys are read-only (but for the network's), as
systemd-nspawn has them, and cgroups have those controllers only that this host leaves to
the unified hierarchy.
"""
import os
import shutil
import subprocess

import lab as world
from lab import run

TOP = world.RUN + "/machine"
ROOT = TOP + "/root"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# A root of its own and its kernel file systems, then process 1 in the place of the shell.
START = r"""
set -eu
cd "$1"
mount --make-rprivate /
mount --rbind . . && cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
	: >dev/$name
	mount --bind /dev/$name dev/$name
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
hostname sealed
pivot_root . mnt
umount -l /mnt
exec env -i container=seawall-lab "PATH=$2" /lib/systemd/systemd --system
"""


def missing():
    """Why no machine can be booted here, or None."""
    why = world.missing()
    if why:
        return why
    for path, package in (("/lib/systemd/systemd", "systemd"),
                          ("/usr/bin/dbus-daemon", "dbus"),
                          ("/usr/lib/pam.d/systemd-user", "libpam-systemd"),
                          ("/usr/lib/systemd/user/dbus.socket", "dbus-user-session"),
                          ("/lib/systemd/system/docker.service", "docker.io")):
        if not os.path.exists(path):
            return package + " is not installed"
    return None


class CannotBoot(Exception):
    """No machine comes up here at all: no fault of what is tested."""


class Machine:
    """One disk, and the process 1 that runs on it."""
    def __init__(self):
        self.init, self.pid, self.boots = None, None, 0
        for name in ("upper", "work", "root"):
            os.makedirs("%s/%s" % (TOP, name))
        os.chmod(TOP + "/upper", 0o755)
        try:
            run("mount", "-t", "overlay", "-o",
                "lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (TOP, TOP), "overlay",
                ROOT)
        except RuntimeError as e:
            raise CannotBoot(str(e)) from None
        self.fresh()

    def path(self, path):
        return ROOT + path

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(path), mode)

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as f:
            return f.read()

    def fresh(self):
        """As Debian installs it, whatever this host's administrator has set up."""
        for place in ("/etc/systemd/system", "/etc/docker", "/etc/seawall",
                      "/var/lib/docker", "/var/lib/seawall", "/var/log/journal",
                      *("/etc/rc%s.d" % level for level in "0123456S")):
            shutil.rmtree(self.path(place), ignore_errors=True)
        os.makedirs(self.path("/etc/systemd/system"))
        for place in ("/proc", "/sys", "/run", "/tmp", "/dev", "/mnt"):
            os.makedirs(self.path(place), exist_ok=True)
        self.write("/etc/machine-id", "")
        self.write("/etc/fstab", "")
        self.write("/etc/nsswitch.conf", "passwd: files systemd\ngroup: files systemd\n"
                   "shadow: files\ngshadow: files\nhosts: files\n")
        self.write("/etc/docker/daemon.json",
                   '{"storage-driver": "vfs", "bip": "10.199.0.1/24"}')
        # No module may be loaded for a test.
        self.chroot("systemctl", "mask", "systemd-modules-load.service",
                    "modprobe@.service", "kmod-static-nodes.service",
                    "systemd-udevd.service")

    def chroot(self, *command):
        """While it is not running."""
        return run("chroot", ROOT, "env", "-i", "PATH=" + PATH, *command)

    def boot(self, seconds=60):
        self.boots += 1
        group = "/sys/fs/cgroup/boot%d" % self.boots
        os.mkdir(group)
        with open(TOP + "/console", "ab") as console:
            self.init = subprocess.Popen(
                ["sh", "-c", 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', "sh", group,
                 "unshare", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--fork",
                 "--kill-child=KILL", "sh", "-c", START, "sh", ROOT, PATH],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                preexec_fn=world.die_with_parent)
        world.wait_for("process 1", self.find_init, seconds)
        world.wait_for("the end of booting", self.is_up, seconds)

    def first_boot(self):
        """Before anything of ours is on it."""
        try:
            self.boot()
        except RuntimeError as e:
            raise CannotBoot(str(e)) from None

    def find_init(self):
        if self.init.poll() is not None:
            with open(TOP + "/console", encoding="utf-8", errors="replace") as f:
                raise RuntimeError("process 1 ended: " + f.read()[-500:].strip())
        with open("/proc/%d/task/%d/children" % ((self.init.pid,) * 2),
                  encoding="ascii") as f:
            children = f.read().split()
        if not children:
            return False
        with open("/proc/%s/comm" % children[0], encoding="ascii") as f:
            self.pid = int(children[0])
            return f.read() == "systemd\n"

    def is_up(self):
        status, out = self.sh("systemctl is-system-running")
        return out.strip() in ("running", "degraded")

    def sh(self, script, user=None, seconds=60, data=None, cwd="/"):
        """Status and output of a shell script in there; of a user: without a session."""
        if not os.path.exists("/proc/%d/ns/mnt" % self.pid):
            return 255, "the machine is down"
        switch = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] \
            if user else []
        r = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--pid",
             "--cgroup", "--root", "--wd", "env", "-i", "PATH=" + PATH, "TERM=dumb",
             "HOME=" + ("/home/" + user if user else "/root"), *switch, "sh", "-c",
             "cd %s && { %s\n}" % (cwd, script)],
            input=data, stdin=subprocess.DEVNULL if data is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=seconds)
        return r.returncode, r.stdout.decode("utf-8", "replace")

    def must(self, script, **how):
        status, out = self.sh(script, **how)
        if status != 0:
            raise RuntimeError("%s: status %d: %s" % (script, status, out.strip()[-800:]))
        return out

    def reboot(self):
        """Ordered, as an administrator does it."""
        self.sh("systemctl reboot")
        self.init.wait(90)
        self.boot()

    def crash(self):
        """The power fails."""
        self.init.kill()
        self.init.wait()

    def off(self):
        if self.init and self.init.poll() is None:
            self.crash()
