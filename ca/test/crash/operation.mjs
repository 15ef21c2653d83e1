// SPDX-License-Identifier: Apache-2.0
// One operation on the directory of a CA: `node operation.mjs NAME DIRECTORY`.
import { operate } from './operations.mjs';

const [, , name = '', directory = ''] = process.argv;
await operate(name, directory);
