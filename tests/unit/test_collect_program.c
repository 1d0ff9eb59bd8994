/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eBPF programs that take packets before the rules do are seen. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <cmocka.h>

#include "collect_made.h"

enum { ATTACH_TCX_INGRESS = 46, ATTACH_TCX_EGRESS = 47 };

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A program that returns @result; -1 with errno where the kernel has no such type. */
static int load(uint32_t type, uint32_t attach_type, int32_t result)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = result},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insn_cnt = 2,
		.insns = (uintptr_t)insns,
		.license = (uintptr_t) "GPL",
		.expected_attach_type = attach_type,
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

/* Attached as long as the descriptor that is returned is open. */
static int attach(uint32_t type, uint32_t attach_type, int32_t result, int target)
{
	union bpf_attr attr = {0};
	int program, fd;

	made_need_netns();
	program = load(type, attach_type, result);
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t)target;
	attr.link_create.attach_type = attach_type;
	fd = program < 0 ? -1 : bpf(BPF_LINK_CREATE, &attr);
	if (fd < 0) {
		print_message("SKIP: this kernel attaches no such program: %s\n",
			strerror(errno));
		skip();
	}
	close(program);
	return fd;
}

static bool is_noted(const struct facts *facts, const char *code, const char *where)
{
	for (size_t i = 0; i < facts->nnotes; i++) {
		if (strcmp(facts->notes[i].code, code) == 0 &&
			strcmp(facts->notes[i].where, where) == 0)
			return facts->notes[i].hides;
	}
	return false;
}

/* Whether @code is noted at @where now, and was not or is not without the program. */
static void check_note(int link, const char *code, const char *where)
{
	struct facts *facts = made_facts_of_host();

	assert_true(is_noted(facts, code, where));
	facts_free(facts);
	close(link);
	facts = made_facts_of_host();
	assert_false(is_noted(facts, code, where));
	facts_free(facts);
}

/* Two links; the index of the one to which programs are attached. */
static int make_v0(void)
{
	made_need_netns();
	made_run("ip link add v0 index 77 type veth peer name v1");
	return 77;
}

static void test_xdp(void **state)
{
	(void)state;
	int link = attach(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS, make_v0());
	struct facts *facts = made_facts_of_host();

	assert_true(netns_link_named(facts->host, "v0")->xdp);
	assert_false(netns_link_named(facts->host, "v1")->xdp);
	facts_free(facts);
	check_note(link, "xdp-program", "v0");
}

static void test_tcx(void **state)
{
	(void)state;
	int link = attach(BPF_PROG_TYPE_SCHED_CLS, ATTACH_TCX_INGRESS, -1, make_v0());
	struct facts *facts = made_facts_of_host();

	assert_true(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_false(netns_link_named(facts->host, "v1")->tc_ingress);
	facts_free(facts);
	check_note(link, "tc-ingress", "v0");
}

static void test_tcx_of_what_leaves(void **state)
{
	(void)state;
	int link = attach(BPF_PROG_TYPE_SCHED_CLS, ATTACH_TCX_EGRESS, -1, make_v0());
	struct facts *facts = made_facts_of_host();

	assert_true(netns_link_named(facts->host, "v0")->tc_egress);
	assert_false(netns_link_named(facts->host, "v0")->tc_ingress);
	facts_free(facts);
	check_note(link, "tc-egress", "v0");
}

static void test_socket_lookup(void **state)
{
	int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int link = attach(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 1, netns);

	(void)state;
	close(netns);
	check_note(link, "bpf-sk-lookup", "host");
}

#define TEST(name) cmocka_unit_test_setup(name, made_netns)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_xdp),
		TEST(test_tcx),
		TEST(test_tcx_of_what_leaves),
		TEST(test_socket_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
