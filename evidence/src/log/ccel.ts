// SPDX-License-Identifier: Apache-2.0
import { copyBytes, isAllZero } from '../bytes/bytes.ts';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { fromUtf8 } from '../bytes/utf8.ts';
import { asSha384, type Sha384 } from '../bytes/fixed-bytes.ts';
import { EvidenceError } from '../errors.ts';

/**
 * Largest event log: the firmware's area has 64 to 256 KiB; 4 MiB is what verifiers of RA-TLS v1
 * take.
 */
export const MAX_EVENT_LOG_BYTES: number = 4 * 1024 * 1024;

/**
 * Event type that carries information and extends nothing (TCG PC Client Platform Firmware Profile,
 * section 10.4.1).
 */
export const EV_NO_ACTION = 3;

/** Registers of a TD by the number that the log uses (UEFI 2.10, section 38.4.1). */
const REGISTERS = ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3'] as const;

/** A register that an event extends. */
export type CcelRegister = (typeof REGISTERS)[number];

/** A digest and the TCG number of its algorithm. */
export interface CcelDigest {
  readonly algorithm: number;
  readonly digest: Uint8Array;
}

/**
 * One event of the firmware's log.
 *
 * Only the digests are evidence, once they replay to the registers of a quote. For many event types
 * the digest is not that of `data`, so whatever `data` says is unproven.
 */
export interface CcelEvent {
  readonly register: CcelRegister;
  readonly type: number;
  /** Every digest, SHA-384 among them. */
  readonly digests: readonly CcelDigest[];
  /** What is extended into the register. */
  readonly sha384: Sha384;
  readonly data: Uint8Array;
}

/** TCG_ALG_SHA384 (TCG Algorithm Registry, table 3). */
const ALGORITHM_SHA384 = 0x000c;

const SPEC_ID_SIGNATURE = 'Spec ID Event03\0';

/** Longest digest: SHA-512. */
const MAX_DIGEST_BYTES = 64;

/**
 * Reads the event log that firmware leaves in the CCEL area (TCG PC Client Platform Firmware
 * Profile, section 10).
 *
 * @param bytes the log, with or without the padding of 00 or FF that fills its area
 * @returns the events after the header, also those that extend nothing
 * @throws EvidenceError `ERR_EVENT_LOG_TOO_LARGE`, `ERR_EVENT_LOG_INVALID`
 */
export function parseCcel(bytes: Uint8Array): CcelEvent[] {
  if (bytes.length > MAX_EVENT_LOG_BYTES) {
    throw new EvidenceError('ERR_EVENT_LOG_TOO_LARGE', 'event log is too large', {
      expected: `at most ${MAX_EVENT_LOG_BYTES} bytes`,
      seen: `${bytes.length} bytes`,
    });
  }
  const cursor = new ByteCursor(copyBytes(bytes), 'event log', 'ERR_EVENT_LOG_INVALID');
  const digestSizes = readHeader(cursor);
  const events: CcelEvent[] = [];
  while (!atEnd(cursor)) events.push(readEvent(cursor, digestSizes));
  return events;
}

// The first record still has the SHA-1 form, so that old readers can tell what follows.
function readHeader(cursor: ByteCursor): ReadonlyMap<number, number> {
  const register = cursor.number(4);
  const type = cursor.number(4);
  cursor.take(20);
  const body = cursor.part(cursor.number(4), 'header of the event log');
  // The register of this record has no meaning: it extends nothing. Firmware writes 0 or 1.
  if (type !== EV_NO_ACTION || register > 1) {
    throw invalid('event log does not begin with a header', 'EV_NO_ACTION', `type ${type}`);
  }
  if (signature(body.take(16)) !== SPEC_ID_SIGNATURE) {
    throw invalid('event log has another signature', JSON.stringify(SPEC_ID_SIGNATURE));
  }
  // Platform class, versions and the size of UINTN: of no consequence for what follows.
  body.take(8);
  const digestSizes = readAlgorithms(body);
  body.take(body.number(1));
  if (body.left !== 0) {
    throw invalid('header of the event log is too long', 'no more bytes', body.left);
  }
  return digestSizes;
}

function readAlgorithms(body: ByteCursor): ReadonlyMap<number, number> {
  const count = body.number(4);
  const sizes = new Map<number, number>();
  // The record, which is of known size, ends long before a large count does.
  for (let index = 0; index < count; index += 1) {
    const [algorithm, size] = [body.number(2), body.number(2)];
    if (sizes.has(algorithm) || size > MAX_DIGEST_BYTES) {
      throw invalid(
        'event log names an algorithm twice or with a wrong size',
        'each once',
        algorithm,
      );
    }
    sizes.set(algorithm, size);
  }
  if (sizes.get(ALGORITHM_SHA384) !== 48) {
    throw invalid('event log does not use SHA-384', 'algorithm 0x000c with 48 bytes');
  }
  return sizes;
}

// The log has no length of its own: it ends where the filling of its area begins.
function atEnd(cursor: ByteCursor): boolean {
  // Register and type zero, or the register number that marks the end: no event has either.
  const next = cursor.slice(cursor.offset, cursor.offset + 8);
  const [filler] = next;
  const ends = isAllZero(next) || next.subarray(0, 4).every((octet) => octet === 0xff);
  if (!ends) return false;
  // Something behind the filling would be an event for a reader that skips it, and none for one
  // that stops.
  if (!cursor.take(cursor.left).every((octet) => octet === filler)) {
    throw invalid('bytes follow the end of the event log', 'only 00 or only ff');
  }
  return true;
}

function readEvent(cursor: ByteCursor, digestSizes: ReadonlyMap<number, number>): CcelEvent {
  const register = readRegister(cursor.number(4));
  const type = cursor.number(4);
  const count = cursor.number(4);
  if (count !== digestSizes.size) {
    throw invalid('event has a wrong number of digests', String(digestSizes.size), count);
  }
  const digests: CcelDigest[] = [];
  for (let index = 0; index < count; index += 1) digests.push(readDigest(cursor, digestSizes));
  const byAlgorithm = new Map(digests.map(({ algorithm, digest }) => [algorithm, digest]));
  const sha384 = byAlgorithm.get(ALGORITHM_SHA384);
  // With two digests of one algorithm, readers could replay different ones.
  if (byAlgorithm.size !== count || sha384 === undefined) {
    throw invalid('event has two digests of one algorithm', 'one of each');
  }
  return {
    register,
    type,
    digests,
    sha384: asSha384(sha384),
    data: cursor.take(cursor.number(4)),
  };
}

function readRegister(index: number): CcelRegister {
  const register = REGISTERS[index];
  if (register === undefined) {
    throw invalid('event extends an unknown register', `0 to ${REGISTERS.length - 1}`, index);
  }
  return register;
}

function readDigest(cursor: ByteCursor, digestSizes: ReadonlyMap<number, number>): CcelDigest {
  const algorithm = cursor.number(2);
  const size = digestSizes.get(algorithm);
  if (size === undefined) {
    throw invalid(
      'event uses an algorithm that the header does not name',
      'one of the header',
      algorithm,
    );
  }
  return { algorithm, digest: cursor.take(size) };
}

function signature(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return '';
  }
}

function invalid(message: string, expected: string, seen?: string | number): EvidenceError {
  return new EvidenceError('ERR_EVENT_LOG_INVALID', message, {
    expected,
    ...(seen === undefined ? {} : { seen: String(seen) }),
  });
}
