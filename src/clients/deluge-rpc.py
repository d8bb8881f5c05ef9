"""Calls methods of Deluge's daemon in order and prints the last one's result as JSON.

Standard input: {"port", "login": [user, password], "calls": [[method, arguments], ...]}.
Wire format: deluge/transfer.py, protocol version 1.
"""

import json, socket, ssl, struct, sys, zlib
import rencode

job = json.load(sys.stdin)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
link = context.wrap_socket(socket.create_connection(('127.0.0.1', job['port']), 10))

def read(size):
    data = b''
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            sys.exit('the daemon closed the connection')
        data += part
    return data

def call(number, method, arguments, options):
    body = zlib.compress(rencode.dumps(((number, method, arguments, options),)))
    link.sendall(struct.pack('!BI', 1, len(body)) + body)
    while True:
        _, size = struct.unpack('!BI', read(5))
        kind, answered, *rest = rencode.loads(zlib.decompress(read(size)), decode_utf8=True)
        if kind == 1 and answered == number:
            return rest[0]
        if kind == 2 and answered == number:
            sys.exit('%s failed: %s' % (method, rest))

call(0, 'daemon.login', job['login'], {'client_version': '2.0.3'})
for number, (method, arguments) in enumerate(job['calls'], 1):
    result = call(number, method, arguments, {})
print(json.dumps(result))
