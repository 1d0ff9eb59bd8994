/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames handed to the kernel as if an interface had just received them. */
#include "netmon/confirm/inject.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Effective capabilities as one mask; 0 when they cannot be read. */
static uint64_t capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

const char *inject_missing(void)
{
	static const char *const names[8] = {NULL, "CAP_BPF", "CAP_NET_ADMIN",
		"CAP_BPF, CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF, CAP_NET_RAW",
		"CAP_NET_ADMIN, CAP_NET_RAW", "CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW"};
	const uint64_t have = capabilities();
	const uint64_t bpf_or_admin = 1ULL << CAP_BPF | 1ULL << CAP_SYS_ADMIN;
	unsigned int lacks = 0;

	if (!(have & bpf_or_admin))
		lacks |= 1;
	if (!(have & 1ULL << CAP_NET_ADMIN))
		lacks |= 2;
	if (!(have & 1ULL << CAP_NET_RAW))
		lacks |= 4;
	return names[lacks];
}

/* return @verdict */
static int load(int verdict)
{
	static const char license[] = "GPL";
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = pointer(code);
	attr.insn_cnt = ARRAY_LEN(code);
	attr.license = pointer(license);
	memcpy(attr.prog_name, "seawall_probe", sizeof("seawall_probe"));
	long fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : (int)fd; /* O_CLOEXEC: all of bpf()'s are */
}

static int run_live(int program, int ifindex, const uint8_t *frame, size_t len)
{
	struct xdp_md context = {
		.data_end = (uint32_t)len, .ingress_ifindex = (uint32_t)ifindex};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	attr.test.data_in = pointer(frame);
	attr.test.data_size_in = (uint32_t)len;
	attr.test.ctx_in = pointer(&context);
	attr.test.ctx_size_in = sizeof(context);
	attr.test.repeat = 1;
	attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	attr.test.batch_size = 1;
	return bpf(BPF_PROG_TEST_RUN, &attr) < 0 ? -errno : 0;
}

/* A program that drops says whether live frames are known, and sends nothing. */
static int try_live(struct err *err)
{
	static const uint8_t frame[60];
	_cleanup_(cleanup_close) int program = load(XDP_DROP);
	int rc = program < 0 ? program : run_live(program, 1, frame, sizeof(frame));

	if (rc == 0)
		return 0;
	if (rc == -EINVAL)
		return err_set(err, -EOPNOTSUPP,
			"this kernel does not inject frames (Linux 5.18 and later "
			"do): probing is not possible");
	return err_errno(err, rc, "run the probe's BPF program");
}

int inject_open(struct injector *ret_injector, struct err *err)
{
	const char *missing = inject_missing();

	if (missing)
		return err_set(err, -EPERM,
			"probing needs %s: run as root, or give them to netmon with "
			"setcap or systemd's AmbientCapabilities",
			missing);
	int program = load(XDP_PASS);
	if (program == -ENOSYS)
		return err_set(err, -EOPNOTSUPP, "this kernel was built without BPF");
	if (program == -EPERM)
		return err_set(err, program,
			"the kernel refuses BPF programs here: CAP_BPF and "
			"CAP_NET_ADMIN must be held outside any user namespace");
	if (program < 0)
		return err_errno(err, program, "load the probe's BPF program");
	int rc = try_live(err);
	if (rc < 0) {
		(void)close(program);
		return rc;
	}
	ret_injector->program = program;
	return 0;
}

void inject_close(struct injector *injector)
{
	if (injector->program >= 0)
		(void)close(injector->program);
	injector->program = -1;
}

int inject_frame(const struct injector *injector, int ifindex, const uint8_t *frame,
	size_t len, struct err *err)
{
	int rc = run_live(injector->program, ifindex, frame, len);

	if (rc < 0)
		return err_errno(err, rc, "inject a frame on interface %d", ifindex);
	return 0;
}
