// SPDX-License-Identifier: Apache-2.0
import { SimulatorError } from '../errors.ts';
import { SOUND_VARIANTS, STATUS_VARIANTS } from './accepted-variants.ts';
import { CERTIFICATE_FAULTS } from './certificate-faults.ts';
import { COLLATERAL_FAULTS } from './collateral-faults.ts';
import { QUOTE_FAULTS } from './quote-faults.ts';
import type { SimulatedFault } from './simulated-fault.ts';

/**
 * Every deviation that a verifier must recognise, each alone in an otherwise sound platform, together with the sound
 * forms that it must accept. Ids are stable, so that results of different verifiers can be compared.
 */
export const SIMULATED_FAULTS: readonly SimulatedFault[] = [
  ...SOUND_VARIANTS,
  ...STATUS_VARIANTS,
  ...[...QUOTE_FAULTS, ...CERTIFICATE_FAULTS, ...COLLATERAL_FAULTS].toSorted(
    (a, b) => numberOf(a) - numberOf(b),
  ),
];

/**
 * Finds one deviation.
 *
 * @param id - such as `N7`
 * @returns the deviation
 * @throws SimulatorError `ERR_SIMULATOR_OPTION` when there is none
 */
export function simulatedFault(id: string): SimulatedFault {
  const fault = SIMULATED_FAULTS.find((each) => each.id === id);
  if (fault !== undefined) return fault;
  throw new SimulatorError('ERR_SIMULATOR_OPTION', `there is no simulated fault ${id}`);
}

function numberOf(fault: SimulatedFault): number {
  return Number(fault.id.slice(1));
}
