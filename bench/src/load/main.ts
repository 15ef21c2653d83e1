// SPDX-License-Identifier: Apache-2.0
// The load generator as a process of its own: a plan as JSON on stdin, the result as JSON on stdout.
import { text } from 'node:stream/consumers';
import type { LoadPlan } from './load-plan.ts';
import { runLoad } from './run-load.ts';

// Only load-process.ts starts this program, and it writes a LoadPlan.
const plan = JSON.parse(await text(process.stdin)) as LoadPlan;
process.stdout.write(JSON.stringify(await runLoad(plan)));
