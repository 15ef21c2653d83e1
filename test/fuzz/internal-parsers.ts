// SPDX-License-Identifier: Apache-2.0

// Some parsers are no package's public entry: their callers authenticate the input first, or are a server. A fuzzer
// wants them alone, since behind a signature no changed input ever reaches them. Imported by their place in the tree,
// in this one file.
const [
  tcbInfo,
  qeIdentity,
  clientHello,
  proxyHeader,
  proxyErrors,
  requestScanner,
  responseScanner,
  contentDecoder,
  messageFields,
  requestFramingRule,
  requestRules,
  responseRules,
] = await Promise.all([
  import('../../verifier/src/dcap/tcb-info.ts'),
  import('../../verifier/src/dcap/qe-identity.ts'),
  import('../../proxy/src/tls/client-hello-reader.ts'),
  import('../../proxy/src/proxy-protocol/parse-proxy-header.ts'),
  import('../../proxy/src/errors.ts'),
  import('../../proxy/src/http1/request-scanner.ts'),
  import('../../proxy/src/http1/response-scanner.ts'),
  import('../../proxy/src/http1/content-decoder.ts'),
  import('../../proxy/src/http/message-fields.ts'),
  import('../../proxy/src/http/request-framing.ts'),
  import('../../proxy/src/http/request-rules.ts'),
  import('../../proxy/src/http/response-rules.ts'),
]);

export const { parseTcbInfo } = tcbInfo;
export const { parseQeIdentity } = qeIdentity;
export const { ClientHelloReader } = clientHello;
export const { parseProxyHeader, proxyHeaderLength } = proxyHeader;
/** Of the same module as the reader's. */
export const { ProxyError } = proxyErrors;

export const { scanRequest } = requestScanner;
export const { scanResponse } = responseScanner;
export const { ContentDecoder } = contentDecoder;
export const { readFields } = messageFields;
export const { requestFraming } = requestFramingRule;
export const { checkTarget } = requestRules;
export const { responseFraming } = responseRules;
