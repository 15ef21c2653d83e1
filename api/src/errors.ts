// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const API_ERRORS = {
  ERR_API_DURATION: ['rejected', 'text is not a duration such as 5s, 24h or P14D'],
  ERR_API_BYTE_SIZE: ['rejected', 'text is not a size such as 64KiB, 1GiB or 1000000'],
  ERR_API_HOSTNAME: ['rejected', 'text is not a DNS name as in RFC 1123'],
  ERR_API_HOST_PORT: ['rejected', 'text is not an address with a port, such as 127.0.0.1:5432'],
  ERR_API_ADDRESS_RANGE: ['rejected', 'text is not an IP address or range such as 10.0.0.0/8'],
  ERR_API_UPSTREAM: ['rejected', 'text is not an upstream that the mode of the route can reach'],
  ERR_API_HEALTH_CHECK: ['rejected', 'text is not a URL or address that a health check can ask'],
  ERR_API_IMAGE_REFERENCE: ['rejected', 'image reference is malformed or not pinned by digest'],
  ERR_API_VOLUME: ['rejected', 'text is not a volume as host:container or host:container:ro'],
  ERR_API_USER: ['rejected', 'text is not a numeric user and group as uid:gid'],
} as const;

/** A code of {@link ApiError}. */
export type ApiErrorCode = keyof typeof API_ERRORS;

/** Text that does not have the form a contract asks for. */
export class ApiError extends CodedError<ApiErrorCode> {
  constructor(code: ApiErrorCode, message: string, details?: ErrorDetails) {
    super(code, API_ERRORS[code][0], message, details);
  }
}
