/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engines answer, as facts; which container a cgroup names; which hooks are known.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/collect/engine_parse.h"
#include "netmon/collect/hook.h"
#include "netmon/collect/owner.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static int setup(void **state)
{
	*state = facts_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	facts_free(*state);
	return 0;
}

static int parse_list(struct facts *facts, const char *text)
{
	return engine_parse_containers(
		facts, "/run/docker.sock", text, strlen(text), NULL);
}

static int parse_inspect(struct facts *facts, const char *text)
{
	return engine_parse_inspect(
		facts, &facts->containers[0], text, strlen(text), NULL);
}

static const struct port_binding *find_port(
	const struct container *c, uint8_t proto, uint16_t port, uint16_t host_port)
{
	for (size_t i = 0; i < c->nports; i++) {
		if (c->ports[i].proto == proto && c->ports[i].container_port == port &&
			c->ports[i].host_port == host_port)
			return &c->ports[i];
	}
	return NULL;
}

static void test_list_row(void **state)
{
	struct facts *facts = *state;

	assert_int_equal(
		parse_list(facts,
			"[{\"Id\":\"" ID_A "\",\"Names\":[\"/other/link\",\"/web\"],"
			"\"Image\":\"nginx\",\"State\":\"running\",\"Unknown\":[{}],"
			"\"Labels\":{\"a\":\"b\"},\"Ports\":[{\"IP\":\"::\","
			"\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
			"{\"IP\":\"0.0.0.0\",\"PrivatePort\":53,\"Type\":\"udp\"}],"
			"\"HostConfig\":{\"NetworkMode\":\"default\"},"
			"\"NetworkSettings\":"
			"{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.2\","
			"\"IPPrefixLen\":16,\"GlobalIPv6Address\":\"\"}}}}]"),
		0);
	assert_int_equal(facts->ncontainers, 1);
	const struct container *c = &facts->containers[0];
	assert_string_equal(c->name, "web");
	assert_string_equal(c->network_mode, "bridge");
	assert_false(c->inspected);
	assert_int_equal(c->nports, 2);
	const struct port_binding *port = find_port(c, IPPROTO_TCP, 80, 8080);
	assert_non_null(port);
	assert_int_equal(port->host_addr.family, FAMILY_IP6);
	assert_true(port->host_addr.value == 0);
	/* Without a public port its address means nothing. */
	port = find_port(c, IPPROTO_UDP, 53, 0);
	assert_non_null(port);
	assert_int_equal(port->host_addr.family, FAMILY_NONE);
	assert_int_equal(c->nnets, 1);
	assert_true(c->nets[0].addr4.value == 0xac110002);
	assert_int_equal(c->nets[0].prefix_len4, 16);
	assert_int_equal(c->nets[0].addr6.family, FAMILY_NONE);
}

/* One row that is wrong makes the answer wrong and hides no other row. */
static void test_list_bad_rows(void **state)
{
	static const char *const rows[] = {
		"7",
		"{}",
		"{\"Id\":\"" ID_B "\",\"Ports\":[{\"PrivatePort\":\"80\"}]}",
		"{\"Id\":\"" ID_B
		"\",\"Ports\":[{\"PrivatePort\":65536,\"Type\":\"tcp\"}]}",
		"{\"Id\":\"" ID_B "\",\"Ports\":[{\"PrivatePort\":1,\"Type\":\"x\"}]}",
		"{\"Id\":\"" ID_B "\",\"Labels\":{\"a\":1}}",
		"{\"Id\":\"" ID_B "\",\"NetworkSettings\":{\"Networks\":{\"n\":"
		"{\"IPAddress\":\"300.1.1.1\"}}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts *facts = facts_new();
		char text[1024];

		snprintf(text, sizeof(text), "[%s,{\"Id\":\"" ID_A "\"}]", rows[i]);
		assert_int_equal(parse_list(facts, text), -EINVAL);
		assert_non_null(facts_container(facts, ID_A));
		facts_free(facts);
	}
}

static void test_not_the_answer(void **state)
{
	struct facts *facts = *state;
	struct engine engine = {.socket = "s"};

	assert_int_equal(parse_list(facts, "{\"message\":\"no\"}"), -EINVAL);
	assert_int_equal(parse_list(facts, "[] x"), -EINVAL);
	assert_int_equal(parse_list(facts, ""), -EINVAL);
	assert_int_equal(engine_parse_version(facts, &engine, "[]", 2, NULL), -EINVAL);
	assert_int_equal(facts->ncontainers, 0);
}

static void test_inspect(void **state)
{
	struct facts *facts = *state;

	assert_int_equal(
		parse_list(facts,
			"[{\"Id\":\"" ID_A "\",\"Ports\":[{\"IP\":\"0.0.0.0\","
			"\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"}]}]"),
		0);
	assert_int_equal(
		parse_inspect(facts,
			"{\"Id\":\"" ID_A "\",\"Name\":\"/web\",\"Image\":\"sha256:1\","
			"\"State\":{\"Status\":\"running\",\"Pid\":42},\"HostConfig\":{"
			"\"NetworkMode\":\"bridge\",\"Privileged\":true,\"PidMode\":"
			"\"host\",\"CapAdd\":[\"NET_ADMIN\"],\"SecurityOpt\":null,"
			"\"PidsLimit\":null,\"Devices\":[{\"PathOnHost\":\"/dev/"
			"kvm\"}],"
			"\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"81/"
			"tcp\":"
			"[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"5432\"}]}},"
			"\"Config\":{"
			"\"Image\":\"nginx:1\",\"User\":\"\",\"ExposedPorts\":{\"443\":"
			"{},"
			"\"90-92/udp\":{}}},\"Mounts\":[{\"Type\":\"bind\",\"Source\":"
			"\"/var/run/docker.sock\",\"Destination\":\"/s\",\"RW\":true}],"
			"\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostIp\":"
			"\"0.0.0.0\",\"HostPort\":\"8080\"},{\"HostIp\":\"::\","
			"\"HostPort\":\"8080\"}],\"9/sctp\":null}}}"),
		0);
	const struct container *c = &facts->containers[0];
	assert_true(c->inspected && c->privileged);
	assert_int_equal(c->pid, 42);
	assert_string_equal(c->pid_mode, "host");
	assert_null(c->user);
	assert_int_equal(c->pids_limit, 0);
	assert_int_equal(c->ncap_add, 1);
	assert_string_equal(c->devices[0], "/dev/kvm");
	assert_true(c->nmounts == 1 && c->mounts[0].writable);
	/* Two bound; not bound are 81, 443, 9/sctp, 90 to 92: none may name a host
	 * port. */
	assert_int_equal(c->nports, 8);
	assert_non_null(find_port(c, IPPROTO_TCP, 81, 0));
	assert_null(find_port(c, IPPROTO_TCP, 81, 5432));
	assert_non_null(find_port(c, IPPROTO_TCP, 443, 0));
	assert_non_null(find_port(c, IPPROTO_SCTP, 9, 0));
	assert_non_null(find_port(c, IPPROTO_UDP, 92, 0));
}

/* Docker 29 in routed mode binds nothing, and repeats that for each family. */
static void test_inspect_routed(void **state)
{
	struct facts *facts = *state;

	assert_int_equal(parse_list(facts, "[{\"Id\":\"" ID_A "\",\"Ports\":[]}]"), 0);
	assert_int_equal(parse_inspect(facts,
				 "{\"Id\":\"" ID_A
				 "\",\"HostConfig\":{\"PortBindings\":{\"80/tcp\":"
				 "[{\"HostPort\":\"8080\"}]}},\"Config\":{},"
				 "\"NetworkSettings\":{"
				 "\"Ports\":{\"80/"
				 "tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"\"},"
				 "{\"HostIp\":\"::\",\"HostPort\":\"\"}]}}}"),
		0);
	assert_int_equal(facts->containers[0].nports, 1);
	assert_int_equal(facts->containers[0].ports[0].host_port, 0);
}

static void test_inspect_wrong(void **state)
{
	static const char *const texts[] = {
		"{\"Id\":\"" ID_B "\",\"HostConfig\":{},\"Config\":{}}",
		"{\"Id\":\"" ID_A "\",\"Config\":{}}",
		"{\"Id\":\"" ID_A
		"\",\"HostConfig\":{\"Privileged\":\"yes\"},\"Config\":{}}",
		"{\"Id\":\"" ID_A
		"\",\"HostConfig\":{},\"Config\":{},\"State\":{\"Pid\":-1}}",
		"{\"Id\":\"" ID_A "\",\"HostConfig\":{},\"Config\":{\"ExposedPorts\":"
		"{\"80/tcp/x\":{}}}}",
		"{\"Id\":\"" ID_A
		"\",\"HostConfig\":{\"PortBindings\":{\"70000/tcp\":[]}},"
		"\"Config\":{}}",
		"{\"Id\":\"" ID_A "\"",
	};
	struct facts *facts = *state;

	assert_int_equal(parse_list(facts, "[{\"Id\":\"" ID_A "\"}]"), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse_inspect(facts, texts[i]), -EINVAL);
		assert_false(facts->containers[0].inspected);
	}
}

static void test_version_and_info(void **state)
{
	const char docker[] = "{\"Version\":\"28.5.2\",\"ApiVersion\":\"1.51\"}";
	const char podman[] = "{\"Components\":[{\"Name\":\"Podman Engine\"}]}";
	const char info[] = "{\"SecurityOptions\":[\"name=rootless\",\"name=userns\"],"
			    "\"Swarm\":{\"LocalNodeState\":\"active\"},"
			    "\"FirewallBackend\":{\"Driver\":\"nftables\"}}";
	struct facts *facts = *state;
	struct engine engine = {.socket = "s"};

	assert_int_equal(
		engine_parse_version(facts, &engine, docker, strlen(docker), NULL), 0);
	assert_string_equal(engine.kind, "docker");
	assert_string_equal(engine.api_version, "1.51");
	assert_int_equal(
		engine_parse_version(facts, &engine, podman, strlen(podman), NULL), 0);
	assert_string_equal(engine.kind, "podman");
	assert_int_equal(
		engine_parse_info(facts, &engine, info, strlen(info), NULL), 0);
	assert_true(engine.rootless && engine.userns_remap && engine.swarm);
	assert_string_equal(engine.firewall_backend, "nftables");
}

static void test_networks(void **state)
{
	const char docker[] =
		"[{\"Name\":\"gw\",\"Id\":\"73160e3018ffe91d\",\"Driver\":\"bridge\","
		"\"IPAM\":{\"Config\":[{\"Subnet\":\"172.31.7.9/24\"},"
		"{\"Subnet\":\"fd00:7::/64\"}]},\"Internal\":true,\"Options\":{"
		"\"com.docker.network.bridge.gateway_mode_ipv4\":\"routed\"}},"
		"{\"Name\":\"mv\",\"Driver\":\"macvlan\",\"IPAM\":{\"Config\":null},"
		"\"Options\":{\"parent\":\"wan0\"}}]";
	const char podman[] =
		"[{\"name\":\"podman\",\"id\":\"2f25\",\"driver\":\"bridge\","
		"\"network_interface\":\"podman0\",\"subnets\":[{\"subnet\":"
		"\"10.88.0.0/16\"}]}]";
	const char bad[] =
		"[{\"Name\":\"x\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10/8\"}]}}]";
	struct facts *facts = *state;

	assert_int_equal(
		engine_parse_networks(facts, "s", docker, strlen(docker), NULL), 0);
	assert_int_equal(
		engine_parse_libpod_networks(facts, "s", podman, strlen(podman), NULL),
		0);
	assert_int_equal(facts->nnetworks, 3);
	assert_string_equal(facts->networks[0].bridge, "br-73160e3018ff");
	assert_string_equal(facts->networks[0].gateway_mode4, "routed");
	assert_true(facts->networks[0].internal);
	assert_int_equal(facts->networks[0].nsubnets, 2);
	assert_true(facts->networks[0].subnets[0].value == 0xac1f0700);
	assert_string_equal(facts->networks[1].parent, "wan0");
	assert_null(facts->networks[1].bridge);
	assert_string_equal(facts->networks[2].bridge, "podman0");
	assert_int_equal(
		engine_parse_networks(facts, "s", bad, strlen(bad), NULL), -EINVAL);
}

static void test_endpoints(void **state)
{
	const char text[] =
		"{\"Name\":\"docker_gwbridge\",\"Id\":\"04bf\",\"Containers\":{\"" ID_A
		"\":{\"Name\":\"gateway_1\",\"IPv4Address\":\"172.18.0.3/16\"},"
		"\"ingress-sbox\":{\"Name\":\"gateway_ingress-sbox\",\"IPv4Address\":"
		"\"172.18.0.2/16\",\"IPv6Address\":\"\"}}}";
	struct facts *facts = *state;

	assert_int_equal(parse_list(facts, "[{\"Id\":\"" ID_A "\"}]"), 0);
	assert_int_equal(
		engine_parse_endpoints(facts, "s", text, strlen(text), NULL), 0);
	assert_int_equal(facts->ncontainers, 2);
	assert_int_equal(facts->containers[0].nnets, 1);
	assert_true(facts->containers[0].nets[0].addr4.value == 0xac120003);
	assert_string_equal(facts->containers[1].id, "ingress-sbox");
	assert_null(facts->containers[1].netns);
	assert_true(facts->containers[1].nets[0].addr4.value == 0xac120002);
}

static void test_cgroup(void **state)
{
	static const struct {
		const char *cgroup, *id;
	} cases[] = {
		{"0::/system.slice/docker-" ID_B ".scope\n", ID_B},
		{"1:name=systemd:/docker/" ID_B "\n0::/\n", ID_B},
		{"0::/machine.slice/libpod-" ID_B ".scope/container\n", ID_B},
		{"0::/machine.slice/libpod-conmon-" ID_B ".scope\n", NULL},
		{"0::/system.slice/docker.service\n", NULL},
		{"0::/x/" ID_B "b\n", NULL}, /* 65 digits */
		{"0::/machine-libpod_pod_" ID_B ".slice/libpod-" ID_A ".scope\n", ID_A},
		{"", NULL},
	};
	struct facts *facts = *state;

	assert_int_equal(parse_list(facts, "[{\"Id\":\"" ID_A "\"}]"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *id = owner_cgroup_container(facts, cases[i].cgroup);

		if (cases[i].id)
			assert_string_equal(id, cases[i].id);
		else
			assert_null(id);
	}
}

static void test_hooks(void **state)
{
	(void)state;
	assert_null(hook_code("nft_do_chain_inet"));
	assert_null(hook_code("ipv4_conntrack_in"));
	assert_string_equal(hook_code("ip_vs_in_hook"), "ipvs");
	assert_string_equal(hook_code("ebt_in_hook"), "ebtables-legacy");
	assert_string_equal(hook_code("strange_in"), "netfilter-hook");
}

static void test_services_of_ipvs(void **state)
{
	static const char *const texts[] = {
		"IP Virtual Server version 1.2.1 (size=4096)\n"
		"Prot LocalAddress:Port Scheduler Flags\n"
		"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n",
		"TCP  CB007101:1F90 rr\n  -> AC110002:0050      Masq    1      0  0\n",
		"FWM  00000101 rr\n",
	};

	(void)state;
	assert_false(hook_has_service(NULL));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[256];
		_cleanup_(cleanup_fclose) FILE *file = NULL;

		(void)snprintf(text, sizeof(text), "%s", texts[i]);
		file = fmemopen(text, strlen(text), "r");
		assert_non_null(file);
		assert_int_equal(hook_has_service(file), i > 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list_row),
		TEST(test_list_bad_rows),
		TEST(test_not_the_answer),
		TEST(test_inspect),
		TEST(test_inspect_routed),
		TEST(test_inspect_wrong),
		TEST(test_version_and_info),
		TEST(test_networks),
		TEST(test_endpoints),
		TEST(test_cgroup),
		TEST(test_hooks),
		TEST(test_services_of_ipvs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
