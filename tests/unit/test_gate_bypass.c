/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known bypasses of filters before an engine, and those of the engine itself. */
#include <string.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

#define ID1    "1111111111111111111111111111111111111111111111111111111111111111"
#define KELVIN "\xe2\x84\xaa"
#define LONG_S "\xc5\xbf"

#define CREATE(title, text, rule, ...)                                              \
	{                                                                           \
		.name = "3." title, .user = "alice", .method = "POST",              \
		.path = "/v1.41/containers/create", .body = (text), .want = (rule), \
		##__VA_ARGS__                                                       \
	}
/* Of one whose profile lets containers run as anybody. */
#define CREATE_ANY(title, text, rule)                                              \
	{                                                                          \
		.name = "3." title, .user = "rita", .method = "POST",              \
		.path = "/v1.41/containers/create", .body = (text), .want = (rule) \
	}
#define GET(title, target, rule, ...)                                 \
	{                                                             \
		.name = "3." title, .user = "alice", .method = "GET", \
		.path = (target), .want = (rule), ##__VA_ARGS__       \
	}
#define POST(title, target, text, rule, ...)                                    \
	{                                                                       \
		.name = "3." title, .user = "alice", .method = "POST",          \
		.path = (target), .body = (text), .want = (rule), ##__VA_ARGS__ \
	}
#define OPENED_64 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static const struct gate_case cases[] = {
	/* The engine's own flaws that a request makes use of */
	POST("CVE-2024-41110.no-body", "/v1.41/containers/create", NULL,
		"body-missing"),
	POST("CVE-2024-41110.empty-body", "/v1.41/containers/create", "",
		"body-missing"),
	POST("CVE-2024-41110.exec", "/v1.41/containers/mine/exec", NULL,
		"body-missing"),
	{.name = "3.CVE-2018-15664.archive-through-binds",
		.user = "alice",
		.method = "GET",
		.path = "/containers/pinned/archive?path=/src/link",
		.want = "archive-mounts"},
	POST("checkpoint-traversal", "/v1.41/containers/mine/start?checkpoint=../../x",
		NULL, "query-key-unknown"),
	GET("CVE-2024-8244.changes", "/containers/bare/changes", "changes-race"),
	GET("CVE-2026-41568.cp-mount-race", "/containers/mine/archive?path=/x",
		"archive-mounts"),
	CREATE("CVE-2024-21626.working-directory",
		"{'Image':'nginx','WorkingDir':'/proc/self/fd/8'}",
		"create-working-dir"),
	CREATE("CVE-2024-21626.working-directory-dots",
		"{'Image':'nginx','WorkingDir':'/x/../proc/self/fd/8'}",
		"create-working-dir"),
	CREATE("CVE-2024-21626.image", "{'Image':'leaking'}", "create-image"),
	POST("CVE-2024-21626.image-meanwhile", "/v1.41/containers/leaking/start", NULL,
		"container-working-dir"),
	POST("CVE-2024-21626.exec", "/v1.41/containers/leaking/exec", "{'Cmd':['id']}",
		"container-working-dir"),
	/* Places that root makes below what its owner can change meanwhile. */
	CREATE("CVE-2024-45310.volumes",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a','/a/b/c']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.mounts",
		"{'Image':'nginx','HostConfig':{'Mounts':[{'Type':'volume','Target':'/"
		"a/"
		"b'},{'Type':'bind','Source':'/srv/data','Target':'/a/',"
		"'ReadOnly':true}]}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.tmpfs-in-volume",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a'],'Tmpfs':{'/a/b':''}"
		"}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.tmpfs-mount-in-volume",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a'],'Mounts':[{'Type':"
		"'tmpfs','Target':'/a/b'}]}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.anonymous",
		"{'Image':'nginx','Volumes':{'/a/b':{}},'HostConfig':{'Binds':['mine:/"
		"a']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.of-image",
		"{'Image':'storing','HostConfig':{'Binds':['mine:/data']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.usual-link",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/run','/var/run/x']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.usual-link-hidden",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/var','/var/run/x']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.joined-shm",
		"{'Image':'nginx','HostConfig':{'IpcMode':'container:mine','Tmpfs':{'/"
		"dev/shm/a':''}}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.none.own-shm",
		"{'Image':'nginx','HostConfig':{'IpcMode':'shareable','Tmpfs':{'/dev/"
		"shm/a':''}}}",
		"allow"),
	CREATE("CVE-2024-45310.network-files",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/etc']}}",
		"mount-nested"),
	/* The numbers of groups are names to runc before 1.3.0. */
	CREATE("groups.bind",
		"{'Image':'nginx','HostConfig':{'Binds':['/srv/users/alice/g:/etc/"
		"group'"
		"]}}",
		"mount-groups"),
	CREATE("groups.mount",
		"{'Image':'nginx','HostConfig':{'Mounts':[{'Type':'volume','Source':"
		"'mine','Target':'/etc/group'}]}}",
		"mount-groups"),
	CREATE("groups.volume", "{'Image':'nginx','Volumes':{'/etc/group/':{}}}",
		"mount-groups"),
	CREATE("groups.tmpfs",
		"{'Image':'nginx','HostConfig':{'Tmpfs':{'/etc':'size=1m'}}}",
		"mount-groups"),
	CREATE("groups.image", "{'Image':'grouping'}", "mount-groups"),
	POST("groups.meanwhile", "/v1.41/containers/grouping/start", NULL,
		"mount-groups"),
	CREATE_ANY("groups.any-user",
		"{'Image':'nginx','HostConfig':{'Tmpfs':{'/etc':'size=1m'}}}", "allow"),
	CREATE_ANY("groups.any-user-image", "{'Image':'grouping'}", "allow"),
	CREATE("groups.none",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/etc/groups']}}",
		"allow"),
	CREATE("CVE-2024-45310.volumes-from",
		"{'Image':'nginx','HostConfig':{'VolumesFrom':['mine'],'Binds':['/v/"
		"b']}}",
		"mount-nested"),
	CREATE("CVE-2024-45310.device",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a'],'Devices':[{"
		"'PathOnHost':'/dev/ttyUSB0','PathInContainer':'/a/b/c'}]}}",
		"create-devices"),
	CREATE("CVE-2024-45310.device-dots",
		"{'Image':'nginx','HostConfig':{'Devices':[{'PathOnHost':'/dev/ttyUSB0'"
		",'PathInContainer':'/dev/../a/b'}]}}",
		"create-devices"),
	CREATE("CVE-2024-45310.device-in-shm",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/dev/shm'],'Devices':[{"
		"'PathOnHost':'/dev/ttyUSB0','PathInContainer':'/dev/shm/a/b'}]}}",
		"create-devices"),
	CREATE("CVE-2024-45310.device-nowhere",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a'],'Devices':[{"
		"'PathOnHost':'/dev/ttyUSB0'}]}}",
		"create-devices"),
	CREATE("CVE-2024-45310.device-empty",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/a'],'Devices':[{"
		"'PathOnHost':'/dev/ttyUSB0','PathInContainer':''}]}}",
		"create-devices"),
	POST("CVE-2024-45310.device-meanwhile", "/v1.41/containers/misplaced/start",
		NULL, "container-devices"),
	POST("CVE-2024-45310.meanwhile", "/v1.41/containers/nested/start", NULL,
		"mount-nested"),
	CREATE("CVE-2024-45310.none.side-by-side",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/data/d','mine:/b',"
		"'/bb/c','mine:/etc/app'],'Tmpfs':{'/t':''}}}",
		"allow"),
	CREATE("CVE-2024-45310.none.in-tmpfs",
		"{'Image':'nginx','HostConfig':{'Binds':['mine:/t/a'],'Tmpfs':{'/t':''}"
		"}}",
		"allow"),
	CREATE("VOLUME.kernel-path", "{'Image':'hiding'}", "create-image"),
	POST("VOLUME.kernel-path-meanwhile", "/v1.41/containers/hiding/start", NULL,
		"container-mounts"),
	CREATE("CVE-2024-21626.none", "{'Image':'nginx','WorkingDir':'/app/'}",
		"allow"),
	CREATE("CVE-2020-15257.host-network",
		"{'Image':'nginx','HostConfig':{'NetworkMode':'host'}}",
		"create-network-mode"),
	/* 1: folds of case and Unicode: Go takes all of these for known keys */
	CREATE("1.hostconfig", "{'Image':'nginx','hostconfig':{'Privileged':true}}",
		"body-key-unknown"),
	CREATE("1.HOSTCONFIG", "{'Image':'nginx','HOSTCONFIG':{'Privileged':true}}",
		"body-key-unknown"),
	CREATE("1.Kelvin-sign",
		"{'Image':'nginx','HostConfig':{'Networ" KELVIN "Mode':'host'}}",
		"body-key-unknown"),
	CREATE("1.long-s", "{'Image':'nginx','HostConfig':{'Bind" LONG_S "':['/:/x']}}",
		"body-key-unknown"),
	CREATE("1.Kelvin-sign-escaped",
		"{'Image':'nginx','HostConfig':{'Networ\\u212aMode':'host'}}",
		"body-key-unknown"),
	CREATE("1.escaped-key",
		"{'Image':'nginx','HostConfig':{'\\u0050rivileged':true}}",
		"create-privileged"),
	CREATE("1.escaped-value",
		"{'Image':'nginx','HostConfig':{'PidMode':'\\u0068ost'}}",
		"create-pid-mode"),
	CREATE("1.privileged-lower",
		"{'Image':'nginx','HostConfig':{'privileged':true}}",
		"body-key-unknown"),
	CREATE("1.value-null", "{'Image':'nginx','hostConfig':null}",
		"body-key-unknown"),
	CREATE("1.space-in-key", "{'Image':'nginx','HostConfig ':{}}",
		"body-key-unknown"),
	POST("1.exec", "/v1.41/containers/mine/exec",
		"{'Cmd':['id'],'privileged':true}", "body-key-unknown"),
	/* 2: keys given twice */
	CREATE("2.scalar-twice",
		"{'Image':'nginx','HostConfig':{'Privileged':false,'Privileged':true}}",
		"body-json"),
	CREATE("2.objects-merge",
		"{'Image':'nginx','HostConfig':{},'HostConfig':{'Privileged':true}}",
		"body-json"),
	CREATE("2.null-clears",
		"{'Image':'nginx','HostConfig':{'Binds':['/:/x'],'Binds':null}}",
		"body-json"),
	CREATE("2.stale-slice",
		"{'Image':'nginx','HostConfig':{'Mounts':[{'Type':'bind','Source':"
		"'/etc','Target':'/h'}],'Mounts':[{'Target':'/h2'}]}}",
		"body-json"),
	CREATE("2.escaped-twice",
		"{'Image':'nginx','HostConfig':{'Privileged':false,"
		"'\\u0050rivileged':true}}",
		"body-json"),
	CREATE("2.deep", "{'Image':'nginx','Labels':{'a':'1','a':'2'}}", "body-json"),
	/* 3: text behind the body */
	CREATE("3.garbage", "{'Image':'nginx'}garbage", "body-json"),
	CREATE("3.second-object", "{'Image':'nginx'}{'HostConfig':{'Privileged':true}}",
		"body-json"),
	CREATE("3.brace", "{'Image':'nginx'}}", "body-json"),
	CREATE("3.bracket", "{'Image':'nginx'}]", "body-json"),
	CREATE("3.blank", "{'Image':'nginx'} \n", "allow"),
	CREATE("3.array", "[{'Image':'nginx'}]", "body-json"),
	CREATE("3.text", "'nginx'", "body-json"),
	CREATE("3.null", "null", "body-json"),
	/* 4: UTF-8, surrogates, depth, numbers, NUL */
	CREATE("4.bad-UTF-8", "{'Image':'nginx','Env':['\xff']}", "body-json"),
	CREATE("4.overlong", "{'Image':'nginx','Env':['\xc0\xaf']}", "body-json"),
	CREATE("4.surrogate-bytes", "{'Image':'nginx','Env':['\xed\xa0\x80']}",
		"body-json"),
	CREATE("4.lone-surrogate", "{'Image':'nginx','Env':['\\ud800']}", "body-json"),
	CREATE("4.lone-low-surrogate", "{'Image':'nginx','Env':['\\udc00x']}",
		"body-json"),
	CREATE("4.NUL-escaped", "{'Image':'nginx\\u0000evil'}", "body-json"),
	CREATE("4.NUL-in-key", "{'Image':'nginx','HostConfig\\u0000':{}}", "body-json"),
	CREATE("4.NUL-raw", "{'Image':'ng\0inx'}", "body-json", .raw = true, .len = 17),
	CREATE("4.depth", "{'Image':'nginx','Cmd':" OPENED_64 OPENED_64 "",
		"body-json"),
	CREATE("4.number-real", "{'Image':'nginx','StopTimeout':1.0}", "body-type"),
	CREATE("4.number-exponent", "{'Image':'nginx','StopTimeout':1e1}", "body-type"),
	CREATE("4.number-huge", "{'Image':'nginx','StopTimeout':99999999999999999999}",
		"body-json"),
	CREATE("4.number-hex", "{'Image':'nginx','StopTimeout':0x10}", "body-json"),
	CREATE("4.number-plus", "{'Image':'nginx','StopTimeout':+1}", "body-json"),
	CREATE("4.number-zero", "{'Image':'nginx','StopTimeout':010}", "body-json"),
	CREATE("4.NaN", "{'Image':'nginx','StopTimeout':NaN}", "body-json"),
	CREATE("4.comment", "{'Image':'nginx'/**/}", "body-json"),
	CREATE("4.trailing-comma", "{'Image':'nginx',}", "body-json"),
	CREATE("4.BOM", "\xef\xbb\xbf{'Image':'nginx'}", "body-json"),
	CREATE("4.control", "{'Image':'ng\tinx'}", "body-json"),
	CREATE("4.escaped-slash",
		"{'Image':'nginx','HostConfig':{'Binds':"
		"['\\/etc:\\/x']}}",
		"create-binds"),
	/* 5: Content-Type */
	CREATE("5.charset", "{'Image':'nginx'}", "content-type",
		.type = "application/json; charset=utf-8"),
	CREATE("5.upper-case", "{'Image':'nginx'}", "content-type",
		.type = "Application/JSON"),
	CREATE("5.text", "{'Image':'nginx'}", "content-type", .type = "text/plain"),
	CREATE("5.empty", "{'Image':'nginx'}", "content-type", .type = ""),
	/* 6: forms, and the query itself */
	POST("6.form-rename", "/v1.41/containers/mine/rename?name=fromquery",
		"name=frombody", "content-type",
		.type = "application/x-www-form-urlencoded"),
	POST("6.form-case", "/v1.41/containers/mine/rename?name=fromquery",
		"name=frombody", "content-type",
		.type = "Application/X-WWW-Form-Urlencoded; charset=x"),
	POST("6.form-multipart", "/v1.41/containers/mine/rename?name=fromquery",
		"name=frombody", "content-type", .type = "multipart/form-data; x=y"),
	POST("6.body-of-no-form", "/v1.41/containers/mine/rename?name=fromquery",
		"name=frombody", "body-unexpected", .type = "text/plain"),
	POST("6.form-images-create", "/v1.41/images/create?fromImage=redis",
		"fromImage=evil", "content-type",
		.type = "application/x-www-form-urlencoded"),
	POST("6.form-kill", "/v1.41/containers/mine/kill", "signal=KILL",
		"content-type", .type = "application/x-www-form-urlencoded"),
	POST("6.form-build", "/v1.41/build", "remote=x", "route-power",
		.type = "application/x-www-form-urlencoded"),
	{.name = "3.6.form-build-granted",
		.user = "bea",
		.method = "POST",
		.path = "/v1.41/build?t=x",
		.body = "remote=x",
		.type = "application/x-www-form-urlencoded",
		.want = "content-type"},
	POST("6.form-without-body", "/v1.41/containers/mine/kill", NULL, "content-type",
		.type = "application/x-www-form-urlencoded"),
	GET("6.query-key-twice", "/v1.41/containers/json?all=0&all=1",
		"query-key-twice"),
	GET("6.query-key-twice-encoded", "/v1.41/containers/json?all=0&%61ll=1",
		"query-key-twice"),
	GET("6.semicolon", "/v1.41/containers/json?all=0;size=1", "request-target"),
	GET("6.key-case", "/v1.41/containers/json?All=1", "query-key-unknown"),
	GET("6.key-unknown", "/v1.41/containers/json?evil=1", "query-key-unknown"),
	GET("6.bool-yes", "/v1.41/containers/json?all=yes", "query-value"),
	GET("6.bool-2", "/v1.41/containers/json?all=2", "query-value"),
	GET("6.bool-true", "/v1.41/containers/json?all=true", "allow",
		.has = "?all=1&"),
	GET("6.bool-false", "/v1.41/containers/json?all=False", "allow",
		.has = "?all=0&"),
	GET("6.number", "/v1.41/containers/json?limit=1e9", "query-value"),
	GET("6.number-range", "/v1.41/containers/json?limit=99999999999",
		"query-value"),
	GET("6.bad-percent", "/v1.41/containers/json?all=%zz", "request-target"),
	GET("6.cut-percent", "/v1.41/containers/json?all=%1", "request-target"),
	GET("6.NUL", "/v1.41/containers/json?all=%00", "request-target"),
	GET("6.newline", "/v1.41/containers/json?all=%0d%0aX:1", "request-target"),
	GET("6.bad-UTF-8", "/v1.41/containers/json?filters=%ff", "request-target"),
	GET("6.key-without-name", "/v1.41/containers/json?=1", "request-target"),
	GET("6.empty-pair", "/v1.41/containers/json?all=1&&size=1", "request-target"),
	GET("6.filters-trailing",
		"/v1.41/containers/json?filters=%7B%7D%7B%22label%22%3A%5B%5D%7D",
		"query-filters"),
	GET("6.filters-twice",
		"/v1.41/containers/"
		"json?filters=%7B%22label%22%3A%5B%5D%2C%22label%22%3A"
		"%5B%5D%7D",
		"query-filters"),
	/* 7: paths */
	GET("7.versionless", "/containers/json", "allow",
		.has = "/v1.41/containers/json"),
	GET("7.newer-version", "/v1.51/containers/json", "allow",
		.has = "/v1.41/containers/json"),
	GET("7.older-version", "/v1.24/containers/json", "allow",
		.has = "/v1.41/containers/json"),
	GET("7.version-of-three", "/v1.41.0/containers/json", "route-unknown"),
	GET("7.version-2", "/v2.0/containers/json", "route-unknown"),
	GET("7.version-twice", "/v1.41/v1.41/containers/json", "route-unknown"),
	POST("7.percent-letter", "/v1.41/containers/%63reate", "{'Image':'nginx'}",
		"request-target"),
	POST("7.percent-slash", "/v1.41/containers%2fcreate", "{'Image':'nginx'}",
		"request-target"),
	GET("7.absolute-URI", "http://localhost/v1.41/containers/json",
		"request-target"),
	GET("7.authority", "//localhost/v1.41/containers/json", "request-target"),
	GET("7.double-slash", "/v1.41//containers/json", "request-target"),
	GET("7.dotdot", "/v1.41/images/../containers/json", "request-target"),
	GET("7.dot", "/v1.41/./containers/json", "request-target"),
	GET("7.percent-dotdot", "/v1.41/images/%2e%2e/containers/json",
		"request-target"),
	GET("7.double-encoding", "/v1.41/containers/%252e%252e/json", "request-target"),
	GET("7.double-encoded-letter", "/v1.41/containers%2563/json", "request-target"),
	GET("7.other-case", "/v1.41/Containers/json", "route-unknown"),
	GET("7.trailing-slash", "/v1.41/containers/json/", "request-target"),
	GET("7.backslash", "/v1.41/containers\\json", "request-target"),
	GET("7.blank", "/v1.41/containers/ json", "request-target"),
	GET("7.fragment", "/v1.41/containers/json#x", "request-target"),
	GET("7.semicolon", "/v1.41/containers;x/json", "request-target"),
	GET("7.NUL", "/v1.41/containers%00/json", "request-target"),
	GET("7.UTF-8", "/v1.41/containers/\xc3\xa4/json", "request-target"),
	GET("7.asterisk", "*", "request-target"),
	GET("7.root", "/", "request-target"),
	GET("7.version-alone", "/v1.41", "request-target"),
	GET("7.empty", "", "request-target"),
	GET("7.start-in-query", "/v1.41/containers/bobs/json?aaa=/start",
		"query-key-unknown"),
	GET("7.start-in-query-escaped", "/v1.41/containers/bobs/json?aaa=\\/start",
		"query-key-unknown"),
	GET("7.name-spans-slashes", "/v1.41/images/a/../../containers/x/json",
		"request-target"),
	GET("7.image-with-slashes",
		"/v1.41/images/registry.example.org:5000/team/app:1/json",
		"object-absent"),
	GET("7.image-digest-encoded",
		"/v1.41/images/"
		"nginx%40sha256%3Acccccccccccccccccccccccccccccccccccccccc"
		"cccccccccccccccccccccccc/json",
		"object-absent"),
	/* 8: HTTP/2 and upgrades to it */
	{.name = "3.8.PRI",
		.user = "olga",
		.method = "PRI",
		.path = "*",
		.want = "request-target"},
	GET("8.h2c", "/v1.41/containers/json", "upgrade", .upgrade = "h2c"),
	GET("8.grpc", "/grpc", "route-refused", .upgrade = "h2c"),
	POST("8.attach-h2c", "/v1.41/containers/mine/attach?stream=1", NULL, "upgrade",
		.upgrade = "h2c"),
	POST("8.attach-two", "/v1.41/containers/mine/attach?stream=1", NULL, "upgrade",
		.upgrade = "tcp, h2c"),
	/* 9: hijacking is for attach and exec start alone */
	GET("9.upgrade-of-get", "/v1.41/containers/json", "upgrade", .upgrade = "tcp"),
	GET("9.upgrade-of-logs", "/v1.41/containers/mine/logs?stdout=1", "upgrade",
		.upgrade = "tcp"),
	POST("9.upgrade-of-absent",
		"/v1.41/exec/"
		"777777777777777777777777777777777777777777777777777777777777"
		"7777/start",
		"{}", "object-absent", .upgrade = "tcp"),
	POST("9.session", "/session", NULL, "route-refused", .upgrade = "h2c"),
	POST("9.attach", "/v1.41/containers/mine/attach?stream=1", NULL, "allow",
		.upgrade = "tcp"),
	/* 10, 11: framing is serve's; what of it reaches the filter */
	GET("11.GET-with-body", "/v1.41/containers/json", "body-unexpected",
		.body = "x", .type = "text/plain"),
	{.name = "3.10.method-lower",
		.user = "alice",
		.method = "get",
		.path = "/containers/json",
		.want = "request-method"},
	{.name = "3.10.method-blank",
		.user = "alice",
		.method = "GET /x",
		.path = "/containers/json",
		.want = "request-method"},
	{.name = "3.10.method-empty",
		.user = "alice",
		.method = "",
		.path = "/containers/json",
		.want = "request-method"},
	/* 13: names and what they mean */
	POST("13.id-goes-on", "/containers/mine/start", NULL, "allow",
		.has = "/containers/" ID1 "/start", .lacks = "/mine"),
	POST("13.volume-made-anew", "/containers/stale/start", NULL, "volume-others"),
	POST("13.image-label", "/containers/forged/start", NULL, "container-others"),
	/* 14: links; the rest is serve's, which pins what is told */
	CREATE("14.dotdot",
		"{'Image':'nginx','HostConfig':{'Binds':"
		"['/srv/users/alice/../../etc:/x']}}",
		"create-binds"),
	CREATE("14.prefix",
		"{'Image':'nginx','HostConfig':{'Binds':"
		"['/srv/users/alicex:/x']}}",
		"create-binds"),
	CREATE("14.pinned",
		"{'Image':'nginx','HostConfig':{'Binds':"
		"['/srv/users/alice/link:/x']}}",
		"allow",
		.has = "'Source':'" GATE_PIN_DIR "/1000/rw/:srv:users:alice:link'"),
	CREATE("14.too-long",
		"{'Image':'nginx','HostConfig':{'Binds':['/srv/users/alice/"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:/x']}}",
		"create-binds"),
	/* 15 */
	CREATE("15.container-of-other",
		"{'Image':'nginx','HostConfig':{'NetworkMode':'container:bobs'}}",
		"container-others"),
	CREATE("15.container-id-of-other",
		"{'Image':'nginx','HostConfig':{'PidMode':'container:"
		"2222222222222222222"
		"222222222222222222222222222222222222222222222'}}",
		"container-others"),
	{.name = "3.15.raw-LLB",
		.user = "olga",
		.method = "POST",
		.path = "/v1.41/build?version=2",
		.body = "tar",
		.type = "application/x-tar",
		.want = "query-value"},
	{.name = "3.15.TaskTemplate.Networks",
		.user = "olga",
		.method = "POST",
		.path = "/v1.41/services/create",
		.body = "{}",
		.want = "route-refused"},
};

int main(int argc, char *argv[])
{
	return gate_fixture_main(argc, argv, "gate_bypass", cases, ARRAY_LEN(cases));
}
