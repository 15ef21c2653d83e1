// SPDX-License-Identifier: Apache-2.0
// Puts `new.pem` and `new.key` of a directory in the place of `ca.pem` and `ca.key`: `node replacement.mjs DIRECTORY`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stageCa } from '../../dist/measurement/staged-ca.js';

const [, , directory = ''] = process.argv;
const text = (/** @type {string} */ name) => readFileSync(join(directory, name), 'utf8');
const places = { certFile: join(directory, 'ca.pem'), keyFile: join(directory, 'ca.key') };
const files = { certificatePem: text('new.pem'), keyPem: text('new.key') };
const staged = await stageCa(places, files);
await staged.commit();
await staged.discard();
