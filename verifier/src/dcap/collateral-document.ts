// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../errors.ts';
import { JsonFields, type FieldFailure } from '../json/json-fields.ts';
import { parseAuthenticJson } from '../json/authentic-json.ts';
import { descendingLevels } from './descending-levels.ts';
import type { IsvSvnLevel } from './isv-svn-level.ts';
import { COMPONENT_STATUSES } from './tcb-status.ts';

/** A level list of Intel's has at most 19 entries today. */
export const MAX_LEVELS = 256;
/** Advisories of one level; the longest list seen has 30. */
const MAX_ADVISORIES = 256;
const ADVISORY = /^[A-Z0-9-]{1,64}$/;
const MAX_ISV_SVN = 0xffff;

/** What TCB info and QE identity have in common. */
export interface DatedDocument {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly tcbEvaluationDataNumber: number;
}

/**
 * Opens a signed JSON document of Intel's PCS. Members we do not know are ignored: the document is authenticated, and
 * Intel adds members within a version.
 *
 * @throws VerifierError `ERR_DCAP_COLLATERAL_INVALID`
 */
export function openDocument(text: string, what: string): JsonFields {
  const fail: FieldFailure = (path, expected, seen) =>
    refuse('ERR_DCAP_COLLATERAL_INVALID', path, expected, seen);
  const value = parseAuthenticJson(text, (expected, seen) => fail(what, expected, seen));
  return new JsonFields(value, () => what, fail);
}

/** Reads the dates and the evaluation number. */
export function readDates(fields: JsonFields): DatedDocument {
  return {
    issueDate: fields.time('issueDate'),
    nextUpdate: fields.time('nextUpdate'),
    tcbEvaluationDataNumber: fields.integer('tcbEvaluationDataNumber', 0, 0xffff_ffff),
  };
}

/** Reads one of a closed set of words. */
export function readWord<Word extends string>(
  fields: JsonFields,
  name: string,
  words: readonly Word[],
): Word {
  const text = fields.string(name);
  return words.find((word) => word === text) ?? fields.fail(name, words.join(' or '));
}

/** Reads a level's advisories; none when the member is absent. */
export function readAdvisories(fields: JsonFields): readonly string[] {
  if (!fields.has('advisoryIDs')) return [];
  return fields.strings('advisoryIDs', MAX_ADVISORIES, ADVISORY, 'an advisory id');
}

/** Reads the version levels of a quoting enclave or TDX module, highest first. */
export function readIsvSvnLevels(fields: JsonFields): readonly IsvSvnLevel[] {
  const levels = fields.objects('tcbLevels', 1, MAX_LEVELS).map((level) => ({
    isvSvn: level.object('tcb').integer('isvsvn', 0, MAX_ISV_SVN),
    status: readWord(level, 'tcbStatus', COMPONENT_STATUSES),
    date: level.time('tcbDate'),
    advisories: readAdvisories(level),
  }));
  return (
    descendingLevels(levels, ({ isvSvn }) => [isvSvn]) ?? fields.fail('tcbLevels', 'each once')
  );
}
