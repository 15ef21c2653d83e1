// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw, log, or send to a client. */
export const PROXY_ERRORS = {
  ERR_PROXY_PROTOCOL: [
    'rejected',
    'a connection that has to begin with a header of the PROXY protocol does not',
  ],
  ERR_PROXY_HELLO_MALFORMED: ['rejected', 'what a client sent first is not a TLS ClientHello'],
  ERR_PROXY_ALPN: ['rejected', 'a client speaks no version of HTTP that the host is limited to'],
  ERR_PROXY_HELLO_ILLEGAL: ['rejected', 'a ClientHello has a duplicate or contradictory field'],
  ERR_PROXY_HELLO_TOO_LARGE: ['rejected', 'a ClientHello is larger than the limit'],
  ERR_PROXY_HELLO_NAME: ['rejected', 'a ClientHello names no host, or one that is not served'],
  ERR_PROXY_HANDSHAKE_TIMEOUT: ['rejected', 'a TLS handshake took too long'],
  ERR_PROXY_HANDSHAKE_FAILED: ['rejected', 'a TLS handshake broke off'],
  ERR_PROXY_TOO_MANY_HELLOS: ['unavailable', 'too many connections are at their first bytes'],
  ERR_PROXY_TOO_MANY_CONNECTIONS: [
    'unavailable',
    'one client address, or one host, has too many open connections',
  ],
  ERR_PROXY_TOO_MANY_HANDSHAKES: [
    'unavailable',
    'one client address, or the clients of one host, open connections too fast',
  ],
  ERR_PROXY_TOO_MANY_REQUESTS: [
    'unavailable',
    'one client address, or the clients of one host, ask too often',
  ],
  ERR_PROXY_TOO_MUCH_CONTENT: [
    'unavailable',
    'one client address, or the clients of one host, send too much',
  ],
  ERR_PROXY_REQUEST_MALFORMED: ['rejected', 'a request is not valid HTTP/1.1'],
  ERR_PROXY_REQUEST_VERSION: ['rejected', 'a request is neither HTTP/1.0 nor HTTP/1.1'],
  ERR_PROXY_REQUEST_TARGET: ['rejected', 'a request target is not a path of this host'],
  ERR_PROXY_REQUEST_HOST: ['rejected', 'a request has no Host header, several, or a malformed one'],
  ERR_PROXY_REQUEST_MISDIRECTED: [
    'rejected',
    'a request names a host other than the one that this connection was attested for',
  ],
  ERR_PROXY_REQUEST_FRAMING: ['rejected', 'the length of a request cannot be told with certainty'],
  ERR_PROXY_REQUEST_UPGRADE: [
    'rejected',
    'a request asks for a protocol change that is not allowed',
  ],
  ERR_PROXY_REQUEST_EXPECTATION: [
    'rejected',
    'a request expects something other than 100-continue',
  ],
  ERR_PROXY_REQUEST_METHOD: ['rejected', 'this resource does not take the method'],
  ERR_PROXY_REQUEST_HEADERS_TOO_LARGE: ['rejected', 'a request head is larger than the limit'],
  ERR_PROXY_REQUEST_BODY_TOO_LARGE: ['rejected', 'a request body is larger than the limit'],
  ERR_PROXY_CONFIGURE_AMBIGUOUS: [
    'rejected',
    'a request could be taken for the one that configures the container, and is not exactly that',
  ],
  ERR_PROXY_CONFIGURATION_AWAITED: ['unavailable', 'container is awaiting initial configuration'],
  ERR_PROXY_REQUEST_TIMEOUT: ['rejected', 'a request did not arrive in time'],
  ERR_PROXY_REQUEST_ABORTED: ['rejected', 'the client went away before it had the answer'],
  ERR_PROXY_LOCAL_TIMEOUT: ['unavailable', 'the proxy took too long over an answer of its own'],
  ERR_PROXY_LOCAL_ANSWER: ['unavailable', 'the proxy could not make an answer of its own'],
  ERR_PROXY_EVIDENCE_REQUEST: ['rejected', 'a question for evidence is not one that is defined'],
  ERR_PROXY_EVIDENCE_MEDIA_TYPE: ['rejected', 'a question for evidence is not JSON'],
  ERR_PROXY_EVIDENCE_LEAF: [
    'rejected',
    'evidence is asked for a key that this connection was not opened with, or that is gone',
  ],
  ERR_PROXY_EVIDENCE_SESSION: ['rejected', 'nothing can be derived from the TLS session'],
  ERR_PROXY_EVIDENCE_CLIENT: ['rejected', 'evidence of a client is refused'],
  ERR_PROXY_PEER_REQUIRED: [
    'rejected',
    'clients of this host have to prove themselves first, at /.well-known/attestation',
  ],
  ERR_PROXY_PEER_EXPIRED: [
    'rejected',
    'the evidence of the client has expired: new one is taken at /.well-known/attestation',
  ],
  ERR_PROXY_PEER_REFUSED: ['rejected', 'the evidence of the client is refused'],
  ERR_PROXY_PEER_CHANGED: ['rejected', 'the client of a connection has become another one'],
  ERR_PROXY_PEER_BUSY: ['unavailable', 'too many clients are being verified'],
  ERR_PROXY_PEER_UNAVAILABLE: ['unavailable', 'the evidence of the client cannot be verified now'],
  ERR_PROXY_CLIENT_POLICY: ['misuse', 'what clients of a host have to prove cannot be read'],
  ERR_PROXY_EVIDENCE_BUSY: ['unavailable', 'too many sessions wait for evidence'],
  ERR_PROXY_EVIDENCE_RATE: [
    'unavailable',
    'one client address, or the clients of one host, ask for evidence too often',
  ],
  ERR_PROXY_EVIDENCE_QUOTE: ['unavailable', 'the platform made no quote'],
  ERR_PROXY_UPSTREAM_UNREACHABLE: ['unavailable', 'no connection to the upstream'],
  ERR_PROXY_UPSTREAM_CLOSED: [
    'unavailable',
    'the upstream closed the connection without an answer',
  ],
  ERR_PROXY_UPSTREAM_CANCELLED: ['unavailable', 'the upstream gave up its answer'],
  ERR_PROXY_UPSTREAM_REFUSED: ['unavailable', 'the upstream did not look at the request'],
  ERR_PROXY_UPSTREAM_OVERLOADED: ['unavailable', 'the upstream asks to be asked less'],
  ERR_PROXY_UPSTREAM_INVALID: [
    'unavailable',
    'the upstream answered with something that is not HTTP',
  ],
  ERR_PROXY_UPSTREAM_TIMEOUT: ['unavailable', 'the upstream did not answer in time'],
  ERR_PROXY_UPSTREAM_BUSY: [
    'unavailable',
    'too many requests wait for a connection to the upstream',
  ],
  ERR_PROXY_STATE_INVALID: ['rejected', 'a gateway state is not valid'],
  ERR_PROXY_STATE_STALE: ['rejected', 'a gateway state is not newer than the one in force'],
  ERR_PROXY_HOST_CONFLICT: ['rejected', 'a host is named twice'],
  ERR_PROXY_EVENT_LOG_BEHIND: [
    'unavailable',
    'the event log that the launcher pushed is not the one that the quote covers',
  ],
  ERR_PROXY_CA_NOT_MEASURED: [
    'unavailable',
    'the CA is not the one that the launcher has measured',
  ],
  ERR_PROXY_ADMIN_NOT_FOUND: ['rejected', 'the admin socket has no such resource'],
  ERR_PROXY_ADMIN_METHOD: [
    'rejected',
    'this resource of the admin socket does not take the method',
  ],
  ERR_PROXY_ADMIN_CONTENT: [
    'rejected',
    'a request to the admin socket has content that it must not have',
  ],
  ERR_PROXY_LISTEN: ['misuse', 'the listen address cannot be used'],
  ERR_PROXY_PRIVILEGES: ['misuse', 'a worker could not give up its privileges'],
  ERR_PROXY_WORKER_START: ['unavailable', 'a worker process did not start'],
  ERR_PROXY_IPC_MESSAGE: ['misuse', 'a message between primary and worker is not valid'],
} as const;

/** A code of {@link ProxyError}. */
export type ProxyErrorCode = keyof typeof PROXY_ERRORS;

/** A connection, request, state or configuration that the proxy refused, or an upstream that failed. */
export class ProxyError extends CodedError<ProxyErrorCode> {
  constructor(code: ProxyErrorCode, message: string, details?: ErrorDetails) {
    super(code, PROXY_ERRORS[code][0], message, details);
  }
}
