// SPDX-License-Identifier: Apache-2.0
import { runBenchmark } from '../program/run-benchmark.ts';
import { benchLauncher } from './bench-launcher.ts';
import { FULL, QUICK } from './launcher-cases.ts';

await runBenchmark(
  {
    name: 'launcher',
    about: `Measures how fast the launcher starts containers and gets images, on containerd and on podman, beside ctr and podman in
one run. Needs root and both engines, and runs in namespaces of its own.`,
    quick: 'half a minute instead of minutes',
    measure: ({ quick, onInterrupt, ...asked }) => {
      // Without the namespaces that come with it, links, rules and control groups would be left on the machine.
      const cgroup = process.env['PROOFGATE_TEST_CGROUP'];
      if (cgroup === undefined) throw new Error('to be started with npm run bench:launcher');
      const pace = quick ? QUICK : FULL;
      return benchLauncher({ ...asked, pace, cgroup: `/${cgroup}`, signal: onInterrupt() });
    },
  },
  process,
);
