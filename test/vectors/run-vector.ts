// SPDX-License-Identifier: Apache-2.0
// Runs in Node and in browsers: no import but the two packages under test.
import {
  CodedError,
  fromBase64,
  parseAttestationDocument,
  parseCollateral,
} from '@proofgate/evidence';
import {
  applyPolicy,
  checkUnboundDocument,
  type EvidenceInput,
  parsePolicyText,
  type PolicySubject,
  prepareCollateral,
  verifyChain,
  verifyEvidence,
  type VerifyEvidenceOptions,
  verifyQuote,
} from '@proofgate/verifier';
import { isObject, type Outcome, type VectorClaims, type VectorInput } from './vector-format.ts';

const MEMBERS = [
  'evidence',
  'at',
  'root',
  'quote',
  'collateral',
  'report',
  'endorsements',
  'chain',
  'caRoots',
  'hostname',
  'usage',
  'document',
  'session',
  'policy',
];

/**
 * Verifies one input by the public interface of the verifier.
 *
 * @throws Error when the input itself is no vector, and whatever is not a refusal of ours
 */
export async function runVector(input: VectorInput): Promise<Outcome> {
  for (const name of Object.keys(input)) {
    if (!MEMBERS.includes(name)) throw new Error(`a vector has no member ${name}`);
  }
  try {
    return { result: 'accepted', claims: await verify(new InputReader(input)) };
  } catch (error) {
    if (error instanceof CodedError) return { result: 'refused', code: String(error.code) };
    throw error;
  }
}

const NOTHING_CLAIMED: Required<VectorClaims> = { binding: 'none', tcbStatus: 'none' };

async function verify(input: InputReader): Promise<Required<VectorClaims>> {
  const kind = input.text('evidence');
  if (kind === 'policy') {
    parsePolicyText(input.text('policy'));
    return NOTHING_CLAIMED;
  }
  const at = new Date(input.text('at'));
  if (kind === 'chain') {
    await verifyChain(input.byteList('chain'), {
      roots: input.byteList('caRoots'),
      at,
      ...(input.has('hostname') && { hostname: input.text('hostname') }),
      usage: input.has('usage') && input.text('usage') === 'client' ? 'client' : 'server',
    });
    return NOTHING_CLAIMED;
  }
  const { binding, evidence } =
    kind === 'unbound-document'
      ? await verifyUnbound(input, at)
      : await verifyEvidence({ at, ...optionsOf(input, kind) });
  return { binding, tcbStatus: 'status' in evidence.tcb ? evidence.tcb.status : 'none' };
}

/** The steps one by one, for what a browser has: a document and nothing else. */
async function verifyUnbound(input: InputReader, at: Date): Promise<PolicySubject> {
  const document = parseAttestationDocument(input.value('document'));
  const collateral = await prepareCollateral(parseCollateral(input.value('collateral')), {
    root: { sha256: input.text('root') },
    at,
  });
  const claims = await verifyQuote(document.quote, collateral, { at });
  if (claims.tee !== 'tdx') throw new Error('the document is not of a TD');
  const subject = checkUnboundDocument(document, claims, { at });
  if (input.has('policy')) applyPolicy(subject, parsePolicyText(input.text('policy')));
  return subject;
}

function optionsOf(input: InputReader, kind: string): Omit<VerifyEvidenceOptions, 'at'> {
  return {
    evidence: evidenceOf(input, kind),
    policy: input.has('policy') ? parsePolicyText(input.text('policy')) : 'none',
    ...(input.has('root') && { roots: { sha256: input.text('root') } }),
    ...(input.has('collateral') && { collateral: parseCollateral(input.value('collateral')) }),
    ...(input.has('endorsements') && { endorsements: endorsementsOf(input) }),
    ...(input.has('caRoots') && { caRoots: input.byteList('caRoots') }),
    ...(input.has('hostname') && { hostname: input.text('hostname') }),
    ...(kind === 'certificate' &&
      input.has('document') && { document: parseAttestationDocument(input.value('document')) }),
    ...(input.has('session') && { session: sessionOf(input.object('session')) }),
  };
}

function evidenceOf(input: InputReader, kind: string): EvidenceInput {
  switch (kind) {
    case 'quote':
      return { kind, bytes: input.bytes('quote') };
    case 'snp-report':
      return { kind, bytes: input.bytes('report') };
    case 'certificate':
      return { kind, chain: input.byteList('chain') };
    case 'document':
      return { kind, document: parseAttestationDocument(input.value('document')) };
    default:
      throw new Error(`a vector has no evidence of kind ${kind}`);
  }
}

function endorsementsOf(input: InputReader): NonNullable<VerifyEvidenceOptions['endorsements']> {
  const endorsements = input.object('endorsements');
  return {
    chain: endorsements.byteList('chain'),
    ...(endorsements.has('revocationList') && {
      revocationList: endorsements.bytes('revocationList'),
    }),
  };
}

function sessionOf(session: InputReader): NonNullable<VerifyEvidenceOptions['session']> {
  return {
    tee: 'tdx',
    bytes: session.bytes('quote'),
    context: session.bytes('context'),
    exported: session.bytes('exported'),
    ...(session.has('gpuEvidence') && { gpuEvidence: session.bytes('gpuEvidence') }),
    requestedAt: new Date(session.text('requestedAt')),
  };
}

/** Takes the members of a vector for what they have to be. */
class InputReader {
  readonly #input: VectorInput;

  constructor(input: VectorInput) {
    this.#input = input;
  }

  has(name: string): boolean {
    return name in this.#input;
  }

  value(name: string): unknown {
    return this.#input[name];
  }

  text(name: string): string {
    return asText(this.value(name), name);
  }

  bytes(name: string): Uint8Array {
    return fromBase64(this.text(name));
  }

  byteList(name: string): Uint8Array[] {
    const list = this.value(name);
    if (!Array.isArray(list)) throw new Error(`${name} is not a list`);
    return list.map((item) => fromBase64(asText(item, name)));
  }

  object(name: string): InputReader {
    const value = this.#input[name];
    if (!isObject(value)) throw new Error(`${name} is not an object`);
    return new InputReader(value);
  }
}

function asText(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${name} is not text`);
}
