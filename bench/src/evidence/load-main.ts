// SPDX-License-Identifier: Apache-2.0
// The clients as a process of their own: a plan as JSON on stdin, the result as JSON on stdout.
import { text } from 'node:stream/consumers';
import type { EvidencePlan } from './evidence-plan.ts';
import { runEvidenceLoad } from './run-evidence-load.ts';

// Only bench-evidence.ts starts this program, and it writes an EvidencePlan.
const plan = JSON.parse(await text(process.stdin)) as EvidencePlan;
process.stdout.write(JSON.stringify(await runEvidenceLoad(plan)));
