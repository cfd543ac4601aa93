#!/usr/bin/env python3
"""liblumen_core from Python: a stream of ten pictures over a link that loses every ninth datagram.

Usage: lumen_core.py [path of liblumen_core.so]
"""
import ctypes as c
import sys

lib = c.CDLL(sys.argv[1] if len(sys.argv) > 1 else 'liblumen_core.so.1')
lib.lumen_strerror.restype = lib.lumen_core_version_string.restype = c.c_char_p
OK, NOTHING, MS = 0, 1, 1_000_000


class Struct(c.Structure):
    """Begins with its own size; see include/lumen_core.h for what the fields mean."""
    def __init__(self, **fields):
        super().__init__(struct_size=c.sizeof(self), **fields)


def struct(name, *fields):
    return type(name, (Struct,), {'_fields_': [('struct_size', c.c_uint32), *fields]})


def of(ctype, *names):
    return [(name, ctype) for name in names]


Train = struct('Train', *of(c.c_uint32, 'flags'), *of(c.c_void_p, 'bytes'), *of(c.c_size_t, 'datagram_bytes', 'datagrams'),
               *of(c.c_int64, 'due_ns'))
Datagram = struct('Datagram', *of(c.c_uint32, 'reserved'), *of(c.c_void_p, 'bytes'), *of(c.c_size_t, 'size_bytes'))
AccessUnit = struct('AccessUnit', *of(c.c_uint32, 'codec', 'kind', 'width', 'height', 'reserved'), *of(c.c_char_p, 'bytes'),
                    *of(c.c_size_t, 'size_bytes'), *of(c.c_int64, 'presented_ns', 'captured_ns', 'encoded_ns'))
Unit = struct('Unit', *of(c.c_uint32, 'flags', 'codec', 'kind', 'width', 'height'), *of(c.c_uint64, 'frame'),
              *of(c.c_void_p, 'bytes'), *of(c.c_size_t, 'size_bytes'),
              *of(c.c_int64, 'host_capture_ns', 'host_encode_ns', 'host_send_ns', 'received_ns', 'complete_ns'))


def check(result):
    if result < 0:
        raise RuntimeError(lib.lumen_strerror(result).decode())
    return result


def create(kind):
    """A session with default params but for the secret, which lies behind struct_size and session."""
    params, handle = (c.c_uint8 * 128)(), c.c_void_p()
    check(getattr(lib, f'lumen_{kind}_params_init')(params, c.c_size_t(len(params))))
    params[8:40] = range(32)
    check(getattr(lib, f'lumen_{kind}_create')(params, c.byref(handle)))
    return handle


def main():
    print(lib.lumen_core_version_string().decode())
    host, client, sent, received, count = create('host'), create('client'), {}, {}, 0
    train, datagram, unit, frame = Train(), Datagram(), Unit(), c.c_uint64()
    for now in range(MS, 400 * MS, MS):
        at = c.c_int64(now)
        while check(lib.lumen_client_next_datagram(client, c.byref(datagram), at)) == OK:
            up = c.create_string_buffer(c.string_at(datagram.bytes, datagram.size_bytes), datagram.size_bytes)
            check(lib.lumen_host_receive(host, up, c.c_size_t(len(up)), at))
        if now % (16 * MS) == 0 and len(sent) < 10:
            picture = bytes(i * (len(sent) + 3) % 251 for i in range(20_000))
            pushed = AccessUnit(codec=1, kind=0 if sent else 1, width=640, height=480, bytes=picture, size_bytes=len(picture))
            check(lib.lumen_host_push(host, c.byref(pushed), at, c.byref(frame)))
            sent[frame.value] = picture
        while check(lib.lumen_host_next(host, c.byref(train), at)) == OK:
            for i in range(train.datagrams):
                down = c.create_string_buffer(
                    c.string_at(train.bytes + i * train.datagram_bytes, train.datagram_bytes), train.datagram_bytes)
                count += 1
                if count % 9:  # the others are lost
                    check(lib.lumen_client_receive(client, down, c.c_size_t(len(down)), at))
        while check(lib.lumen_client_next_unit(client, c.byref(unit), at)) == OK:
            received[unit.frame] = c.string_at(unit.bytes, unit.size_bytes)
    lib.lumen_host_destroy(c.byref(host))
    lib.lumen_client_destroy(c.byref(client))
    print(f'{len(received)} of {len(sent)} pictures arrived, {count // 9} of {count} datagrams lost')
    return 0 if len(sent) == 10 and received == sent else 1


if __name__ == '__main__':
    sys.exit(main())
