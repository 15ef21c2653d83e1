// SPDX-License-Identifier: Apache-2.0
// The generator of WebSocket messages as a process of its own: a plan as JSON on stdin, the outcome as JSON on stdout.
import { text } from 'node:stream/consumers';
import { runEcho, type EchoPlan } from './websocket-load.ts';

// Only the benchmark starts this program, and it writes an EchoPlan.
const plan = JSON.parse(await text(process.stdin)) as EchoPlan;
process.stdout.write(JSON.stringify(await runEcho(plan)));
