# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests and answers with a length: how heads and bodies are framed."""
import json
import re
import time

from checks import Checks, Failure, expect
from httplab import EVIL, LIST, answers, head, read_all, read_until, refused, status_of

case = Checks("e2e/gate-http/")


@case
def plain_request(w):
    w.engine.reset()
    out = w.talk(head(LIST, "Connection: close"))
    expect("it is answered", status_of(out) == 200 and out.endswith(b"[]"), out)
    asked = w.engine.bytes()
    expect("the engine is to close", b"\r\nConnection: close\r\n" in asked, asked)


@case
def head_is_made_anew_10(w):
    w.engine.reset()
    w.talk(head(LIST, "Connection: close", "X-Evil: 1", "Cookie: a", "User-Agent: evil"))
    expect("headers of the caller are dropped", b"vil" not in w.engine.bytes() and
           b"Cookie" not in w.engine.bytes(), w.engine.bytes())


@case
def framing_refused_10(w):
    post = "POST /v1.41/containers/create HTTP/1.1"
    js = "Content-Type: application/json"
    chunk = b"2\r\n{}\r\n0\r\n\r\n"
    te = "Transfer-Encoding: chunked"
    for what, data, status in [
            ("both framings", head(post, js, te, "Content-Length: 2") + chunk, (400,)),
            ("both, other order", head(post, js, "Content-Length: 2", te) + chunk, (400,)),
            ("two lengths", head(post, js, "Content-Length: 2", "Content-Length: 2")
             + b"{}", (400,)),
            ("two other lengths", head(post, js, "Content-Length: 2", "Content-Length: 9")
             + b"{}", (400,)),
            ("a list of lengths", head(post, js, "Content-Length: 2, 2") + b"{}", (400,)),
            ("a signed length", head(post, js, "Content-Length: +2") + b"{}", (400,)),
            ("a hex length", head(post, js, "Content-Length: 0x2") + b"{}", (400,)),
            ("a huge length", head(post, js, "Content-Length: 18446744073709551618")
             + b"{}", (400,)),
            ("an odd encoding", head(post, js, "Transfer-Encoding: gzip, chunked")
             + chunk, (400, 501)),
            ("identity", head(post, js, "Transfer-Encoding: identity") + chunk,
             (400, 501)),
            ("chunked twice", head(post, js, te, te) + chunk, (400, 501)),
            ("xchunked", head(post, js, "Transfer-Encoding: xchunked") + chunk,
             (400, 501)),
            ("blank before the colon", head(post, js, "Transfer-Encoding : chunked")
             + chunk, (400,)),
            ("a vertical tab", head(post, js, "Transfer-Encoding: \x0bchunked") + chunk,
             (400, 501)),
            ("a chunk extension", head(post, js, te) + b"2;a=b\r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a blank behind a size", head(post, js, te) + b"2 \r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a bare LF in chunks", head(post, js, te) + b"2\n{}\r\n0\r\n\r\n", (400,)),
            ("trailers", head(post, js, te) + b"2\r\n{}\r\n0\r\nX: y\r\n\r\n", (400,)),
            ("a size too large", head(post, js, te) + b"f" * 16 + b"\r\n{}", (400,)),
            ("a size without digits", head(post, js, te) + b"\r\n{}\r\n0\r\n\r\n",
             (400,)),
            ("a negative size", head(post, js, te) + b"-2\r\n{}\r\n0\r\n\r\n", (400,)),
            ("0x in a size", head(post, js, te) + b"0x2\r\n{}\r\n0\r\n\r\n", (400,))]:
        try:
            refused(w, data, status=status)
        except Failure as e:
            raise Failure("%s: %s" % (what, e)) from None


@case
def lines_refused_10(w):
    for what, data in [
            ("bare LF", b"GET /v1.41/containers/json HTTP/1.1\nHost: d\n\n"),
            ("one bare LF", b"GET /v1.41/containers/json HTTP/1.1\r\nHost: d\n\r\n"),
            ("obs-fold", head(LIST, "X: a", " b")),
            ("a fold before the first field", b"%s\r\n Host: d\r\n\r\n" % LIST.encode()),
            ("a bare CR", head(LIST, "X: a\rContent-Length: 5")),
            ("a NUL", head(LIST, "X: a\0b")),
            ("no colon", head(LIST, "nonsense")),
            ("an empty name", head(LIST, ": x")),
            ("an empty line first", b"\r\n" + head(LIST)),
            ("no Host", head(LIST, host=False)),
            ("two Hosts", head(LIST, "Host: other")),
            ("two blanks", head("GET  /v1.41/containers/json HTTP/1.1")),
            ("a tab", head("GET\t/v1.41/containers/json\tHTTP/1.1")),
            ("more words", head("GET /v1.41/containers/json x HTTP/1.1")),
            ("a high byte in the path", head("GET /v1.41/containers/j\xff HTTP/1.1")),
            ("an absolute target", head("GET http://d/v1.41/containers/json HTTP/1.1")),
            ("a star", head("OPTIONS * HTTP/1.1")),
            ("a small method", head("get /v1.41/containers/json HTTP/1.1"))]:
        try:
            refused(w, data)
        except Failure as e:
            raise Failure("%s: %s" % (what, e)) from None


@case
def versions_refused_8_11(w):
    refused(w, head("GET /v1.41/containers/json HTTP/1.0", "Connection: keep-alive"),
            status=(505,))
    refused(w, b"GET /v1.41/containers/json\r\n\r\n")
    refused(w, head("GET /v1.41/containers/json HTTP/1.2"), status=(400, 505))
    refused(w, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status=(400, 505))
    refused(w, head(LIST, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                    "HTTP2-Settings: AAMAAABkAAQAAP__"))
    refused(w, head(LIST, "Connection: Upgrade", "Upgrade: h2c"))


@case
def head_is_bounded_11(w):
    refused(w, head(LIST, "X: " + "a" * 70000), status=(431,))
    refused(w, head(LIST, *["X-%d: a" % i for i in range(200)]), status=(431, 400))
    refused(w, head("GET /v1.41/containers/json?x=" + "a" * 20000 + " HTTP/1.1"),
            status=(414,))


@case
def body_is_bounded_12(w):
    post = "POST /v1.41/containers/create HTTP/1.1"
    js = "Content-Type: application/json"
    refused(w, head(post, js, "Content-Length: 1048577"), status=(413,))
    refused(w, head(post, js, "Transfer-Encoding: chunked"),
            *[b"10000\r\n" + b" " * 65536 + b"\r\n"] * 17, status=(413,))
    refused(w, head(post, js, "Content-Length: 50") + b"{}", end=True, status=(408, 400))
    # No body where one is needed: CVE-2024-41110.
    refused(w, head(post, js, "Content-Length: 0"), status=(400,))


# ---------------------------------------------------------------- one behind the other
@case
def pipelining_11(w):
    w.engine.reset()
    out = w.talk(head(LIST) + EVIL)
    asked = w.engine.asked()
    # Whatever comes of the second: it is judged alone, by a connection of its own.
    expect("at most one request a connection",
           all(x.count(" HTTP/1.1") == 1 for x in asked), asked)
    expect("no byte behind the first", b"evil" not in b"".join(
        x for x in w.engine.bytes().split(b"\0") if x.startswith(b"GET")), asked)
    expect("the first is answered", status_of(out) == 200, out)


@case
def keep_alive_is_one_decision_each(w):
    w.engine.reset()
    before = len(w.decisions())
    with w.connect() as s:
        for _ in range(3):
            s.sendall(head(LIST))
            out = read_until(s, b"[]")
            expect("it is answered", status_of(out) == 200, out)
        s.sendall(head("GET /v1.41/nonsense HTTP/1.1"))
        out = read_all(s)
    expect("the fourth is refused", status_of(out) in (403, 404), out)
    expect("three requests, three connections", len(w.engine.connections) == 3,
           w.engine.asked())
    expect("four decisions", len(w.decisions()) - before == 4)


@case
def one_byte_writes(w):
    w.engine.reset()
    data = head(LIST, "Connection: close")
    out = w.talk(*[data[i:i + 1] for i in range(len(data))], pause=0.001)
    expect("it is answered", status_of(out) == 200, out)
    expect("one request", len(w.engine.asked()) == 1, w.engine.asked())
    post = head("POST /v1.41/containers/web/wait HTTP/1.1", "Connection: close",
                "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    out = w.talk(*[post[i:i + 1] for i in range(len(post))], pause=0.001)
    expect("a POST is decided", status_of(out) in (200, 400), out)


@case
def slow_head_is_ended(w):
    w.engine.reset()
    begin = time.monotonic()
    with w.connect() as s:
        s.sendall(b"GET /v1.41/containers/json HTTP/1.1\r\n")
        out = read_all(s)
    expect("it is refused", status_of(out) == 408, out)
    expect("within its time", time.monotonic() - begin < 15)
    expect("the engine hears nothing", w.engine.asked() == [])


@case
def early_close(w):
    w.engine.reset()
    for data in (b"GET /v1", head(LIST)[:-2], b""):
        out = w.talk(data, end=True)
        expect("nothing is answered or it is refused", status_of(out) in (0, 400), out)
    expect("the engine hears nothing", w.engine.asked() == [], w.engine.asked())
    expect("gate still serves", status_of(w.talk(head(LIST, "Connection: close"))) == 200)


@case
def expect_continue_11(w):
    w.engine.reset()
    with w.connect() as s:
        s.sendall(head("POST /v1.41/images/load HTTP/1.1", "Expect: 100-continue",
                       "Content-Type: application/x-tar", "Content-Length: 5",
                       "Connection: close"))
        out = read_until(s, b"\r\n\r\n")
        expect("gate asks for the body", out.startswith(b"HTTP/1.1 100 "), out)
        s.sendall(b"hello")
        out = read_all(s)
    expect("it is answered", status_of(out) == 200, out)
    asked = w.engine.bytes()
    expect("the engine is not asked to", b"Expect" not in asked and
           asked.endswith(b"\r\n\r\nhello"), asked)
    refused(w, head(LIST, "Expect: 200-ok"), status=(417,))


@case
def stream_is_framed_anew_10(w):
    w.engine.reset()
    load = "POST /v1.41/images/load HTTP/1.1"
    out = w.talk(head(load, "Content-Type: application/x-tar", "Connection: close",
                      "Transfer-Encoding: chunked") + b"3\r\nabc\r\n",
                 b"0000002\r\nde\r\n", b"0\r\n\r\n" + EVIL, pause=0.05)
    expect("it is answered", status_of(out) == 200 and answers(out) == 1, out)
    expect("the same body", re.search(rb"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n$",
                                      w.engine.bytes()), w.engine.bytes())
    w.engine.reset()
    w.talk(head(load, "Content-Type: application/x-tar", "Content-Length: 5") + b"hello"
           + EVIL, end=True)
    expect("nothing behind the body", b"evil" not in w.engine.bytes().split(b"hello")[1]
           .split(b"\0")[0], w.engine.bytes())


@case
def stream_cut_short_12(w):
    w.engine.reset()
    w.talk(head("POST /v1.41/images/load HTTP/1.1", "Content-Length: 10",
                "Content-Type: application/x-tar") + b"half", end=True)
    time.sleep(0.1)
    expect("the engine sees that it is cut", not w.engine.bytes().endswith(b"0\r\n\r\n"),
           w.engine.bytes())


@case
def get_with_a_body_11(w):
    refused(w, head(LIST, "Content-Length: 5") + b"hello")
    refused(w, head(LIST, "Content-Length: %d" % len(EVIL)) + EVIL)


# ---------------------------------------------------------------- the engine's answers
@case
def answers_are_framed_anew(w):
    w.engine.reset("chunks")
    out = w.talk(head(LIST, "Connection: close"))
    expect("chunks stay a body", out.endswith(b"0\r\n\r\n") and b"[1," in out, out)
    w.engine.reset("two")
    out = w.talk(head(LIST, "Connection: close"))
    expect("nothing behind the answer", b"EVIL" not in out, out)
    w.engine.reset("cut")
    out = w.talk(head(LIST, "Connection: close"))
    expect("cut stays cut", out.endswith(b"half") and b"Content-Length: 100" in out, out)
    for mode in ("switch", "both"):
        w.engine.reset(mode)
        out = w.talk(head(LIST, "Connection: close"))
        expect("%s is no answer" % mode, status_of(out) == 502, out)


@case
def engine_answers_before_the_body_is_read(w):
    """And closes: its answer counts, not that the rest could not be sent."""
    w.engine.reset("hasty")
    body = json.dumps({"Image": "x", "Env": ["A%d=%s" % (i, "x" * 900) for i in range(900)]}).encode()
    out = w.talk(head("POST /v1.41/containers/create HTTP/1.1", "Connection: close",
                      "Content-Type: application/json",
                      "Content-Length: %d" % len(body)) + body)
    expect("the engine's answer", status_of(out) == 200 and b"abab" in out, out)
