// SPDX-License-Identifier: Apache-2.0
import { asSha384, extendRegister, type RuntimeRegisters } from '@proofgate/evidence';
import { SimulatorError } from './errors.ts';

/** The registers that a guest may extend; RTMR0 and RTMR1 belong to the firmware. */
export type GuestRegister = 2 | 3;

/** Bytes of a register and of what it is extended with. */
const DIGEST_BYTES = 48;

/**
 * The run-time measurement registers of one TD: an extension is irreversible, and nothing sets a register.
 */
export class RtmrBank {
  #registers: RuntimeRegisters;

  /** @param boot - the values after firmware and boot loader have run */
  constructor(boot: RuntimeRegisters) {
    this.#registers = boot;
  }

  /** The current values. */
  values(): RuntimeRegisters {
    const [rtmr0, rtmr1, rtmr2, rtmr3] = this.#registers;
    return [asSha384(rtmr0), asSha384(rtmr1), asSha384(rtmr2), asSha384(rtmr3)];
  }

  /**
   * Makes a register SHA-384(value ‖ digest).
   *
   * @param register - 2 or 3
   * @param digest - 48 bytes
   * @throws SimulatorError `ERR_SIMULATOR_REGISTER`, `ERR_SIMULATOR_DIGEST`
   */
  extend(register: GuestRegister, digest: Uint8Array): void {
    if (digest.length !== DIGEST_BYTES) {
      throw new SimulatorError(
        'ERR_SIMULATOR_DIGEST',
        `digest has ${digest.length} bytes, not ${DIGEST_BYTES}`,
        { expected: String(DIGEST_BYTES), seen: String(digest.length) },
      );
    }
    const [rtmr0, rtmr1, rtmr2, rtmr3] = this.#registers;
    switch (register) {
      case 2:
        this.#registers = [rtmr0, rtmr1, extendRegister(rtmr2, digest), rtmr3];
        return;
      case 3:
        this.#registers = [rtmr0, rtmr1, rtmr2, extendRegister(rtmr3, digest)];
        return;
      default:
        // Callers in JavaScript, and a cast, can still get here.
        throw new SimulatorError(
          'ERR_SIMULATOR_REGISTER',
          `register ${register} cannot be extended by a guest`,
          { expected: '2 or 3', seen: String(register) },
        );
    }
  }
}
