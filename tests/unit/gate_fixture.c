/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, a policy and an engine's objects that the filter's tests and fuzzers share. */
#include "gate_fixture.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/cleanup.h"

#define ID(digit) \
#digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit #digit

static const char policy_text[] =
	"{'version':1,"
	"'sources':{'office':['198.51.100.0/24']},"
	"'approvals':["
	" {'id':'web','container':{'name':'web'},'ports':['443/"
	"tcp'],'from':['internet'],"
	"  "
	"'control':'TLS','approved_by':'security@example.org','expires':'2027-06-30'},"
	" {'id':'old','container':{'name':'old'},'ports':['443/"
	"tcp'],'from':['internet'],"
	"  "
	"'control':'TLS','approved_by':'security@example.org','expires':'2026-01-01'},"
	" {'id':'bare','container':{'name':'bare'},'ports':['443/tcp'],"
	"  'from':['internet'],'expires':'2027-06-30'},"
	" {'id':'office','container':{'name':'office'},'ports':['8443/tcp'],"
	"  'from':['office','private'],'control':'x','approved_by':'y'},"
	" {'id':'all','container':{'name':'all'},'ports':['80/tcp'],"
	"  'from':['0.0.0.0/1','128.0.0.0/1'],'control':'x','approved_by':'y'},"
	" {'id':'shop','container':{'compose_project':'shop'},'ports':['8080/tcp'],"
	"  'from':['internet'],'control':'x','approved_by':'y'}],"
	"'gate':{'profiles':{"
	" 'developer':{'run_as':'caller','binds':['$HOME','/srv/data:ro','/srv/pool',"
	"   '/srv/pool/frozen:ro'],"
	"  'images':['docker.io/library/*','registry.example.org/*',"
	"   '*.example.net/team/*'],"
	"  'capabilities':['NET_BIND_SERVICE'],'devices':['/dev/ttyUSB*','/dev/sh*'],"
	"  'networks':['backend'],'publish':'approved'},"
	" 'plain':{},"
	" 'docker':{'images':['*'],'binds':['/run/home'],'publish':'loopback'},"
	" 'local':{'images':['*'],'publish':'loopback'},"
	" 'builder':{'images':['*'],'build':true},"
	" 'short':{'images':['nginx*','team*/app','library/*']},"
	" 'keeper':{'images':['*'],'others':true},"
	" 'reader':{'images':['*'],'binds':['/srv'],'read_only':true},"
	" 'rooted':{'images':['*'],'run_as':'any','binds':['/srv']},"
	" 'operator':{'run_as':'any','binds':['/'],'images':['*'],'privileged':true,"
	"  'host_namespaces':true,'capabilities':['*'],'devices':['*'],"
	"  'networks':['*'],'publish':'any','build':true,'others':true}},"
	"'grants':["
	" {'users':['alice','bob','homeless'],'profile':'developer',"
	"  'elevate':'operator'},"
	" {'users':['paula'],'profile':'plain'},{'users':['leo'],'profile':'local'},"
	" {'users':['bea'],'profile':'builder'},"
	" {'users':['sam'],'profile':'short'},{'users':['kim'],'profile':'keeper'},"
	" {'users':['rex'],'profile':'reader'},"
	" {'users':['rita'],'profile':'rooted'},{'users':['olga'],'profile':'operator'}"
	"]}"
	"}";

static const uint32_t alice_gids[] = {1000, 2000};
static const struct gate_caller callers[] = {
	{.user = {.name = "alice", .uid = 1000},
		.gid = 1000,
		.gids = alice_gids,
		.ngids = 2,
		.home = "/srv/users/alice"},
	{.user = {.name = "bob", .uid = 1001}, .gid = 1001, .home = "/srv/users/bob"},
	{.user = {.name = "homeless", .uid = 1002}, .gid = 1002, .home = "/"},
	{.user = {.name = "paula", .uid = 1003},
		.gid = 1003,
		.home = "/srv/users/paula"},
	{.user = {.name = "leo", .uid = 1004}, .gid = 1004, .home = "/srv/users/leo"},
	{.user = {.name = "bea", .uid = 1005}, .gid = 1005, .home = "/srv/users/bea"},
	{.user = {.name = "kim", .uid = 1006}, .gid = 1006, .home = "/srv/users/kim"},
	{.user = {.name = "rita", .uid = 1007}, .gid = 1007, .home = "/srv/users/rita"},
	{.user = {.name = "olga", .uid = 1008}, .gid = 1008, .home = "/srv/users/olga"},
	{.user = {.name = "sam", .uid = 1009}, .gid = 1009, .home = "/srv/users/sam"},
	{.user = {.name = "rex", .uid = 1010}, .gid = 1010, .home = "/srv/users/rex"},
	{.user = {.name = "mallory", .uid = 1666},
		.gid = 1666,
		.home = "/srv/users/mallory"},
};

#define NGINX	    "sha256:" ID(a)
#define LABELS(uid) "'seawall.owner':'" uid "','seawall.image':'" NGINX "'"
#define MASKED                                                                   \
	"'MaskedPaths':['/proc/asound','/proc/acpi','/proc/kcore','/proc/keys'," \
	"'/proc/latency_stats','/proc/timer_list','/proc/timer_stats',"          \
	"'/proc/sched_debug','/proc/scsi','/sys/firmware'],"
#define READ_ONLY                                                          \
	"'ReadonlyPaths':['/proc/bus','/proc/fs','/proc/irq','/proc/sys'," \
	"'/proc/sysrq-trigger'],"
/* What docker 20.10 tells of a container that gate made. */
#define HARMLESS "'AutoRemove':false," LASTING
#define LASTING                                                                       \
	"'Binds':null,'ContainerIDFile':'','LogConfig':{'Type':'json-file','Config':" \
	"{}},'RestartPolicy':{'Name':'no','MaximumRetryCount':0},"                    \
	"'VolumeDriver':'','VolumesFrom':null,'CgroupnsMode':'private','Dns':null,"   \
	"'DnsOptions':null,'DnsSearch':null,'ExtraHosts':null,'GroupAdd':null,"       \
	"'IpcMode':'private','Cgroup':'','Links':null,'OomScoreAdj':0,"               \
	"'PublishAllPorts':false,'UTSMode':'','UsernsMode':"                          \
	"'','ShmSize':67108864,'Runtime':'runc','ConsoleSize':[0,0],'Isolation':'',"  \
	"'CpuShares':0,'Memory':0,'NanoCpus':0,'CgroupParent':'','BlkioWeight':0,"    \
	"'BlkioWeightDevice':null,'CpuPeriod':0,'Devices':null,'DeviceCgroupRules':"  \
	"null,'DeviceRequests':null,'KernelMemory':0,'MemorySwappiness':null,"        \
	"'OomKillDisable':false,'PidsLimit':null,'Ulimits':null,'CpuCount':0,"        \
	"'NetworkMode':'default',"
#define CONFINED \
	"'CapAdd':null,'CapDrop':['ALL'],'SecurityOpt':['no-new-privileges:true'],"
/* @files: those of the network that the engine made, and mounts in it. */
#define CONTAINER_OF(digit, name, user, labels, host_config, files, mounts)            \
	"{'Id':'" ID(digit) "','Name':'/" name "','Image':'" NGINX                     \
			    "','Config':{'User':'" user                                \
			    "','Image':'nginx','Labels':{" labels                      \
			    "}},'HostConfig':{" HARMLESS host_config "}," files mounts \
			    "'NetworkSettings':{'Networks':{'bridge':"                 \
			    "{'NetworkID':'" ID(b) "'}}}}"
#define NOT_STARTED "'HostsPath':'','HostnamePath':'','ResolvConfPath':'',"
#define CONTAINER(digit, name, user, labels, host_config, mounts)         \
	CONTAINER_OF(digit, name, user, labels, host_config, NOT_STARTED, \
		"'Mounts':[" mounts "],")
#define ALICES(files, mounts) \
	CONTAINER_OF(4, "x", "1000:1000", LABELS("1000"), SAFE, files, mounts)
/* Not to be started: it lacks no-new-privileges. */
#define FLEETING(status)                                                               \
	"{'Id':'" ID(                                                                  \
		4) "','Name':'/fleeting','Image':'" NGINX                              \
		   "','Config':{'User':'1000:1000','Image':'nginx','Labels':{" LABELS( \
			   "1000") "}},'State':{'Status':'" status                     \
				   "'},'HostConfig':{'AutoRemove':true," LASTING       \
				   "'CapDrop':['ALL']},'Mounts':[]," NOT_STARTED       \
				   "'NetworkSettings':{'Networks':{}}}"
#define WORKING(dir, host_config)                                                      \
	"{'Id':'" ID(                                                                  \
		4) "','Name':'/working','Image':'" NGINX                               \
		   "','Config':{'User':'1000:1000','Image':'nginx','WorkingDir':'" dir \
		   "','Labels':{" LABELS(                                              \
			   "1000") "}},'HostConfig':{" HARMLESS SAFE host_config       \
				   "},'Mounts':[]," NOT_STARTED                        \
				   "'NetworkSettings':{'Networks':{}}}"
#define VOLUME(name, labels, options)                                                \
	"{'Name':'" name "','Driver':'local','Labels':" labels ",'Options':" options \
	",'Scope':'local'}"
#define NETWORK(digit, name, driver, labels)                        \
	"{'Id':'" ID(digit) "','Name':'" name "','Driver':'" driver \
			    "','Labels':{" labels "}}"
#define EXEC(container, user, privileged)                                 \
	"{'ContainerID':'" ID(                                            \
		container) "','ProcessConfig':{'tty':false,'entrypoint':" \
			   "'sh','arguments':[],'privileged':" privileged user "}}"
#define OWN_CONTAINERS(uid)                                                         \
	"containers/json?all=1&filters=%7B%22label%22%3A%5B%22seawall.owner%3D" uid \
	"%22%5D%7D"
#define MINE	  "{'seawall.owner':'1000'}"
#define BOBS	  "{'seawall.owner':'1001'}"
#define OWN_STORE "'GraphDriver':{'Name':'overlay2'},"
#define SAFE	  CONFINED MASKED READ_ONLY "'Privileged':false,'PidMode':''"

static const struct {
	const char *path, *body;
} facts[] = {
	{"containers/mine/json",
		CONTAINER(1, "mine", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'volume','Destination':'/v','Name':'mine',"
			"'Driver':'local','RW':true},"
			"{'Type':'volume','Destination':'/anonymous','Name':'" ID(
				9) "','Driver':'local','RW':true}")},
	{"containers/bare/json",
		CONTAINER(8, "bare", "1000:1000", LABELS("1000"), SAFE, "")},
	{"containers/bobs/json",
		CONTAINER(2, "bobs", "1001:1001", LABELS("1001"), SAFE, "")},
	{"containers/roots/json", CONTAINER(3, "roots", "", "", SAFE, "")},
	{"containers/forged/json",
		CONTAINER(3, "forged", "1000:1000",
			"'seawall.owner':'1000','seawall.image':'" ID(b) "'", SAFE,
			"")},
	{"containers/half/json",
		CONTAINER(3, "half", "1000:1000", "'seawall.owner':'1000'", SAFE, "")},
	{"containers/stronger/json",
		CONTAINER(4, "stronger", "1000:1000", LABELS("1000"),
			CONFINED "'Privileged':true,'PidMode':''", "")},
	{"containers/rootly/json",
		CONTAINER(4, "rootly", "0:0", LABELS("1000"), SAFE, "")},
	{"containers/bareuid/json",
		CONTAINER(4, "bareuid", "1000", LABELS("1000"), SAFE, "")},
	{"containers/capable/json", CONTAINER(4, "capable", "1000:1000", LABELS("1000"),
					    "'CapAdd':null,'CapDrop':null,'SecurityOpt'"
					    ":['no-new-privileges']," MASKED READ_ONLY
					    "'Privileged':false,'PidMode':''",
					    "")},
	{"containers/newprivs/json",
		CONTAINER(4, "newprivs", "1000:1000", LABELS("1000"),
			"'CapAdd':null,'CapDrop':['ALL'],'SecurityOpt':null," MASKED
				READ_ONLY "'Privileged':false,'PidMode':''",
			"")},
	{"containers/unmasked/json",
		CONTAINER(4, "unmasked", "1000:1000", LABELS("1000"),
			CONFINED "'MaskedPaths':[]," READ_ONLY
				 "'Privileged':false,'PidMode':''",
			"")},
	{"containers/hostpid/json",
		CONTAINER(4, "hostpid", "1000:1000", LABELS("1000"),
			CONFINED MASKED READ_ONLY "'Privileged':false,'PidMode':'host'",
			"")},
	{"containers/linked/json",
		CONTAINER(4, "linked", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m3','Source':'/"
			"etc','RW':false,'Propagation':"
			"'rprivate'}")},
	{"containers/otherspin/json",
		CONTAINER(4, "otherspin", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m4','Source':'" GATE_PIN_DIR
			"/1001/rw/"
			":srv:users:bob','RW':true,'Propagation':'rprivate'}")},
	{"containers/escapedpin/json",
		CONTAINER(4, "escapedpin", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m5','Source':'" GATE_PIN_DIR
			"/1000/rw/"
			":srv:users:alice:..:bob','RW':true,'Propagation':'rprivate'"
			"}")},
	{"containers/shared/json",
		CONTAINER(4, "shared", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m6','Source':'" GATE_PIN_DIR
			"/1000/rw/"
			":srv:users:alice','RW':true,'Propagation':'rshared'}")},
	{"containers/pinned/json",
		CONTAINER(5, "pinned", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m7','Source':'" GATE_PIN_DIR
			"/1000/rw/"
			":srv:users:alice:src','RW':true,'Propagation':'rprivate'}")},
	{"containers/renaming/json",
		CONTAINER(4, "renaming", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Source':'" GATE_PIN_DIR "/1000/rw/"
			":srv:users:alice:src','Destination':'/etc/hosts',"
			"'RW':true,'Propagation':'rprivate'}")},
	{"containers/heir/json",
		ALICES("'HostsPath':'" GATE_PIN_DIR
		       "/1000/rw/:srv:users:alice:src','HostnamePath':'',"
		       "'ResolvConfPath':'',",
			"'Mounts':[],")},
	{"containers/guest/json",
		CONTAINER_OF(4, "guest", "1000:1000", LABELS("1000"),
			SAFE ",'ReadonlyRootfs':true",
			"'HostsPath':'/var/lib/docker/containers/" ID(
				8) "/hosts','HostnamePath':'','ResolvConfPath':'',",
			"'Mounts':[],")},
	{"containers/fileless/json",
		ALICES("'HostsPath':'','HostnamePath':'',", "'Mounts':[],")},
	{"containers/mountless/json", ALICES(NOT_STARTED, "")},
	{"containers/nested/json",
		ALICES(NOT_STARTED,
			"'Mounts':[{'Type':'bind','Source':'" GATE_PIN_DIR
			"/1000/rw/:srv:users:alice:src','Destination':'/run','RW':true,"
			"'Propagation':'rprivate'},{'Type':'volume','Name':'" ID(
				9) "','Driver':'local','Destination':'/var/run/x/y',"
				   "'RW':true}],")},
	{"containers/grouping/json",
		ALICES(NOT_STARTED,
			"'Mounts':[{'Type':'volume','Name':'" ID(
				9) "','Driver':'local','Destination':'/etc/group',"
				   "'RW':true}],")},
	{"containers/hiding/json",
		ALICES(NOT_STARTED,
			"'Mounts':[{'Type':'volume','Name':'" ID(
				9) "','Driver':'local','Destination':'/sys',"
				   "'RW':true}],")},
	{"containers/leaking/json",
		"{'Id':'" ID(4) "','Name':'/leaking','Image':'" NGINX
				"','Config':{'User':'1000:1000','Image':'nginx',"
				"'WorkingDir':'/proc/self/fd/8','Labels':{" LABELS(
					"1000") "}},'HostConfig':{" HARMLESS SAFE
						"},'Mounts':[]," NOT_STARTED
						"'NetworkSettings':{'Networks':{}}}"},
	{"containers/working/json", WORKING("/app", "")},
	{"containers/immovable/json", WORKING("/app", ",'ReadonlyRootfs':true")},
	{"containers/unmoved/json", WORKING("/", "")},
	{"containers/fleeting/json", FLEETING("created")},
	{"containers/begun/json", FLEETING("running")},
	{"containers/thawed/json",
		CONTAINER(4, "thawed", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'bind','Destination':'/m8','Source':'" GATE_PIN_DIR
			"/1000/rw/:srv:data','RW':true,'Propagation':'rprivate'}")},
	{"containers/stale/json",
		CONTAINER(4, "stale", "1000:1000", LABELS("1000"), SAFE,
			"{'Type':'volume','Destination':'/"
			"m9','Name':'bobs','Driver':'local','RW':true}")},
	{"containers/annotated/json",
		CONTAINER(4, "annotated", "1000:1000", LABELS("1000"),
			SAFE ",'Annotations':{'run.oci.hooks.stdout':'/x'}", "")},
	{"containers/misplaced/json",
		"{'Id':'" ID(
			4) "','Name':'/misplaced','Image':'" NGINX
			   "','Config':{'User':'1000:1000','Image':'nginx',"
			   "'Labels':{" LABELS(
				   "1000") "}},'HostConfig':{" CONFINED MASKED READ_ONLY
					   "'Devices':[{'PathOnHost':'/dev/ttyUSB0',"
					   "'PathInContainer':'/a/"
					   "b','CgroupPermissions':'rwm'}]},"
					   "'Mounts':[]," NOT_STARTED
					   "'NetworkSettings':{'Networks':{}}}"},
	{"containers/newer/json", CONTAINER(4, "newer", "1000:1000", LABELS("1000"),
					  SAFE ",'Unheard':true", "")},
	{"containers/published/json",
		CONTAINER(6, "web", "1000:1000", LABELS("1000"),
			SAFE
			",'PortBindings':{'443/tcp':[{'HostIp':'','HostPort':'443'}]}",
			"")},
	{"containers/lapsed/json",
		CONTAINER(6, "old", "1000:1000", LABELS("1000"),
			SAFE
			",'PortBindings':{'443/tcp':[{'HostIp':'','HostPort':'443'}]}",
			"")},
	{"containers/joined/json",
		CONTAINER(7, "joined", "1000:1000", LABELS("1000"),
			CONFINED MASKED READ_ONLY
			"'Privileged':false,'PidMode':'container:joined'",
			"")},
	{"containers/changing/json",
		CONTAINER(4, "changing", "1010:1010", LABELS("1010"), SAFE, "")},
	{"containers/fixed/json",
		CONTAINER(4, "fixed", "1010:1010", LABELS("1010"),
			SAFE ",'ReadonlyRootfs':true",
			"{'Type':'volume','Destination':'/v','Name':'rexes',"
			"'Driver':'local','RW':false}")},
	{"containers/filling/json",
		CONTAINER(4, "filling", "1010:1010", LABELS("1010"),
			SAFE ",'ReadonlyRootfs':true",
			"{'Type':'volume','Destination':'/v','Name':'rexes',"
			"'Driver':'local','RW':true}")},
	{"containers/" ID(1) "/json",
		CONTAINER(1, "mine", "1000:1000", LABELS("1000"), SAFE, "")},
	{"containers/" ID(2) "/json",
		CONTAINER(2, "bobs", "1001:1001", LABELS("1001"), SAFE, "")},
	{"containers/" ID(4) "/json",
		CONTAINER(4, "stronger", "1000:1000", LABELS("1000"),
			CONFINED "'Privileged':true,'PidMode':''", "")},
	{OWN_CONTAINERS("1000"), "[{'Id':'" ID(1) "','ImageID':'" NGINX
						  "','Labels':{" LABELS("1000") "}}]"},
	{OWN_CONTAINERS("1004"),
		"[{'Id':'" ID(
			2) "','ImageID':'" NGINX
			   "','Labels':{" LABELS("1004") "}},{'Id':'" ID(
				   3) "','ImageID':'sha256:" ID(f) "','Labels':"
								   "{" LABELS(
									   "1004") "}}"
										   "]"},
	{OWN_CONTAINERS("1005"),
		"[{'Id':'" ID(3) "','ImageID':'" NGINX
				 "','Labels':{'seawall.owner':'1005'}}]"},
	{OWN_CONTAINERS("1007"), "{}"},
	{"containers/oddlabels/json",
		"{'Id':'" ID(6) "','Image':'" NGINX "','Config':{'Labels':['x']}}"},
	{"containers/oddconfig/json",
		"{'Id':'" ID(6) "','Image':'" NGINX "','Config':'x'}"},
	{"containers/broken/json", "{'Id':'short'}"},
	{"containers/garbled/json", "{'Id':"},

	{"images/nginx/json", "{'Id':'" NGINX "','RepoTags':['nginx:latest'],"
			      "'Os':'linux','Architecture':'amd64'," OWN_STORE
			      "'RepoDigests':['nginx@sha256:" ID(
				      d) "',"
					 "'localhost:5/x/y@sha256:" ID(
						 d) "'],'Config':{'Labels':null}}"},
	{"images/docker.io/library/nginx:latest/json",
		"{'Id':'" NGINX "'," OWN_STORE
		"'RepoTags':['nginx:latest'],'Config':{'Labels':null}}"},
	{"images/" NGINX "/json",
		"{'Id':'" NGINX "'," OWN_STORE "'RepoTags':['nginx:latest'],"
		"'Config':{'Labels':null}}"},
	{"images/aaaaaaaaaaaa/json",
		"{'Id':'" NGINX "'," OWN_STORE "'RepoTags':['nginx:latest'],"
		"'Config':{'Labels':null}}"},
	{"images/eeeeeeeeeeee/json",
		"{'Id':'sha256:" ID(
			e) "'," OWN_STORE "'RepoTags':"
			   "['evil/thing:latest'],'Config':{'Labels':null}}"},
	{"images/sha256:" ID(e) "/json",
		"{'Id':'sha256:" ID(
			e) "'," OWN_STORE "'RepoTags':"
			   "['evil/thing:latest'],'Config':{'Labels':null}}"},
	{"images/evil/thing/json",
		"{'Id':'sha256:" ID(
			e) "'," OWN_STORE "'RepoTags':"
			   "['evil/thing:latest'],'Config':{'Labels':null}}"},
	{"images/bobsown/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['bobsown:latest'],"
			   "'Config':{'Labels':{'seawall.built-by':'1001'}}}"},
	{"images/beas/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['beas:latest'],"
			   "'Config':{'Labels':{'seawall.built-by':'1005'}}}"},

	{"images/docker.io/library/bobsown:latest/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['bobsown:latest'],"
			   "'Config':{'Labels':{'seawall.built-by':'1001'}}}"},
	{"images/bobsown:latest/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['bobsown:latest'],"
			   "'Config':{'Labels':{'seawall.built-by':'1001'}}}"},
	{"images/beas:latest/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['beas:latest'],"
			   "'Config':{'Labels':{'seawall.built-by':'1005'}}}"},
	{"images/loaded:1/json",
		"{'Id':'sha256:" ID(f) "'," OWN_STORE
				       "'RepoTags':['loaded:1','redis:7'],"
				       "'RepoDigests':['redis@sha256:" ID(
					       d) "'],'Config':{'Labels':null}}"},
	{"images/nginx:latest/json",
		"{'Id':'" NGINX "'," OWN_STORE "'RepoTags':['nginx:latest'],"
		"'RepoDigests':['nginx@sha256:" ID(d) "'],'Config':{'Labels':null}}"},

	{"images/hiding/json",
		"{'Id':'sha256:" ID(f) "'," OWN_STORE "'RepoTags':['hiding:latest'],"
				       "'Config':{'Labels':null,'Volumes':{'/"
				       "data':{},'/sys':{}}}}"},
	{"images/grouping/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['grouping:latest'],"
			   "'Config':{'Labels':null,'Volumes':{'/etc/group':{}}}}"},
	{"images/storing/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['storing:latest'],"
			   "'Config':{'Labels':null,'Volumes':{'/data/db/':{}}}}"},
	{"images/leaking/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['leaking:latest'],"
			   "'Config':{'Labels':null,'WorkingDir':'/proc/self/fd/8'}}"},
	{"images/oddlabels/json", "{'Id':'" NGINX "'," OWN_STORE
				  "'RepoTags':['oddlabels:latest'],'Config':{'Labels':["
				  "'traefik.enable']}}"},
	{"images/oddvolumes/json",
		"{'Id':'" NGINX "'," OWN_STORE
		"'RepoTags':['oddvolumes:latest'],'Config':{'Volumes':['/sys']}}"},
	{"images/oddcwd/json",
		"{'Id':'" NGINX "'," OWN_STORE "'RepoTags':['oddcwd:latest'],'Config'"
		":{'WorkingDir':['/proc/self/fd/8']}}"},
	{"images/nullish/json", "{'Id':'" NGINX "'," OWN_STORE
				"'RepoTags':['nullish:latest'],'Config':{'Labels':"
				"null,'Volumes':null,'WorkingDir':''}}"},
	{"images/oddconfig/json", "{'Id':'" NGINX "'," OWN_STORE
				  "'RepoTags':['oddconfig:latest'],'Config':[]}"},
	{"images/ordering/json",
		"{'Id':'sha256:" ID(
			f) "'," OWN_STORE "'RepoTags':['ordering:latest'],"
			   "'Config':{'Labels':{'traefik.enable':'true'}}}"},

	{"volumes/mine", VOLUME("mine", MINE, "null")},
	{"volumes/rexes", VOLUME("rexes", "{'seawall.owner':'1010'}", "null")},
	{"volumes/bobs", VOLUME("bobs", BOBS, "null")},
	{"volumes/roots", VOLUME("roots", "null", "{}")},
	{"volumes/hidden",
		VOLUME("hidden", MINE, "{'type':'none','o':'bind','device':'/etc'}")},
	{"volumes/overlay",
		VOLUME("overlay", MINE,
			"{'type':'overlay','o':'lowerdir=/','device':'overlay'}")},
	{"volumes/plugin",
		"{'Name':'plugin','Driver':'rexray','Labels':" MINE ",'Options':null}"},
	{"volumes/oddlabels", VOLUME("oddlabels", "['seawall.owner']", "null")},
	{"volumes/" ID(9), VOLUME(ID(9), "null", "null")},

	{"networks/mine", NETWORK(1, "mine", "bridge", "'seawall.owner':'1000'")},
	{"networks/" ID(1), NETWORK(1, "mine", "bridge", "'seawall.owner':'1000'")},
	{"networks/" ID(3), NETWORK(3, "backend", "bridge", "")},
	{"networks/oddlabels",
		"{'Id':'" ID(8) "','Name':'backend','Driver':'bridge','Labels':'x'}"},
	{"networks/bobs", NETWORK(2, "bobs", "bridge", "'seawall.owner':'1001'")},
	{"networks/backend", NETWORK(3, "backend", "bridge", "")},
	{"networks/host", NETWORK(4, "host", "host", "")},
	{"networks/bridge", NETWORK(b, "bridge", "bridge", "")},
	{"networks/ownlan", NETWORK(6, "ownlan", "macvlan", "'seawall.owner':'1000'")},
	{"networks/routed",
		"{'Id':'" ID(7) "','Name':'routed','Driver':'bridge','Options':"
				"{'com.docker.network.bridge.gateway_mode_ipv4':'"
				"routed'},'Labels':"
				"{'seawall.owner':'1000'}}"},
	{"networks/lan", NETWORK(5, "lan", "macvlan", "")},

	{"exec/" ID(1) "/json", EXEC(1, ",'user':'1000:1000'", "false")},
	{"exec/" ID(2) "/json", EXEC(2, ",'user':'1001:1001'", "false")},
	{"exec/" ID(3) "/json", EXEC(1, ",'user':'0'", "false")},
	{"exec/" ID(4) "/json", EXEC(1, ",'user':'1000:1000'", "true")},
	{"exec/" ID(5) "/json", EXEC(1, "", "false")},
	{"exec/" ID(6) "/json", EXEC(4, ",'user':'1000:1000'", "false")},
	{"version", "{'Version':'20.10.24+dfsg1','ApiVersion':'1.41','Components':["
		    "{'Name':'Engine','Version':'20.10.24+dfsg1'},"
		    "{'Name':'runc','Version':'1.1.5+ds1'}]}"},
	{"info", "{'DefaultRuntime':'runc','LoggingDriver':'json-file'}"},
};

static char *with_quotes(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy; p && *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

static int get_fact(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	static const char version[] = "/v" GATE_API_VERSION "/";

	(void)context;
	assert(strncmp(path, version, sizeof(version) - 1) == 0);
	ret_fact->status = 404;
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		if (strcmp(facts[i].path, path + sizeof(version) - 1) != 0)
			continue;
		ret_fact->status = 200;
		ret_fact->body = with_quotes(arena, facts[i].body);
		if (!ret_fact->body)
			return err_set(err, -ENOMEM, "out of memory");
		ret_fact->len = strlen(ret_fact->body);
	}
	return 0;
}

int gate_fixture_tar(struct arena *arena, const struct gate_fixture_tar *tar,
	struct gate_fact *ret_fact)
{
	size_t len = tar && tar->content ? strlen(tar->content) : 0;
	char *body = arena_alloc(arena, GATE_TAR_BLOCK + len + 1), *stat, *encoded;

	if (!body)
		return -ENOMEM;
	*ret_fact = (struct gate_fact){.status = 404, .body = body};
	if (!tar)
		return 0;
	stat = arena_printf(arena, "{\"name\":\"x\",\"mode\":%llu}",
		tar->mode | (tar->type == '5'	       ? 1ull << 31
				    : tar->type == '2' ? 1ull << 27
				    : tar->type == '3' ? 1ull << 26
						       : 0));
	encoded = stat ? arena_alloc(arena, BASE64_TEXT(strlen(stat)) + 1) : NULL;
	if (!encoded)
		return -ENOMEM;
	base64_encode((const uint8_t *)stat, strlen(stat), encoded);
	ret_fact->path_stat = tar->unstated ? NULL : encoded;
	(void)snprintf(body + 100, 8, "%07o", tar->mode);
	(void)snprintf(body + 108, 8, "%07o", tar->uid);
	(void)snprintf(body + 124, 12, "%011o", (unsigned int)len & 0777777777);
	body[156] = tar->type;
	if (tar->link)
		(void)snprintf(body + 157, 100, "%s", tar->link);
	memcpy(body + 257, "ustar", 5);
	if (len > 0)
		memcpy(body + GATE_TAR_BLOCK, tar->content, len);
	ret_fact->status = 200;
	ret_fact->len = GATE_TAR_BLOCK + len;
	return 0;
}

int gate_fixture_look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err)
{
	static const struct gate_fixture_tar folder = {.type = '5', .mode = 0755},
					     groups = {.type = '0',
						     .mode = 0644,
						     .content = "root:x:0:\n"};
	static const struct {
		const char *path;
		const struct gate_fixture_tar *tar;
	} there[] = {{"/", &folder}, {"/etc", &folder}, {"/etc/group", &groups}};

	(void)context;
	(void)api;
	assert(strncmp(image->id, "sha256:", 7) == 0);
	for (size_t i = 0; i < n; i++) {
		const struct gate_fixture_tar *tar = NULL;

		for (size_t t = 0; t < ARRAY_LEN(there); t++)
			if (strcmp(there[t].path, glimpses[i].path) == 0)
				tar = there[t].tar;
		if (gate_fixture_tar(arena, tar, &glimpses[i].fact) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static const struct gate_engine engine = {.get = get_fact, .look = gate_fixture_look};

/* One container, image, network and exec, under whatever name; no volume. */
static int get_any(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	static const struct {
		const char *prefix, *as;
	} kinds[] = {
		{"/v" GATE_API_VERSION "/containers/json?",
			"/v" GATE_API_VERSION "/" OWN_CONTAINERS("1000")},
		{"/v" GATE_API_VERSION "/containers/",
			"/v" GATE_API_VERSION "/containers/bare/json"},
		{"/v" GATE_API_VERSION "/images/",
			"/v" GATE_API_VERSION "/images/nginx/json"},
		{"/v" GATE_API_VERSION "/networks/",
			"/v" GATE_API_VERSION "/networks/mine"},
		{"/v" GATE_API_VERSION "/exec/",
			"/v" GATE_API_VERSION "/exec/" ID(1) "/json"},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strncmp(path, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
			path = kinds[i].as;
			break;
		}
	}
	return get_fact(context, path, arena, ret_fact, err);
}

const struct gate_engine gate_fixture_any = {.get = get_any, .look = gate_fixture_look};

void gate_fixture_init(struct gate_fixture *fixture)
{
	struct json_errors errors;
	struct err err = {0};

	arena_init(&fixture->arena, 0);
	json_errors_init(&errors);
	char *text = with_quotes(&fixture->arena, policy_text);
	if (policy_load_text("policy", text, strlen(text), &errors, &fixture->policy,
		    &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	json_errors_done(&errors);
}

void gate_fixture_done(struct gate_fixture *fixture)
{
	policy_free(fixture->policy);
	arena_done(&fixture->arena);
}

int gate_fixture_setup(void **state)
{
	struct gate_fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	gate_fixture_init(fixture);
	*state = fixture;
	return 0;
}

int gate_fixture_teardown(void **state)
{
	gate_fixture_done(*state);
	free(*state);
	return 0;
}

struct gate_context gate_fixture_context(
	struct gate_fixture *fixture, const char *user, bool with_engine)
{
	const struct gate_caller *caller = NULL;
	const struct grant *grant;

	for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
		if (strcmp(callers[i].user.name, user) == 0)
			caller = &callers[i];
	}
	assert(caller);
	grant = policy_grant(fixture->policy, &caller->user);
	return (struct gate_context){
		.policy = fixture->policy,
		.profile = grant ? grant->profile : NULL,
		.caller = caller,
		.today = 20261130,
		.engine = with_engine ? &engine : NULL,
	};
}

void gate_fixture_run(struct gate_fixture *fixture, const struct gate_case *test,
	struct gate_decision *ret_decision)
{
	const struct gate_context context =
		gate_fixture_context(fixture, test->user, !test->no_engine);
	const char *body = !test->body || test->raw
				   ? test->body
				   : with_quotes(&fixture->arena, test->body);
	const struct gate_request request = {
		.method = test->method,
		.target = test->path,
		.target_len = strlen(test->path),
		.content_type = test->type ? test->type
				: body	   ? "application/json"
					   : NULL,
		.upgrade = test->upgrade,
		.has_body = body != NULL,
		.body = body,
		.body_len = test->len ? test->len
			    : body    ? strlen(body)
				      : 0,
	};

	gate_filter(&context, &request, &fixture->arena, ret_decision);
}

void gate_fixture_describe(struct jsonw *out)
{
	struct arena arena;

	arena_init(&arena, 0);
	const char *policy = with_quotes(&arena, policy_text);
	jsonw_key(out, "policy");
	jsonw_raw(out, policy, strlen(policy));
	jsonw_member_object(out, "users");
	for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
		jsonw_member_array(out, callers[i].user.name);
		jsonw_uint(out, callers[i].user.uid);
		jsonw_string(out, callers[i].home);
		jsonw_array_end(out);
	}
	jsonw_object_end(out);
	arena_done(&arena);
}
