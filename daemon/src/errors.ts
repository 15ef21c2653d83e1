// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const DAEMON_ERRORS = {
  ERR_DAEMON_CONFIG_INVALID: [
    'rejected',
    'configuration file has problems; each is listed with its position',
  ],
  ERR_DAEMON_FILE_MISSING: ['rejected', 'file does not exist'],
  ERR_DAEMON_FILE_UNREADABLE: ['rejected', 'file cannot be read'],
  ERR_DAEMON_FILE_TOO_LARGE: ['rejected', 'file is larger than its limit'],
  ERR_DAEMON_FILE_WRITE: ['unavailable', 'file or directory cannot be written'],
  ERR_DAEMON_FILE_NOT_PRIVATE: ['rejected', 'file with a secret can be read or replaced by others'],
  ERR_DAEMON_JSON_INVALID: ['rejected', 'file or body is not valid JSON'],
  ERR_DAEMON_BACKOFF: ['misuse', 'backoff parameters are out of range'],
  ERR_DAEMON_WAIT_TIMEOUT: ['unavailable', 'condition did not come true in time'],
  ERR_DAEMON_LIFECYCLE: ['misuse', 'lifecycle was used out of order'],
  ERR_DAEMON_SOCKET_IN_USE: ['rejected', 'another process answers on the unix socket'],
  ERR_DAEMON_SOCKET_CROWDED: ['unavailable', 'there are too many connections to the unix socket'],
  ERR_DAEMON_SOCKET_PATH: ['rejected', 'path cannot hold a unix socket'],
  ERR_DAEMON_SOCKET_UNREACHABLE: ['unavailable', 'nothing answers on the unix socket'],
  ERR_DAEMON_SOCKET_TIMEOUT: ['unavailable', 'unix socket did not answer in time'],
  ERR_DAEMON_BODY_TOO_LARGE: ['rejected', 'body is larger than its limit'],
  ERR_DAEMON_CHILD_EXITED: ['unavailable', 'child process ended before it was ready'],
  ERR_DAEMON_CHILD_NOT_READY: ['unavailable', 'child process was not ready in time'],
  ERR_DAEMON_CHILD_STATE: ['misuse', 'child process was started twice'],
} as const;

/** A code of {@link DaemonError}. */
export type DaemonErrorCode = keyof typeof DAEMON_ERRORS;

/** A file, socket, process or setting that is not as the process needs it. */
export class DaemonError extends CodedError<DaemonErrorCode> {
  constructor(code: DaemonErrorCode, message: string, details?: ErrorDetails) {
    super(code, DAEMON_ERRORS[code][0], message, details);
  }
}
