// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';

/**
 * What the client is told about an error of the HTTP parser or of its deadlines.
 *
 * @returns `undefined` when the connection itself failed, so that nobody can be told
 */
export function parserFailure(error: Error): ProxyError | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProxyError('ERR_PROXY_REQUEST_TIMEOUT', 'head took too long', { cause: error });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProxyError('ERR_PROXY_REQUEST_HEADERS_TOO_LARGE', 'head is too large', {
      cause: error,
    });
  }
  if (code.startsWith('HPE_')) {
    return new ProxyError('ERR_PROXY_REQUEST_MALFORMED', 'request is not valid HTTP', {
      seen: code,
      cause: error,
    });
  }
  return undefined;
}
