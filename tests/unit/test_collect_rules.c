/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules and sets: what was loaded with the usual tools is what is collected. */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cmocka.h>

#include "collect_made.h"

/* Counts the messages of one type; the blob must be whole messages. */
static size_t count_messages(const struct blob *nft, uint16_t type)
{
	size_t count = 0, off = 0;

	while (off < nft->len) {
		const struct nlmsghdr *message = (const void *)(nft->data + off);

		assert_true(nft->len - off >= sizeof(*message));
		assert_true(message->nlmsg_len >= sizeof(*message) &&
			    message->nlmsg_len <= nft->len - off);
		assert_int_equal(message->nlmsg_type >> 8, NFNL_SUBSYS_NFTABLES);
		count += (message->nlmsg_type & 0xff) == type;
		off += NLMSG_ALIGN(message->nlmsg_len);
	}
	return count;
}

static void test_nft(void **state)
{
	(void)state;
	made_need_netns();
	made_run("nft 'table ip a { set s { type ipv4_addr; elements = { 10.0.0.1, "
		 "10.0.0.2 "
		 "} };"
		 "map m { type inet_service : verdict; elements = { 1 : accept }; };"
		 "counter c { };"
		 "chain x { type filter hook input priority 0; ip saddr @s drop;"
		 "tcp dport { 1, 2 } accept; tcp dport vmap @m; counter name c; }; };"
		 "table inet b { chain y { tcp dport 80 accept; }; };"
		 "table bridge c { chain z { }; }'");
	struct facts *facts = made_facts_of_host();
	const struct blob *nft = &facts->host->nft;

	assert_true(facts->host->rules_known);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWGEN), 1);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWTABLE), 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWCHAIN), 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWRULE), 5);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWSET), 3);
	/* At least one a set; some kernels send an empty one more. */
	assert_true(count_messages(nft, NFT_MSG_NEWSETELEM) >= 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWOBJ), 1);
	facts_free(facts);
}

/* Rules that are replaced all the time, 200 by 200, never come as another number. */
static void test_nft_consistent(void **state)
{
	char path[] = "/tmp/test-collect-XXXXXX";
	size_t whole = 0;

	(void)state;
	made_need_netns();
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	dprintf(fd, "table ip a { chain x { } \n}\nflush chain ip a x\ntable ip a "
		    "{\nchain x {\n");
	for (int i = 0; i < 200; i++)
		dprintf(fd, "tcp dport %d accept\n", i + 1);
	dprintf(fd, "}\n}\n");
	close(fd);
	pid_t child = fork();
	if (child == 0) {
		char command[128];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(command, sizeof(command), "nft -f %s", path);
		for (;;)
			(void)!system(command);
	}
	while (!made_works("nft list chain ip a x"))
		usleep(1000);
	for (int i = 0; i < 100; i++) {
		struct facts *facts = made_facts_of_host();

		if (!made_note(facts, "nft-changing")) {
			assert_int_equal(
				count_messages(&facts->host->nft, NFT_MSG_NEWRULE),
				200);
			whole++;
		}
		facts_free(facts);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(path);
	assert_true(whole > 0);
}

static const struct legacy_table *find_table(
	const struct netns *netns, enum family family, const char *name)
{
	for (size_t i = 0; i < netns->nlegacy; i++) {
		if (netns->legacy[i].family == family &&
			strcmp(netns->legacy[i].name, name) == 0)
			return &netns->legacy[i];
	}
	return NULL;
}

static void test_legacy(void **state)
{
	(void)state;
	made_need_netns();
	if (!made_works("iptables-legacy -A INPUT -p tcp --dport 23 -j DROP")) {
		print_message("SKIP: no iptables-legacy in this kernel\n");
		skip();
	}
	struct facts *facts = made_facts_of_host();
	const struct legacy_table *filter =
		find_table(facts->host, FAMILY_IP4, "filter");

	assert_non_null(filter);
	assert_int_equal(filter->valid_hooks, 0x0e);
	assert_true(filter->entries.len > filter->underflow[1]);
	assert_true(filter->underflow[1] > filter->hook_entry[1]);
	/* Reading makes no table. */
	assert_int_equal(facts->host->nlegacy, 1);
	facts_free(facts);
	facts = made_facts_of_host();
	assert_int_equal(facts->host->nlegacy, 1);
	facts_free(facts);
}

static const struct ipset *find_ipset(const struct netns *netns, const char *name)
{
	for (size_t i = 0; i < netns->nipsets; i++) {
		if (strcmp(netns->ipsets[i].name, name) == 0)
			return &netns->ipsets[i];
	}
	fail_msg("no set %s", name);
	return NULL;
}

static bool part_is(const struct ipset_part *part, u128 lo, u128 hi)
{
	return part->lo == lo && part->hi == hi;
}

static void test_ipset_addr(void **state)
{
	(void)state;
	made_need_netns();
	if (!made_works("ipset create a hash:net")) {
		print_message("SKIP: no ipset in this kernel\n");
		skip();
	}
	made_run("ipset add a 10.0.0.0/8; ipset add a 10.2.0.0/16 nomatch;"
		 "ipset create b hash:ip netmask 24; ipset add b 10.1.2.0;"
		 "ipset create c hash:net family inet6; ipset add c 2001:db8::/32;"
		 "ipset create d bitmap:ip range 10.0.0.0/16; ipset add d 10.0.3.1;"
		 "ipset create l list:set; ipset add l a; ipset add l b");
	struct facts *facts = made_facts_of_host();
	const struct ipset *a = find_ipset(facts->host, "a");
	const struct ipset *b = find_ipset(facts->host, "b");
	const struct ipset *c = find_ipset(facts->host, "c");
	const struct ipset *l = find_ipset(facts->host, "l");
	size_t exceptions = 0;

	assert_int_equal(a->kind, IPSET_ADDR);
	assert_int_equal(a->nelements, 2);
	for (size_t i = 0; i < 2; i++) {
		exceptions += a->elements[i].nomatch;
		assert_true(a->elements[i].nomatch ? part_is(&a->elements[i].part[0],
							     0x0a020000, 0x0a02ffff)
						   : part_is(&a->elements[i].part[0],
							     0x0a000000, 0x0affffff));
	}
	assert_int_equal(exceptions, 1);
	assert_true(part_is(&b->elements[0].part[0], 0x0a010200, 0x0a0102ff));
	assert_int_equal(c->family, FAMILY_IP6);
	assert_true(c->elements[0].part[0].lo == made_addr("2001:db8::").value);
	assert_true(part_is(&find_ipset(facts->host, "d")->elements[0].part[0],
		0x0a000301, 0x0a000301));
	assert_int_equal(l->kind, IPSET_LIST);
	assert_int_equal(l->nelements, 2);
	assert_string_equal(l->elements[0].member, "a");
	assert_true(
		a->index != b->index && b->index != c->index && l->index != a->index);
	facts_free(facts);
}

static void test_ipset_tuple(void **state)
{
	(void)state;
	made_need_netns();
	if (!made_works("ipset create t hash:ip,port,net")) {
		print_message("SKIP: no ipset in this kernel\n");
		skip();
	}
	made_run("ipset add t 1.2.3.4,udp:80,10.0.0.0/8;"
		 "ipset create i hash:net,iface; ipset add i 10.0.0.0/8,eth0;"
		 "ipset create p hash:net,iface; ipset add p 10.0.0.0/8,physdev:eth0");
	struct facts *facts = made_facts_of_host();
	const struct ipset *t = find_ipset(facts->host, "t");
	const struct ipset *i = find_ipset(facts->host, "i");

	assert_int_equal(t->kind, IPSET_TUPLE);
	assert_int_equal(t->ndims, 3);
	assert_true(t->dim[1] == IPSET_DIM_PORT && t->dim[2] == IPSET_DIM_ADDR);
	assert_true(part_is(&t->elements[0].part[0], 0x01020304, 0x01020304));
	assert_true(part_is(&t->elements[0].part[1], 80, 80));
	assert_int_equal(t->elements[0].part[1].proto, IPPROTO_UDP);
	assert_true(part_is(&t->elements[0].part[2], 0x0a000000, 0x0affffff));
	assert_int_equal(i->kind, IPSET_TUPLE);
	assert_string_equal(i->elements[0].part[1].iface, "eth0");
	/* Which of a bridge's ports is not compared: nobody can say whether it matches.
	 */
	assert_int_equal(find_ipset(facts->host, "p")->kind, IPSET_OTHER);
	facts_free(facts);
}

#define TEST(name) cmocka_unit_test_setup(name, made_netns)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nft),
		TEST(test_nft_consistent),
		TEST(test_legacy),
		TEST(test_ipset_addr),
		TEST(test_ipset_tuple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
