/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups, sockets and capabilities known to be as good as root, whoever has them. */
#include "gate/audit/known.h"

#include <linux/capability.h>

#include "common/cleanup.h"

static const struct known_group groups[] = {
	{"lxd", "LXD gives its group root containers"},
	{"incus-admin", "Incus gives its group root containers"},
	{"incus", "Incus gives its group containers, as root where projects let it"},
	{"libvirt", "libvirtd mounts any disk for its group"},
	{"libvirtd", "libvirtd mounts any disk for its group"},
	{"disk", "raw disks are writable to it"},
	{"kvm", "virtual machines' memory and devices"},
	{"microk8s", "MicroK8s gives its group its whole cluster"},
};

static const struct known_socket sockets[] = {
	{"/run/docker.sock", "docker", true},
	{"/run/docker/engine.sock", "docker", false},
	{"/run/seawall/engine.sock", "docker", true},
	{"/run/containerd/containerd.sock", "containerd", true},
	{"/run/docker/containerd/containerd.sock", "containerd", false},
	{"/run/containerd/containerd.sock.ttrpc", "containerd", false},
	{"/run/docker/swarm/control.sock", "swarm", false},
	{"/run/k3s/containerd/containerd.sock", "containerd", false},
	{"/run/k0s/containerd.sock", "containerd", false},
	{"/var/snap/microk8s/common/run/containerd.sock", "containerd", false},
	{"/run/podman/podman.sock", "podman", true},
	{"/run/crio/crio.sock", "crio", true},
	{"/run/cri-dockerd.sock", "cri-dockerd", false},
	{"/run/buildkit/buildkitd.sock", "buildkit", true},
	{"/var/lib/lxd/unix.socket", "lxd", false},
	{"/var/snap/lxd/common/lxd/unix.socket", "lxd", false},
	{"/var/lib/incus/unix.socket", "incus", false},
	{"/run/incus/unix.socket", "incus", false},
};

static const struct known_cap caps[] = {
	{CAP_SETGID, "cap_setgid"},
	{CAP_SETUID, "cap_setuid"},
	{CAP_DAC_OVERRIDE, "cap_dac_override"},
	{CAP_DAC_READ_SEARCH, "cap_dac_read_search"}, /* /etc/shadow, keys, disks */
	{CAP_CHOWN, "cap_chown"},
	{CAP_FOWNER, "cap_fowner"},
	{CAP_MKNOD, "cap_mknod"},
	{CAP_SETFCAP, "cap_setfcap"},
	{CAP_SYS_ADMIN, "cap_sys_admin"},
	{CAP_SYS_PTRACE, "cap_sys_ptrace"},
	{CAP_SYS_MODULE, "cap_sys_module"},
	{CAP_SYS_RAWIO, "cap_sys_rawio"},
	{CAP_BPF, "cap_bpf"},
};

const struct known_group *known_group(size_t at)
{
	return at < ARRAY_LEN(groups) ? &groups[at] : NULL;
}

const struct known_socket *known_socket(size_t at)
{
	return at < ARRAY_LEN(sockets) ? &sockets[at] : NULL;
}

const struct known_cap *known_cap(size_t at)
{
	return at < ARRAY_LEN(caps) ? &caps[at] : NULL;
}
