#!/usr/bin/python3
"""dns.py - a name server that knows example.org: an address, SPF, DMARC.

usage: dns.py [NAME=TEXT]... [-- PROGRAM ARGUMENT...]

TXT records; listens on 127.0.0.1:53 (UDP): for as long as the program runs
where one is named, and ends with its status.
"""
import socket
import struct
import subprocess
import sys
import threading

words, program = sys.argv[1:], []
if "--" in words:
    end = words.index("--")
    words, program = words[:end], words[end + 1 :]
texts = dict(word.split("=", 1) for word in words)


def name_of(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    return ".".join(labels), at + 5


def rdata_of(name, kind):
    if kind == 1 and name == "example.org":
        return bytes([127, 0, 0, 1])
    if kind == 16 and name in texts:
        text = texts[name].encode()
        return bytes([len(text)]) + text
    return None


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))


def serve_one():
    query, caller = server.recvfrom(512)
    name, end = name_of(query)
    kind = struct.unpack(">H", query[end - 4 : end - 2])[0]
    rdata = rdata_of(name, kind)
    found = rdata is not None
    answer = query[:2] + struct.pack(
        ">HHHHH", 0x8180 if found else 0x8183, 1, int(found), 0, 0
    )
    answer += query[12:end]
    if found:
        answer += struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(rdata)) + rdata
    server.sendto(answer, caller)


def serve():
    while True:
        serve_one()


if program:
    threading.Thread(target=serve, daemon=True).start()
    sys.exit(subprocess.call(program))
serve()
