/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What profiles do grant: the keys and routes that no threat is about. With the other
 * tables, each key and route that gate lets through is in a request that an engine
 * gets: the live test of the threats sees to it. */
#include "gate_fixture.h"

#define GRANTED(title, who, text, ...)                                               \
	{                                                                            \
		.name = "granted.create." title, .user = (who), .method = "POST",    \
		.path = "/v1.41/containers/create",                                  \
		.body = "{'Image':'nginx'," text "}", .want = "allow", ##__VA_ARGS__ \
	}
#define GRANTED_HOST(title, who, text, ...) \
	GRANTED(title, who, "'HostConfig':{" text "}", ##__VA_ARGS__)
#define ROUTE(title, who, verb, target)                                          \
	{                                                                        \
		.name = "granted.route." title, .user = (who), .method = (verb), \
		.path = "/v1.41/" target, .want = "allow"                        \
	}
#define EXEC "1111111111111111111111111111111111111111111111111111111111111111"

static const struct gate_case cases[] = {
	GRANTED("names", "alice",
		"'Hostname':'h1','Domainname':'example.org','Env':['A=b'],'Tty':true,"
		"'ExposedPorts':{'80/tcp':{}},'Shell':['/bin/sh','-c'],"
		"'StopSignal':'SIGUSR1','StopTimeout':7,'ArgsEscaped':false"),
	GRANTED("streams", "alice",
		"'AttachStdin':true,'AttachStdout':true,'AttachStderr':true,"
		"'OpenStdin':true,'StdinOnce':true"),
	GRANTED("command", "alice", "'Entrypoint':['sleep'],'Cmd':['3600']",
		.has = "'Entrypoint':['sleep']"),
	GRANTED("Healthcheck", "alice",
		"'Healthcheck':{'Test':['CMD','true'],'Interval':1000000000,"
		"'Timeout':2000000000,'StartPeriod':3000000000,"
		"'StartInterval':4000000000,'Retries':5}",
		.lacks = "StartInterval"),
	GRANTED("NetworkDisabled", "alice", "'NetworkDisabled':true"),
	GRANTED("MacAddress", "olga", "'MacAddress':'02:42:ac:11:00:09'"),
	GRANTED_HOST("cpu", "alice",
		"'CpuShares':512,'CpuPeriod':100000,'CpuQuota':50000,"
		"'CpusetCpus':'0','CpusetMems':'0','BlkioWeight':500"),
	GRANTED_HOST("memory", "alice",
		"'Memory':67108864,'MemoryReservation':33554432,"
		"'MemorySwap':134217728,'MemorySwappiness':50,"
		"'PidsLimit':100"),
	GRANTED_HOST("kernel-memory", "alice",
		"'Memory':67108864,'KernelMemory':33554432,'KernelMemoryTCP':0"),
	GRANTED_HOST("realtime", "olga",
		"'CpuRealtimePeriod':1000000,'CpuRealtimeRuntime':950000"),
	GRANTED_HOST("CgroupParent", "olga", "'CgroupParent':'/elsewhere'"),
	GRANTED_HOST("blkio", "olga",
		"'BlkioWeightDevice':[{'Path':'/dev/null','Weight':100}],"
		"'BlkioDeviceReadBps':[{'Path':'/dev/null','Rate':1048576}],"
		"'BlkioDeviceWriteBps':[{'Path':'/dev/null','Rate':1048576}],"
		"'BlkioDeviceReadIOps':[{'Path':'/dev/null','Rate':1000}],"
		"'BlkioDeviceWriteIOps':[{'Path':'/dev/null','Rate':1000}]"),
	GRANTED_HOST("OomKillDisable", "olga", "'OomKillDisable':true"),
	GRANTED_HOST("devices", "olga",
		"'DeviceCgroupRules':['c 1:3 rwm'],"
		"'DeviceRequests':[{'Driver':'none','Count':1}]"),
	GRANTED_HOST("ReadonlyPaths", "olga", "'ReadonlyPaths':['/proc/sys']"),
	GRANTED_HOST("StorageOpt", "olga", "'StorageOpt':{'size':'1G'}"),
	GRANTED_HOST("RestartPolicy", "alice",
		"'RestartPolicy':{'Name':'on-failure','MaximumRetryCount':3}"),
	GRANTED_HOST("ReadonlyRootfs", "alice",
		"'ReadonlyRootfs':true,'ConsoleSize':[24,80]"),
	GRANTED_HOST("Mounts", "alice",
		"'Mounts':[{'Type':'bind','Source':'/srv/data/sub','Target':'/x',"
		"'ReadOnly':true,'Consistency':'default','BindOptions':{"
		"'Propagation':'rprivate','ReadOnlyForceRecursive':true}},"
		"{'Type':'volume','Source':'fresh','Target':'/y','VolumeOptions':{"
		"'Labels':{'a':'b'},'DriverConfig':{'Name':'local'}}}]",
		.has = "'Labels':{'a':'b','seawall.owner':'1000'}"),
	GRANTED_HOST("Links", "kim", "'Links':['bobs:db']"),
	GRANTED("endpoint", "alice",
		"'HostConfig':{'NetworkMode':'mine'},'NetworkingConfig':{"
		"'EndpointsConfig':{'mine':{'Aliases':['db'],'IPAMConfig':{"
		"'IPv4Address':'172.30.0.7','IPv6Address':''},'GwPriority':1,"
		"'NetworkID':'x','EndpointID':'x','Gateway':'192.0.2.1',"
		"'IPAddress':'192.0.2.9','IPPrefixLen':24,'IPv6Gateway':'x',"
		"'GlobalIPv6Address':'x','GlobalIPv6PrefixLen':64,"
		"'DNSNames':['gate']}}}",
		.lacks = "192.0.2"),
	GRANTED("endpoint-operator", "olga",
		"'HostConfig':{'NetworkMode':'mine'},'NetworkingConfig':{"
		"'EndpointsConfig':{'mine':{'Links':['bobs:db'],"
		"'MacAddress':'02:42:ac:1e:00:09','DriverOpts':{'a':'b'},"
		"'IPAMConfig':{'LinkLocalIPs':['169.254.3.4']}}}}"),

	ROUTE("ping", "alice", "GET", "_ping"),
	ROUTE("images", "alice", "GET", "images/json"),
	ROUTE("image", "alice", "GET", "images/nginx/json"),
	ROUTE("image-history", "alice", "GET", "images/nginx/history"),
	ROUTE("image-save", "alice", "GET", "images/nginx/get"),
	ROUTE("image-prune", "kim", "POST", "images/prune"),
	ROUTE("build-prune", "kim", "POST", "build/prune"),
	ROUTE("volumes", "alice", "GET", "volumes"),
	ROUTE("volume", "alice", "GET", "volumes/mine"),
	ROUTE("networks", "alice", "GET", "networks"),
	ROUTE("changes", "alice", "GET", "containers/guest/changes"),
	ROUTE("changes-of-any", "olga", "GET", "containers/mine/changes"),
	ROUTE("stats", "alice", "GET", "containers/mine/stats?stream=0"),
	ROUTE("archive", "alice", "HEAD", "containers/guest/archive?path=/bin"),
	ROUTE("wait", "alice", "POST", "containers/bare/wait"),
	ROUTE("resize", "alice", "POST", "containers/mine/resize?h=24&w=80"),
	ROUTE("exec", "alice", "GET", "exec/" EXEC "/json"),
	ROUTE("stop", "alice", "POST", "containers/bare/stop"),
	ROUTE("restart", "alice", "POST", "containers/bare/restart"),
	ROUTE("pause", "alice", "POST", "containers/mine/pause"),
	ROUTE("unpause", "alice", "POST", "containers/mine/unpause"),
};

int main(int argc, char *argv[])
{
	return gate_fixture_main(argc, argv, "gate_granted", cases, ARRAY_LEN(cases));
}
