// SPDX-License-Identifier: Apache-2.0
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { CodedError } from '@proofgate/evidence';
import { hinted, VerifierError, type RejectionCode } from '@proofgate/verifier';
import { demandItaClaims, type ItaExpectations } from './demand-ita-claims.ts';
import { type ItaClaims, readItaClaims } from './ita-claims.ts';
import type { ItaKeys } from './ita-keys.ts';

/** What a token has to satisfy. */
export interface ItaTokenOptions extends ItaExpectations {
  readonly keys: ItaKeys;
  /** Such as {@link ITA_ISSUER}. */
  readonly issuer: string;
  /** Without one, a token that is meant for an audience is refused. */
  readonly audience?: string;
  /** The time of verification. */
  readonly at: Date;
}

/** Tokens have 5 to 10 KB; user data and run-time data in them can be longer. */
const MAX_TOKEN_CHARACTERS = 64 * 1024;
/** What Intel Trust Authority signs with. */
const ALGORITHMS = ['PS384', 'RS256'];
/** How far the clocks of issuer and verifier may differ. Tokens live for minutes. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Verifies a token of Intel Trust Authority: an appraisal of a TD's evidence by Intel's service, in place of one by
 * this package. Whoever accepts it trusts that service and the TLS connection its keys were fetched over.
 *
 * A `jku` in the token must name the configured key set and is never followed.
 *
 * @param token JWT, with claims of version 1 (flat) or 2 (under `tdx`)
 * @returns what the token says about the TD
 * @throws VerifierError `ERR_ITA_*`, `ERR_VERIFIER_ARGUMENT`
 * @example
 * ```ts
 * const keys = itaKeys({ jwksUrl: ITA_JWKS_URL.us });
 * const reportData = itaReportData(nonce, publicKey);
 * const claims = await verifyItaToken(token, { keys, issuer: ITA_ISSUER, nonce, reportData, at: new Date() });
 * ```
 */
export async function verifyItaToken(token: string, options: ItaTokenOptions): Promise<ItaClaims> {
  checkExpectations(options);
  return hinted(() => verified(token, options));
}

async function verified(token: string, options: ItaTokenOptions): Promise<ItaClaims> {
  checkHeader(token, options.keys.jwksUrl);
  const payload = await verifyJwt(token, options);
  checkIssueTime(payload, options.at);
  if (options.audience === undefined && payload.aud !== undefined) {
    throw new VerifierError('ERR_ITA_AUDIENCE', 'the token is meant for an audience', {
      expected: 'a token without aud, as no audience is configured',
      seen: String(payload.aud),
    });
  }
  const claims = readItaClaims(payload);
  demandItaClaims(claims, options);
  return claims;
}

/** A forgotten time or report data must not pass for "any". */
function checkExpectations({ at, reportData }: ItaTokenOptions): void {
  // Callers without a type checker may leave both out.
  const [time, bytes]: readonly unknown[] = [at, reportData];
  if (!(time instanceof Date) || Number.isNaN(time.getTime())) {
    throw new VerifierError('ERR_VERIFIER_ARGUMENT', 'at is not a time', {}, 'misuse');
  }
  if (!(bytes instanceof Uint8Array) || bytes.length !== 64) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'reportData does not have 64 bytes',
      {},
      'misuse',
    );
  }
}

function checkHeader(token: string, jwksUrl: string): void {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_CHARACTERS) {
    throw new VerifierError('ERR_ITA_TOKEN', 'the token is too long', {
      expected: `at most ${MAX_TOKEN_CHARACTERS} characters`,
    });
  }
  const { alg, kid, jku } = decodeHeader(token);
  if (alg === undefined || !ALGORITHMS.includes(alg)) {
    throw new VerifierError('ERR_ITA_ALGORITHM', 'alg is not accepted', {
      expected: ALGORITHMS.join(' or '),
      seen: String(alg).slice(0, 60),
    });
  }
  if (typeof kid !== 'string' || kid === '') {
    throw new VerifierError('ERR_ITA_KEY', 'the token names no key', { expected: 'a kid' });
  }
  if (jku !== jwksUrl) {
    throw new VerifierError('ERR_ITA_KEY_URL', 'jku is not the configured key set', {
      expected: jwksUrl,
      seen: String(jku ?? 'none').slice(0, 200),
    });
  }
}

function decodeHeader(token: string): ReturnType<typeof decodeProtectedHeader> {
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw new VerifierError('ERR_ITA_TOKEN', 'the token has no readable header', { cause });
  }
}

async function verifyJwt(token: string, options: ItaTokenOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, options.keys.find, {
      algorithms: ALGORITHMS,
      typ: 'JWT',
      issuer: options.issuer,
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      requiredClaims: ['iss', 'exp', 'nbf', 'iat'],
      currentDate: options.at,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new VerifierError(codeOf(error), message, { cause: error });
  }
}

const CLAIM_CODES: ReadonlyMap<string, RejectionCode> = new Map<string, RejectionCode>([
  ['iss', 'ERR_ITA_ISSUER'],
  ['aud', 'ERR_ITA_AUDIENCE'],
  ['nbf', 'ERR_ITA_NOT_YET_VALID'],
  ['typ', 'ERR_ITA_TOKEN'],
]);

function codeOf(error: unknown): RejectionCode {
  if (error instanceof errors.JWTExpired) return 'ERR_ITA_EXPIRED';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const failed = error.reason === 'check_failed' ? CLAIM_CODES.get(error.claim) : undefined;
    return failed ?? 'ERR_ITA_CLAIMS';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'ERR_ITA_SIGNATURE';
  // What jose throws for a key that is too short or of another kind.
  if (error instanceof TypeError) return 'ERR_ITA_KEY';
  return 'ERR_ITA_TOKEN';
}

function checkIssueTime({ iat = 0 }: JWTPayload, at: Date): void {
  if (iat * 1000 <= at.getTime() + CLOCK_TOLERANCE_SECONDS * 1000) return;
  throw new VerifierError('ERR_ITA_NOT_YET_VALID', 'the token was issued in the future', {
    expected: `iat up to ${at.toISOString()}`,
    seen: String(iat),
  });
}
