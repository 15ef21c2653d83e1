// SPDX-License-Identifier: Apache-2.0
import { AttesterError, errnoOf, type AttesterErrorCode } from '../errors.ts';

type Explanation = readonly [code: AttesterErrorCode, message: string, hint: string];

const NO_TEE: Explanation = [
  'ERR_ATTESTER_NO_TEE',
  'the kernel offers no attestation reports',
  'run in a TDX or SEV-SNP VM with Linux 6.7 or later, CONFIG_TSM_REPORTS and configfs mounted at ' +
    '/sys/kernel/config; on a machine without a TEE set `tee: simulated`',
];
const NO_PERMISSION: Explanation = [
  'ERR_ATTESTER_PERMISSION',
  'the kernel does not let this process make attestation reports',
  'run as root, or give the process access to /sys/kernel/config/tsm/report',
];
const OTHER_FAILURE: Explanation = [
  'ERR_ATTESTER_QUOTE_FAILED',
  'the kernel failed to make a report',
  'look at the kernel log of this VM',
];

/** What the system errors of a report directory mean and what to do, from the kernel's ABI and driver sources. */
const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  ['ENOENT', NO_TEE],
  ['ENXIO', NO_TEE],
  ['ENODEV', NO_TEE],
  ['EACCES', NO_PERMISSION],
  ['EPERM', NO_PERMISSION],
  ['EROFS', NO_PERMISSION],
  [
    'EINVAL',
    [
      'ERR_ATTESTER_INPUT_REFUSED',
      'the kernel refused the report data',
      'TDX and SEV-SNP take exactly 64 bytes; this kernel may expect another input',
    ],
  ],
  [
    'ETIMEDOUT',
    [
      'ERR_ATTESTER_QUOTE_TIMEOUT',
      'the host did not answer the kernel within its 30 s',
      'look at the quote generation service (QGS) of the host',
    ],
  ],
  [
    'EIO',
    [
      'ERR_ATTESTER_QUOTE_FAILED',
      'the host refused to make a report',
      'look at the quote generation service (QGS) of the host and at the registration of the machine',
    ],
  ],
]);

/**
 * Turns what a file operation below the report directory threw into an error that says what to do.
 *
 * @param error - anything that was thrown; an AttesterError is returned as it is
 * @returns the error to throw
 */
export function explainTsmError(error: unknown): AttesterError {
  if (error instanceof AttesterError) return error;
  const errno = errnoOf(error) ?? 'no system error';
  const [code, message, hint] = EXPLANATIONS.get(errno) ?? OTHER_FAILURE;
  return new AttesterError(code, `${message} (${errno})`, { seen: errno, hint, cause: error });
}

/**
 * The refusal of a machine that has no TEE.
 *
 * @returns the error to throw
 */
export function missingTee(): AttesterError {
  const [code, message, hint] = NO_TEE;
  return new AttesterError(code, message, { hint });
}
