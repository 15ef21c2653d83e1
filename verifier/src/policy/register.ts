// SPDX-License-Identifier: Apache-2.0

/** Every measurement that a policy can name, with the TEE that has it and its size in bytes. */
export const REGISTERS = {
  mrtd: { tee: 'tdx', size: 48 },
  rtmr0: { tee: 'tdx', size: 48 },
  rtmr1: { tee: 'tdx', size: 48 },
  rtmr2: { tee: 'tdx', size: 48 },
  rtmr3: { tee: 'tdx', size: 48 },
  measurement: { tee: 'sev-snp', size: 48 },
  mrenclave: { tee: 'sgx', size: 32 },
  mrsigner: { tee: 'sgx', size: 32 },
} as const;

/** Name of a measurement in policies and verdicts. */
export type Register = keyof typeof REGISTERS;

/** The names of all registers, in the order in which they are shown. */
// Sound: the keys of the table are exactly the members of Register.
export const REGISTER_NAMES: readonly Register[] = Object.keys(REGISTERS) as Register[];
