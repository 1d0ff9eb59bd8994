/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that can do nothing but carry bytes between descriptors it has. */
#include "gate/serve/confine.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cap-ng.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "gate/parent.h"

enum {
	NOBODY = 65534,
	MAX_MEMORY = 256 * 1024 * 1024,
	MAX_FDS = 16,
};

/* What glibc, the relay and the filter need. */
static const int allowed_calls[] = {
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),
	SCMP_SYS(shutdown),
	SCMP_SYS(time),
	SCMP_SYS(write),
};

/* Memory that could be executed is not to be had. */
static int allow_memory(scmp_filter_ctx filter)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

/* Descriptors come from the broker, and none from a caller. An int is 32 bits of it. */
static int allow_passing(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, CONFINE_BROKER));
}

static int export_program(scmp_filter_ctx filter, struct sock_fprog *ret_program)
{
	_cleanup_(cleanup_close) int fd = memfd_create("filter", MFD_CLOEXEC);
	_cleanup_(cleanup_free) struct sock_filter *code = NULL;
	struct stat st;

	if (fd < 0)
		return -errno;
	int rc = seccomp_export_bpf(filter, fd);
	if (rc < 0)
		return rc;
	if (fstat(fd, &st) < 0)
		return -errno;
	size_t size = (size_t)st.st_size;
	if (size == 0 || size / sizeof(*code) > BPF_MAXINSNS)
		return -E2BIG;
	code = malloc(size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, size, 0) != (ssize_t)size)
		return -EIO;
	ret_program->len = (unsigned short)(size / sizeof(*code));
	ret_program->filter = TAKE_PTR(code);
	return 0;
}

/* 1 or 0: whether it is in the bounding set; -EINVAL: the kernel knows none such. */
static int is_bound(unsigned long cap)
{
	int value = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

	return value < 0 ? -errno : value;
}

int confinement_give_up_bounds(struct err *err)
{
	unsigned long cap = 0;
	int rc;

	while ((rc = is_bound(cap)) >= 0) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_errno(err, -errno, "give up capability %lu", cap);
		cap++;
	}
	return rc == -EINVAL && cap > 0
		       ? 0
		       : err_errno(err, rc, "look at capability %lu", cap);
}

int confinement_prepare(struct confinement *ret, struct err *err)
{
	/* Other architectures' calls, x32's included, end the process, too. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter ? 0 : -ENOMEM;

	*ret = (struct confinement){0};
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(allowed_calls); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	if (rc == 0)
		rc = allow_memory(filter);
	if (rc == 0)
		rc = allow_passing(filter);
	if (rc == 0)
		rc = export_program(filter, &ret->program);
	if (filter)
		seccomp_release(filter);
	return rc < 0 ? err_errno(err, rc, "make the system call filter") : 0;
}

void confinement_done(struct confinement *confinement)
{
	free(confinement->program.filter);
	*confinement = (struct confinement){0};
}

static int limit(struct err *err)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_AS, MAX_MEMORY},
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_NOFILE, MAX_FDS},
		{RLIMIT_NPROC, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit value = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].resource, &value) < 0)
			return err_errno(err, -errno, "limit a process");
	}
	return 0;
}

static bool has_bounds(void)
{
	unsigned long cap = 0;
	int rc;

	while ((rc = is_bound(cap)) == 0)
		cap++;
	return rc != -EINVAL || cap == 0;
}

/* As the kernel has it: what libcap-ng was told to set is not asked. */
static bool has_capabilities(void)
{
	return capng_get_caps_process() != 0 ||
	       capng_have_capabilities(CAPNG_SELECT_ALL) != CAPNG_NONE;
}

int confine(const struct confinement *confinement, pid_t parent, struct err *err)
{
	if (limit(err) < 0)
		return -EPERM;
	capng_clear(CAPNG_SELECT_BOTH);
	int rc = capng_change_id(NOBODY, NOBODY, CAPNG_DROP_SUPP_GRP);
	if (rc != 0)
		return err_set(
			err, -EPERM, "give up capabilities: libcap-ng says %d", rc);
	/* Believe nothing: root must be out of reach. */
	if (getuid() != NOBODY || geteuid() != NOBODY || getgid() != NOBODY ||
		setuid(0) == 0 || has_bounds() || has_capabilities())
		return err_set(err, -EPERM, "capabilities are still there");
	/* Only now: the new uid would undo it. */
	rc = parent_die_with(parent);
	if (rc < 0)
		return err_errno(err, rc, "end with the parent process");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, -errno, "confine a process");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &confinement->program) <
		0)
		return err_errno(err, -errno, "confine a process");
	return 0;
}
