// SPDX-License-Identifier: Apache-2.0
// `npm run soak`: the soak test for as long as it takes to see a leak, which is longer than all tests together may take.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

const USAGE = `usage: npm run soak [-- --minutes N]

Sends mixed traffic through the proxy while identities rotate, routes come and go and workers are killed. Nothing may fail
but what was in flight on a killed worker, and memory has to stay as it is.

  --minutes N  how long (default 30)
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  if (!/^[1-9][0-9]{0,3}$/.test(values.minutes)) {
    throw new Error(`--minutes is not a number: ${values.minutes}`);
  }
  // The test runs in a process of its own, which takes this over.
  process.env['PROOFGATE_SOAK_SECONDS'] = String(Number(values.minutes) * 60);
  const vitest = await startVitest('test', ['test/soak'], {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    project: 'system',
    watch: false,
  });
  await vitest.close();
}
