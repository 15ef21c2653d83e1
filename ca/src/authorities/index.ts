// SPDX-License-Identifier: Apache-2.0
export type { KeyType } from '../keys/key-type.ts';
export type { CaIdentity } from './ca-request.ts';
export { createIntermediary, type IntermediaryOptions } from './create-intermediary.ts';
export { createRoot, type RootOptions } from './create-root.ts';
