// SPDX-License-Identifier: Apache-2.0
import { CaError } from '@proofgate/ca';
import { CliError, describeFailure, EXIT, exitCodeOfFailure } from '@proofgate/cli';
import { ConfigError, DaemonError } from '@proofgate/daemon';
import { EvidenceError } from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';

const PROBLEM = { file: 'a.yaml', line: 3, column: 5, path: 'platform', message: 'is\u001b wrong' };

describe('exit codes', () => {
  it.for<[name: string, error: unknown, verdict: number, input: number, failure: number]>([
    ['usage', new CliError('ERR_CLI_USAGE', 'x'), 2, 2, 2],
    ['config', new ConfigError([PROBLEM]), 2, 2, 2],
    ['policy file', new VerifierError('ERR_POLICY_INVALID', 'x', {}, 'misuse'), 2, 2, 2],
    ['evidence', new VerifierError('ERR_CERT_EXPIRED', 'x'), 10, 2, 1],
    ['malformed evidence', new EvidenceError('ERR_PEM_INVALID', 'x'), 10, 2, 1],
    ['policy', new VerifierError('ERR_POLICY_DEBUG', 'x'), 11, 2, 1],
    ['network', new VerifierError('ERR_CONNECT_UNAVAILABLE', 'x', {}, 'unavailable'), 20, 20, 1],
    ['own CA', new CaError('ERR_CA_EXPIRED', 'x'), 1, 2, 1],
    ['own file', new DaemonError('ERR_DAEMON_FILE_NOT_PRIVATE', 'x'), 1, 2, 1],
    ['bug', new TypeError('x'), 1, 1, 1],
    ['no error', 'x', 1, 1, 1],
  ])('of %s', ([, error, verdict, input, failure]) => {
    expect(exitCodeOfFailure(error)).toBe(verdict);
    expect(exitCodeOfFailure(error, 'input')).toBe(input);
    expect(exitCodeOfFailure(error, 'failure')).toBe(failure);
  });

  it('are those that scripts know', () => {
    expect(EXIT).toEqual({
      ok: 0,
      internal: 1,
      usage: 2,
      evidenceRefused: 10,
      policyRefused: 11,
      unavailable: 20,
    });
  });
});

describe('what went wrong', () => {
  it('is told with its code, values and remedy, safe for a terminal', () => {
    const error = new VerifierError('ERR_CERT_HOSTNAME', 'a name\u001b[2J differs', {
      expected: 'a.example',
      seen: '\u202eb.example',
      hint: 'look again',
      cause: new Error('the\nreason'),
    });
    expect(describeFailure(error).split('\n')).toEqual([
      'ERR_CERT_HOSTNAME: a name\\u{1b}[2J differs',
      '  expected  a.example',
      '  seen      \\u{202e}b.example',
      '  hint      look again',
      '  because   the\\u{a}reason',
    ]);
  });

  it('in a config file is told a line each, with its position', () => {
    const second = { ...PROBLEM, line: 9, message: 'is missing' };
    expect(describeFailure(new ConfigError([second, PROBLEM])).split('\n')).toEqual([
      'ERR_DAEMON_CONFIG_INVALID: the config file cannot be used',
      'a.yaml:3:5: platform: is\\u{1b} wrong',
      'a.yaml:9:5: platform: is missing',
    ]);
  });

  it('inside of us is told with its stack', () => {
    expect(describeFailure(new TypeError('x'))).toMatch(/^internal error: TypeError: x\n +at /);
  });
});
