#!/usr/bin/env python3
"""Runs a command in a network of its own, whose only neighbour is a host behind a lossy relay.

  udp_relay.py [--loss PERCENT] [--burst MEAN] [--loss-up PERCENT] [--lossy PORTS] [--seed N] [--report FILE]
               [--host ADDRESS] [--tcp PORTS] [--udp PORTS] -- COMMAND...

The command sees the host at 127.0.0.1 with the host's own port numbers, so nothing in the protocol has to be
rewritten; that needs a network namespace (root, or `unshare -Ur`). With --listen ADDRESS there is no namespace:
the relay listens at that address instead, and the host must not be bound to it.

Datagrams of the ports in --lossy (default: all of --udp) are dropped, from host to client by --loss, the other way
by --loss-up, in bursts of --burst on average. The same seed drops the same datagrams of a flow.
Exit status: that of the command.
"""

import argparse
import ctypes
import fcntl
import json
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import threading

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x1 | 0x40


class Losses:
    """Two states, as Gilbert has it: in the lossy one everything is dropped."""

    def __init__(self, percent, burst, seed):
        share = percent / 100
        self.enter = share / ((1 - share) * burst) if share < 1 else 1.0
        self.stay = 1 - 1 / burst if share < 1 else 1.0
        self.random = random.Random(seed)
        self.losing = False
        self.passed = self.dropped = 0

    def drop(self):
        self.losing = self.random.random() < (self.stay if self.losing else self.enter)
        if self.losing:
            self.dropped += 1
        else:
            self.passed += 1
        return self.losing


class UdpPort:
    """One port of the host; a flow, with a source port of its own, for every client address."""

    def __init__(self, port, listener, options, lossy):
        self.port, self.listener, self.host = port, listener, options.host
        down, up = (options.loss, options.loss_up) if lossy else (0.0, 0.0)
        self.down = Losses(down, options.burst, f"{options.seed}/{port}/down")
        self.up = Losses(up, options.burst, f"{options.seed}/{port}/up")
        self.flows = {}

    def from_client(self, selector):
        data, client = self.listener.recvfrom(65536)
        flow = self.flows.get(client)
        if flow is None:
            flow = self.flows[client] = udp_socket()
            flow.connect((self.host, self.port))
            selector.register(flow, selectors.EVENT_READ, lambda _: self.from_host(flow, client))
        if not self.up.drop():
            send(flow.send, data)

    def from_host(self, flow, client):
        try:
            data = flow.recv(65536)
        except ConnectionRefusedError:
            return
        if not self.down.drop():
            send(lambda bytes_: self.listener.sendto(bytes_, client), data)


def udp_socket():
    result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        result.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    return result


def send(function, data):
    """A full queue or a closed port loses a datagram, as a network would."""
    try:
        function(data)
    except OSError:
        pass


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def carry(client, host, port):
    try:
        upstream = socket.create_connection((host, port))
    except OSError:
        client.close()
        return
    back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
    back.start()
    pump(client, upstream)
    back.join()
    client.close()
    upstream.close()


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


class Inside(threading.Thread):
    """Opens the sockets that the command will find, then runs it, both in a network namespace of this thread."""

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.tcp, self.udp = {}, {}
        self.ready = threading.Event()
        self.relaying = threading.Event()
        self.error = self.status = None

    def open_all(self):
        address = self.options.listen
        if not address:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "no network namespace may be made")
            bring_loopback_up()
            address = "127.0.0.1"
        for port in self.options.tcp:
            self.tcp[port] = socket.create_server((address, port))
        for port in self.options.udp:
            self.udp[port] = udp_socket()
            self.udp[port].bind((address, port))

    def run(self):
        try:
            self.open_all()
        except OSError as error:
            self.error = error
        self.ready.set()
        self.relaying.wait()
        if self.error is None:
            self.status = subprocess.call(self.options.command)


def ports(text):
    return [int(port) for port in text.split(",") if port]


def parse_options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--loss-up", type=float, default=0.0)
    parser.add_argument("--burst", type=float, default=1.0)
    parser.add_argument("--lossy", type=ports)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--listen")
    parser.add_argument("--tcp", type=ports, default=ports("47984,47989,48010"))
    parser.add_argument("--udp", type=ports, default=ports("47998,47999,48000"))
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def relay(inside, options):
    selector = selectors.DefaultSelector()
    lossy = options.udp if options.lossy is None else options.lossy
    udp = [UdpPort(port, listener, options, port in lossy) for port, listener in inside.udp.items()]
    for port in udp:
        selector.register(port.listener, selectors.EVENT_READ, port.from_client)

    def accept(listener, port):
        client, _ = listener.accept()
        threading.Thread(target=carry, args=(client, options.host, port), daemon=True).start()

    for port, listener in inside.tcp.items():
        selector.register(listener, selectors.EVENT_READ, lambda _, l=listener, p=port: accept(l, p))
    inside.relaying.set()
    while inside.is_alive():
        for key, _ in selector.select(0.2):
            key.data(selector)
    return {str(p.port): {"down": [p.down.passed, p.down.dropped], "up": [p.up.passed, p.up.dropped]} for p in udp}


def main():
    options = parse_options()
    if not options.listen and os.geteuid() != 0:
        os.execvp("unshare", ["unshare", "-Ur", sys.executable, *sys.argv])
    inside = Inside(options)
    inside.start()
    inside.ready.wait()
    if inside.error is not None:
        inside.relaying.set()
        sys.exit(f"udp_relay: {inside.error}")
    counts = relay(inside, options)
    if options.report:
        with open(options.report, "w", encoding="utf-8") as out:
            json.dump({"passed_and_dropped": counts}, out)
    sys.exit(inside.status)


if __name__ == "__main__":
    main()
