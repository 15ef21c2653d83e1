// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw or answer with. */
export const SIMULATOR_ERRORS = {
  ERR_SIMULATOR_OPTION: ['misuse', 'an option of the simulated platform has no possible value'],
  ERR_SIMULATOR_REPORT_DATA: ['misuse', 'report data must have exactly 64 bytes'],
  ERR_SIMULATOR_REGISTER: ['misuse', 'only RTMR2 and RTMR3 can be extended by a guest'],
  ERR_SIMULATOR_DIGEST: ['misuse', 'a register is extended with exactly 48 bytes'],
  ERR_SIMULATOR_REQUEST: ['misuse', 'a request to the simulated platform is malformed'],
  ERR_SIMULATOR_NOT_FOUND: ['misuse', 'the simulated platform has nothing under this path'],
  ERR_SIMULATOR_METHOD: ['misuse', 'the path exists, but not for this HTTP method'],
  ERR_SIMULATOR_TOO_LARGE: ['misuse', 'a request body exceeds its limit'],
  ERR_SIMULATOR_INTERNAL: ['unavailable', 'the simulated platform failed; its log says why'],
  ERR_SIMULATOR_SOCKET_IN_USE: ['misuse', 'another process answers on the socket'],
  ERR_SIMULATOR_SOCKET_PATH: ['misuse', 'the socket path is longer than the system allows'],
  ERR_SIMULATOR_LISTEN: ['unavailable', 'the service cannot listen on its address'],
  ERR_SIMULATOR_STATE: ['rejected', 'a saved simulated platform cannot be read'],
  ERR_SIMULATOR_STATE_EXPOSED: ['rejected', 'saved private keys can be read by other users'],
} as const;

/** A code of {@link SimulatorError}. */
export type SimulatorErrorCode = keyof typeof SIMULATOR_ERRORS;

/** The simulated platform cannot do what was asked. */
export class SimulatorError extends CodedError<SimulatorErrorCode> {
  constructor(code: SimulatorErrorCode, message: string, details?: ErrorDetails) {
    super(code, SIMULATOR_ERRORS[code][0], message, details);
  }
}
