// SPDX-License-Identifier: Apache-2.0
import type { CaOrder, OrderedList } from '@proofgate/ca/enrolment';
import type { OperatorCa } from '@proofgate/ca/operator';

import type { CommandContext } from '../context.ts';
import { unusable } from './input-file.ts';

/**
 * Works in the directory of a CA, with the directory locked for as long as it takes.
 *
 * @param directory - with `root.pem`
 * @param context - for the time
 * @param work - what to do
 * @returns what the work returns
 * @throws CliError `ERR_CLI_FILE` when there is no CA; CaError
 */
export async function withCa<T>(
  directory: string,
  context: CommandContext,
  work: (ca: OperatorCa) => Promise<T>,
): Promise<T> {
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const { openOperatorCa } = await import('@proofgate/ca/operator');
  const ca = await openOperatorCa(directory, context.now()).catch((error: unknown) => {
    throw unusable(error);
  });
  try {
    return await work(ca);
  } finally {
    await ca.close();
  }
}

/**
 * Has the service do something that runs in the directory of a CA: it holds the directory for as long as it lives.
 *
 * @param directory - of the CA
 * @param order - what to do
 * @returns what it did; `undefined` when no service runs there, so that the caller has to do it
 * @throws CaError with which the service refuses
 */
export async function throughService(
  directory: string,
  order: CaOrder,
): Promise<OrderedList | undefined> {
  const { orderFromService } = await import('@proofgate/ca/enrolment');
  return orderFromService(directory, order);
}
