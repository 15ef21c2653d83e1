// SPDX-License-Identifier: Apache-2.0

/** Version that the app reports; a test compares it with `package.json`. */
export const HELLO_VERSION = '0.1.0';
