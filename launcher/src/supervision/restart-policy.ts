// SPDX-License-Identifier: Apache-2.0
import type { RestartPolicy } from '@proofgate/api';
import { CodedError } from '@proofgate/evidence';
import type { ExitReason } from './exit-reason.ts';

/** Whether it ended as a program does that has done its work. */
export function isSuccess(reason: ExitReason): boolean {
  return reason.kind === 'exited' && reason.code === 0;
}

/**
 * Whether a policy has a workload started again.
 *
 * @param policy - of its configuration
 * @param reason - how it ended
 */
export function wantsRestart(policy: RestartPolicy['policy'], reason: ExitReason): boolean {
  // What was not even started has not ended: the moment may have been wrong, such as an engine that is being restarted.
  if (reason.kind === 'not-started') return !reason.final;
  switch (policy) {
    case 'always':
      return true;
    case 'on-failure':
      return !isSuccess(reason);
    case 'never':
      return false;
  }
}

/**
 * Why something was not even started. A refusal stays one however often it is repeated; everything else may have been the
 * moment's fault.
 */
export function notStarted(error: unknown): ExitReason {
  if (isCoded(error)) {
    const { code, message, family } = error;
    return { kind: 'not-started', code, message, final: family === 'rejected' };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'not-started', code: 'ERR_LAUNCHER_START_FAILED', message, final: false };
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}
