// SPDX-License-Identifier: Apache-2.0
export { attestedDispatcher, type AttestedDispatcherOptions } from './attested-dispatcher.ts';
export { attestedFetch, type AttestedFetch } from './attested-fetch.ts';
export type { VerifiedContext } from './verified-client.ts';
