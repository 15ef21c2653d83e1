// SPDX-License-Identifier: Apache-2.0
import { TCB_STATUSES, type TcbStatus } from '../dcap/tcb-status.ts';
import type { JsonFields } from '../json/json-fields.ts';
import { parseIsoDuration } from './duration.ts';
import type { SnpTcbVersion } from '../snp/snp-tcb.ts';
import type { Grace, Policy } from './policy.ts';
import { checkKeys, checkNotEmpty, oneOf, readWords } from './policy-fields.ts';

const KEYS = ['accept', 'minimumEvaluationNumber', 'denyAdvisories', 'grace', 'minimumSnp'];
const DEFAULT_ACCEPT: readonly TcbStatus[] = ['UpToDate'];
const ADVISORY = /^[A-Z0-9-]{1,64}$/;
const status = oneOf(TCB_STATUSES);

/** Reads the `tcb` part of a policy; without it, only `UpToDate` is accepted. */
export function readTcbRules(fields: JsonFields): Policy['tcb'] {
  if (!fields.has('tcb')) {
    return {
      accept: DEFAULT_ACCEPT,
      minimumEvaluationNumber: undefined,
      denyAdvisories: [],
      grace: new Map(),
      minimumSnp: undefined,
    };
  }
  const tcb = fields.object('tcb');
  checkKeys(tcb, KEYS);
  return {
    accept: readWords(tcb, 'accept', status, TCB_STATUSES.join(', ')) ?? DEFAULT_ACCEPT,
    minimumEvaluationNumber: tcb.has('minimumEvaluationNumber')
      ? tcb.integer('minimumEvaluationNumber', 1, 0xffff_ffff)
      : undefined,
    denyAdvisories:
      readWords(
        tcb,
        'denyAdvisories',
        (text) => (ADVISORY.test(text) ? text : undefined),
        'advisory ids such as INTEL-SA-00615',
      ) ?? [],
    grace: readGrace(tcb),
    minimumSnp: tcb.has('minimumSnp') ? readSnpMinimum(tcb.object('minimumSnp')) : undefined,
  };
}

function readGrace(tcb: JsonFields): ReadonlyMap<TcbStatus, Grace> {
  if (!tcb.has('grace')) return new Map();
  const grace = tcb.object('grace');
  checkNotEmpty(grace);
  return new Map(
    [...grace.members.keys()].map((key) => [
      status(key) ?? grace.fail(key, TCB_STATUSES.join(', '), key),
      readOneGrace(grace, key),
    ]),
  );
}

function readOneGrace(grace: JsonFields, key: string): Grace {
  if (typeof grace.members.get(key) === 'string') return readAge(grace, key);
  const fields = grace.object(key);
  checkKeys(fields, ['until', 'duration']);
  if (fields.members.size !== 1) return grace.fail(key, 'either until or duration');
  if (fields.has('duration')) return readAge(fields, 'duration');
  return { kind: 'until', until: fields.time('until') };
}

function readAge(fields: JsonFields, name: string): Grace {
  const text = fields.string(name);
  const maxAgeMs = parseIsoDuration(text);
  if (maxAgeMs === undefined) return fields.fail(name, 'an ISO 8601 duration such as P90D');
  return { kind: 'age', maxAgeMs, text };
}

function readSnpMinimum(fields: JsonFields): SnpTcbVersion {
  checkKeys(fields, ['fmc', 'bootLoader', 'tee', 'snp', 'microcode']);
  return {
    ...(fields.has('fmc') ? { fmc: fields.integer('fmc', 0, 0xff) } : {}),
    bootLoader: fields.integer('bootLoader', 0, 0xff),
    tee: fields.integer('tee', 0, 0xff),
    snp: fields.integer('snp', 0, 0xff),
    microcode: fields.integer('microcode', 0, 0xff),
  };
}
