#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speaks just enough HTTP/2 to see what a server does to a client that is silent or a nuisance.

   h2probe.py PORT silent   connects and says nothing: how does the connection end?
   h2probe.py PORT deaf     shakes hands and answers no PING: what comes, and does it end?
   h2probe.py PORT pinging  pings without pause: what ends it?
Prints one line; a server that does nothing for ten seconds gets "nothing"."""
import socket, struct, sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PING, GOAWAY = 6, 7


def frame(kind, flags=0, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + bytes(4) + body


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def read_frame(sock):
    head = read_exactly(sock, 9)
    return head[3], head[4], read_exactly(sock, int.from_bytes(head[:3], "big"))


def silent(sock):
    while sock.recv(4096):
        pass
    return "closed"


def deaf(sock):
    sock.sendall(PREFACE + frame(4))
    pinged = False
    try:
        while True:
            kind, flags, _ = read_frame(sock)
            pinged |= kind == PING and not flags & 1
    except (EOFError, ConnectionResetError):
        return "pinged, closed" if pinged else "closed"


def pinging(sock):
    sock.sendall(PREFACE + frame(4))
    for _ in range(20):
        sock.sendall(frame(PING, 0, b"12345678"))
    while True:
        kind, _, body = read_frame(sock)
        if kind == GOAWAY:
            return "goaway %d %s" % (int.from_bytes(body[4:8], "big"), body[8:].decode())


try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as s:
        print({"silent": silent, "deaf": deaf, "pinging": pinging}[sys.argv[2]](s))
except socket.timeout:
    print("nothing")
