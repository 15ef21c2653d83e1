// SPDX-License-Identifier: Apache-2.0
import type { FieldError } from '@proofgate/api';
import { LauncherError } from '../errors.ts';

/** A request whose fields are wrong, one by one or in relation to what is there already. */
export class InvalidFieldsError extends LauncherError {
  readonly errors: readonly FieldError[];

  constructor(
    code: 'ERR_LAUNCHER_REQUEST_INVALID' | 'ERR_LAUNCHER_REQUEST_REFUSED',
    errors: readonly FieldError[],
  ) {
    const told = errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('; ');
    super(code, told);
    this.errors = errors;
  }
}
