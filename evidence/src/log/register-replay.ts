// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes/bytes.ts';
import { asSha384, type Sha384 } from '../bytes/fixed-bytes.ts';
import { EvidenceError } from '../errors.ts';
import { sha384 } from '../hashes.ts';
import { EV_NO_ACTION, type CcelEvent } from './ccel.ts';

/** Values of the four run-time measurement registers. */
export interface RegisterValues {
  readonly rtmr0: Sha384;
  readonly rtmr1: Sha384;
  readonly rtmr2: Sha384;
  readonly rtmr3: Sha384;
}

/**
 * A register that nothing has extended yet: 48 zero bytes. Shared: copy it before you write to it.
 */
export const EMPTY_REGISTER: Sha384 = emptyRegister();

/** A register that nothing has extended yet, for the caller alone. */
export function emptyRegister(): Sha384 {
  return asSha384(new Uint8Array(48));
}

/**
 * Extends a register: SHA-384(register || digest), as TDG.MR.RTMR.EXTEND does.
 *
 * @param digest 48 bytes
 * @throws EvidenceError `ERR_BYTES_LENGTH`
 */
export function extendRegister(register: Uint8Array, digest: Uint8Array): Sha384 {
  return sha384(concatBytes(asSha384(register), asSha384(digest)));
}

/**
 * Computes what the registers hold after the events of a log.
 *
 * Compare all four with those of a quote: an empty log replays as well, to zeros.
 *
 * @throws EvidenceError `ERR_EVENT_LOG_INVALID` when an event extends MRTD, which only the TDX
 * module can
 * @example
 * ```ts
 * const { rtmr0 } = replayEvents(parseCcel(log));
 * if (!equalBytes(rtmr0, quote.body.rtmr[0])) throw new Error('log does not belong to quote');
 * ```
 */
export function replayEvents(events: readonly CcelEvent[]): RegisterValues {
  const values = {
    rtmr0: emptyRegister(),
    rtmr1: emptyRegister(),
    rtmr2: emptyRegister(),
    rtmr3: emptyRegister(),
  };
  for (const { register, sha384: digest, type } of events) {
    if (type === EV_NO_ACTION) continue;
    if (register === 'mrtd') {
      throw new EvidenceError('ERR_EVENT_LOG_INVALID', 'event claims to extend MRTD', {
        expected: 'rtmr0 to rtmr3',
        seen: `event type 0x${type.toString(16)}`,
      });
    }
    values[register] = extendRegister(values[register], digest);
  }
  return values;
}
