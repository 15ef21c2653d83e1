// SPDX-License-Identifier: Apache-2.0
export { verifyItaToken, type ItaTokenOptions } from './verify-ita-token.ts';
export { ITA_ISSUER, ITA_JWKS_URL, itaKeys, type ItaKeys, type ItaKeySource } from './ita-keys.ts';
export type { ItaClaims, ItaPolicy } from './ita-claims.ts';
export type { ItaExpectations } from './demand-ita-claims.ts';
export { itaReportData, type ItaNonce } from './ita-report-data.ts';
