// SPDX-License-Identifier: Apache-2.0
export { createHelloApp } from './hello-app.ts';
export type { HelloApp, HelloOptions } from './hello-app.ts';
export { HELLO_VERSION } from './version.ts';
