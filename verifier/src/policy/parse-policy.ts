// SPDX-License-Identifier: Apache-2.0
import { fromHex, OID, utf8 } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { JsonFields } from '../json/json-fields.ts';
import { jsonFromValue } from '../json/json-from-value.ts';
import { JsonSyntaxError, parseStrictJson } from '../json/strict-json.ts';
import { parseIsoDuration } from './duration.ts';
import type { ExtensionRule, MeasurementSet, Policy, PolicyRoot } from './policy.ts';
import {
  checkKeys,
  checkNotEmpty,
  hexOf,
  MAX_POLICY_ITEMS,
  oneOf,
  policyFailure,
  readFlag,
  readWords,
} from './policy-fields.ts';
import { readTcbRules } from './read-tcb-rules.ts';
import { REGISTER_NAMES, REGISTERS, type Register } from './register.ts';
import { listText } from '../list-text.ts';

/** Keys that say something about what is acceptable; a policy without any of them is empty. */
const RULE_KEYS = [
  'tee',
  'roots',
  'measurements',
  'tcb',
  'extensions',
  'workloads',
  'imageProfile',
  'platforms',
  'freshness',
];
/** Keys that only allow what is refused without them. */
const ALLOWANCES = ['allowDebug', 'tdx', 'snp'];
const KEYS = ['$schema', 'version', 'name', 'description', ...ALLOWANCES, ...RULE_KEYS];
/** Privilege levels that are not accepted anyway (AMD specification 56860, section 4.6). */
const VMPLS = [1, 2, 3];
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:/@+-]{0,127}$/u;
const DOTTED_OID = /^[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,19}$/;
const ONE_LINE = /^[^\p{Cc}]{1,1024}$/u;

/**
 * Reads a policy file.
 *
 * @param text JSON
 * @throws VerifierError `ERR_POLICY_INVALID`, `ERR_POLICY_EMPTY`
 * @example
 * ```ts
 * const policy = parsePolicyText('{ "version": 1, "tee": "tdx", "measurements": { "v1": { "mrtd": "…" } } }');
 * ```
 */
export function parsePolicyText(text: string): Policy {
  try {
    return readPolicy(new JsonFields(parseStrictJson(text), () => '', policyFailure));
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new VerifierError(
      'ERR_POLICY_INVALID',
      `policy: ${error.message}`,
      { cause: error },
      'misuse',
    );
  }
}

/**
 * Reads a policy that is an object already. Prefer {@link parsePolicyText} for files: only text shows repeated keys.
 *
 * @throws VerifierError `ERR_POLICY_INVALID`, `ERR_POLICY_EMPTY`
 */
export function parsePolicy(value: unknown): Policy {
  try {
    return readPolicy(new JsonFields(jsonFromValue(value), () => '', policyFailure));
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new VerifierError(
      'ERR_POLICY_INVALID',
      `policy: ${error.message}`,
      { cause: error },
      'misuse',
    );
  }
}

function readPolicy(fields: JsonFields): Policy {
  checkKeys(fields, KEYS);
  fields.integer('version', 1, 1);
  if (!RULE_KEYS.some((key) => fields.has(key))) {
    throw new VerifierError(
      'ERR_POLICY_EMPTY',
      'the policy names nothing that is acceptable',
      {
        expected: `at least one of ${RULE_KEYS.join(', ')}`,
      },
      'misuse',
    );
  }
  for (const key of ['$schema', 'description']) {
    if (fields.has(key)) fields.string(key, ONE_LINE, 'one line of text');
  }
  return {
    version: 1,
    name: fields.has('name') ? fields.string('name', NAME, 'a name') : 'unnamed',
    tee: readWords(fields, 'tee', oneOf(['tdx', 'sgx', 'sev-snp']), 'tdx, sgx or sev-snp'),
    roots: readWords(fields, 'roots', readRoot, 'intel, amd or sha256:<64 hex>'),
    measurements: readMeasurements(fields),
    tcb: readTcbRules(fields),
    tdx: readTdx(fields),
    snp: readSnp(fields),
    extensions: readExtensions(fields),
    workloads: readWorkloads(fields),
    imageProfile: readWords(
      fields,
      'imageProfile',
      (text) => (ONE_LINE.test(text) ? text : undefined),
      'a profile name',
    ),
    platforms: readPlatforms(fields),
    freshness: readFreshness(fields),
    allowDebug: readFlag(fields, 'allowDebug'),
  };
}

const sha256Root = hexOf(32, 'sha256:');

function readRoot(text: string): PolicyRoot | undefined {
  if (text === 'intel' || text === 'amd') return text;
  // Sound: the pattern begins with the prefix that the type asks for.
  return sha256Root(text) as `sha256:${string}` | undefined;
}

function readMeasurements(fields: JsonFields): readonly MeasurementSet[] | undefined {
  if (!fields.has('measurements')) return undefined;
  const sets = fields.object('measurements');
  const names = checkedNames(sets);
  return names.map((name) => readSet(name, sets.object(name)));
}

function readSet(name: string, fields: JsonFields): MeasurementSet {
  checkKeys(fields, REGISTER_NAMES);
  const values = new Map<Register, string>();
  for (const register of REGISTER_NAMES) {
    if (!fields.has(register)) continue;
    const { size } = REGISTERS[register];
    const text = hexOf(size)(fields.string(register));
    values.set(register, text ?? fields.fail(register, `${size} bytes in hex`));
  }
  const tees = new Set([...values.keys()].map((register) => REGISTERS[register].tee));
  if (tees.size !== 1) {
    policyFailure(fields.path(), 'registers of one TEE', listText([...values.keys()], 'nothing'));
  }
  return { name, values };
}

function readTdx(fields: JsonFields): Policy['tdx'] {
  if (!fields.has('tdx')) return { allowAttributes: [], serviceTds: [] };
  const tdx = fields.object('tdx');
  checkKeys(tdx, ['allowAttributes', 'serviceTds']);
  const attributes = oneOf(['septVeDisableOff', 'migratable', 'perfmon']);
  return {
    allowAttributes:
      readWords(tdx, 'allowAttributes', attributes, 'septVeDisableOff, migratable or perfmon') ??
      [],
    serviceTds: readWords(tdx, 'serviceTds', hexOf(48), '48 bytes in hex') ?? [],
  };
}

function readSnp(fields: JsonFields): Policy['snp'] {
  if (!fields.has('snp')) return { allowVmpl: [] };
  const snp = fields.object('snp');
  checkKeys(snp, ['allowVmpl']);
  if (!snp.has('allowVmpl')) return { allowVmpl: [] };
  return {
    allowVmpl: snp.array('allowVmpl', 1, VMPLS.length).map((item) => {
      const level = VMPLS.find((vmpl) => vmpl === item);
      return level ?? snp.fail('allowVmpl', VMPLS.join(', '), JSON.stringify(item));
    }),
  };
}

function readExtensions(fields: JsonFields): readonly ExtensionRule[] {
  if (!fields.has('extensions')) return [];
  const extensions = fields.object('extensions');
  checkNotEmpty(extensions);
  const rules = [...extensions.members.keys()].map((key) => ({
    oid: oidOf(key) ?? extensions.fail(key, 'a dotted OID or a known name', key),
    ...readValue(extensions, key),
  }));
  if (new Set(rules.map((rule) => rule.oid)).size !== rules.length) {
    fields.fail('extensions', 'each extension once', 'an OID beside its own name');
  }
  return rules;
}

function oidOf(key: string): string | undefined {
  if (DOTTED_OID.test(key)) return key;
  return Object.entries(OID).find(([name]) => name === key)?.[1];
}

function readValue(fields: JsonFields, key: string): Pick<ExtensionRule, 'value' | 'text'> {
  const text = fields.string(key);
  // A lone surrogate has no UTF-8 form.
  if (/^utf8:\P{Surrogate}*$/u.test(text)) return { text, value: utf8(text.slice(5)) };
  if (!/^hex:(?:[0-9a-fA-F]{2})+$/.test(text)) return fields.fail(key, 'hex:… or utf8:…');
  return { text, value: fromHex(text.slice(4)) };
}

function readWorkloads(fields: JsonFields): ReadonlyMap<string, readonly string[]> | undefined {
  if (!fields.has('workloads')) return undefined;
  const workloads = fields.object('workloads');
  const digest = hexOf(32, 'sha256:');
  return new Map(
    checkedNames(workloads).map((name) => [
      name,
      readWords(workloads, name, digest, 'sha256:<64 hex>') ?? [],
    ]),
  );
}

function readPlatforms(fields: JsonFields): Policy['platforms'] {
  if (!fields.has('platforms')) return { fmspc: undefined, piid: undefined };
  const platforms = fields.object('platforms');
  checkKeys(platforms, ['fmspc', 'piid']);
  return {
    fmspc: readWords(platforms, 'fmspc', hexOf(6), '6 bytes in hex'),
    piid: readWords(platforms, 'piid', hexOf(16), '16 bytes in hex'),
  };
}

function readFreshness(fields: JsonFields): Policy['freshness'] {
  if (!fields.has('freshness')) return { mode: undefined, maxAgeMs: undefined };
  const freshness = fields.object('freshness');
  checkKeys(freshness, ['mode', 'maxAge']);
  return {
    mode: freshness.has('mode')
      ? (oneOf(['certificate', 'session'])(freshness.string('mode')) ??
        freshness.fail('mode', 'certificate or session'))
      : undefined,
    maxAgeMs: freshness.has('maxAge')
      ? (parseIsoDuration(freshness.string('maxAge')) ??
        freshness.fail('maxAge', 'an ISO 8601 duration such as PT12H'))
      : undefined,
  };
}

function checkedNames(fields: JsonFields): readonly string[] {
  const names = [...fields.members.keys()];
  if (names.length === 0 || names.length > MAX_POLICY_ITEMS) {
    policyFailure(fields.path(), `1 to ${MAX_POLICY_ITEMS} entries`, String(names.length));
  }
  for (const name of names) {
    if (!NAME.test(name)) policyFailure(fields.at(name), 'a name of letters and digits', name);
  }
  return names;
}
