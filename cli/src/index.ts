// SPDX-License-Identifier: Apache-2.0
export { describeFailure, runCommandLine } from './command-line.ts';
export type { Surroundings } from './context.ts';
export { CLI_ERRORS, CliError, type CliErrorCode } from './errors.ts';
export { EXIT, exitCodeOfFailure } from './exit-codes.ts';
export { openTerminal, paint, type Style, type Terminal } from './output/terminal.ts';
export { table } from './output/table.ts';
