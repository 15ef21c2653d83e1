// SPDX-License-Identifier: Apache-2.0
import type { OidcConfig } from '@proofgate/api';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { LauncherError } from '../../errors.ts';
import type { IssuerAccess } from './issuer-document.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { rolesOf } from './token-claims.ts';

/** What a verified token says. */
export interface VerifiedToken {
  /** `sub`: who its bearer is. */
  readonly subject: string;
  /** Every role that it carries, also those that mean nothing to the launcher. */
  readonly roles: ReadonlySet<string>;
  /** All of it. */
  readonly claims: object;
}

/** Signatures with a public key (RFC 7518, section 3.1). Neither `none` nor anything that both sides can compute. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384'];
/** RFC 8725, section 3.11: a logout token or a proof of possession is no access token. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'at+jwt', 'application/at+jwt'];
/** Clocks of two machines that both ask the network for the time. */
const CLOCK_TOLERANCE_S = 10;
/** Longest `sub` (OpenID Connect Core 1.0, section 2, has 255). */
const MAX_SUBJECT_CHARACTERS = 255;

/** Judges bearer tokens of one issuer. */
export class TokenVerifier {
  readonly #config: OidcConfig;
  readonly #keys: IssuerKeys;
  readonly #now: () => number;

  /** @throws LauncherError ERR_LAUNCHER_ISSUER_INVALID when the issuer's keys would come over plain HTTP */
  constructor(config: OidcConfig, access: IssuerAccess) {
    this.#config = config;
    this.#keys = new IssuerKeys(config.issuer, access);
    this.#now = access.now;
  }

  /**
   * Verifies a token.
   *
   * @throws LauncherError ERR_LAUNCHER_TOKEN_INVALID, ERR_LAUNCHER_ISSUER_UNAVAILABLE, ERR_LAUNCHER_ISSUER_INVALID
   */
  async verify(token: string): Promise<VerifiedToken> {
    const claims = await this.#verified(token);
    const { sub: subject = '' } = claims;
    if (subject === '' || subject.length > MAX_SUBJECT_CHARACTERS) {
      throw invalidToken('it names nobody', 'a sub of at most 255 characters');
    }
    return { subject, roles: rolesOf(claims, this.#config.role_claim), claims };
  }

  async #verified(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.#config;
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        (...question) => this.#keys.keyOf(...question),
        {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: CLOCK_TOLERANCE_S,
          currentDate: new Date(this.#now()),
        },
      );
      if (TYPES.includes(protectedHeader.typ)) return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      throw invalidToken(reasonOf(error), 'an access token of the configured issuer', error);
    }
    throw invalidToken('it is another kind of token', 'typ JWT or at+jwt');
  }
}

/** What is wrong with a token, without repeating anything of it. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is not accepted`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not accepted';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no such key';
  return 'it is malformed';
}

function invalidToken(reason: string, expected: string, cause?: unknown): LauncherError {
  return new LauncherError('ERR_LAUNCHER_TOKEN_INVALID', `the token is refused: ${reason}`, {
    expected,
    cause,
  });
}
