# SPDX-License-Identifier: Apache-2.0
"""Connects with Python's ssl: connect.py ROOT HOST PORT [CRL]. Prints "ok", or the reason for a refusal."""

import socket
import ssl
import sys

root, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.create_default_context(cafile=root)
context.verify_flags |= ssl.VERIFY_X509_STRICT
if len(sys.argv) > 4:
    # Leaves live for a day and have no list of their own: only the CAs above them can be revoked.
    context.load_verify_locations(sys.argv[4])
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
try:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=host) as tls:
            print("ok", tls.version())
except ssl.SSLError as error:
    print("refused:", error)
    sys.exit(1)
