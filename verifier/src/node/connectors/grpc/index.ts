// SPDX-License-Identifier: Apache-2.0
export { attestedChannelCredentials } from './attested-channel-credentials.ts';
export { verdictOfCall, type AuthenticatedCall } from './call-verdict.ts';
