// SPDX-License-Identifier: Apache-2.0
// Starts an enrolled machine some days from now and ends when its intermediary has been renewed, or at once if it is not
// due: `node renew.mjs PLATFORM DAYS`, with `platform` of a configuration as JSON.
import { createLogger } from '@proofgate/daemon';
import { keepEnrolled } from '../../dist/service/enrolled-ca.js';

const [, , json = '', days = ''] = process.argv;
/** @type {import('@proofgate/api').PlatformConfig} */
const platform = JSON.parse(json);
const settings = platform.ca;
if (settings === undefined) throw new Error('the configuration has a CA');
const end = new AbortController();
const logger = createLogger({
  name: 'test',
  destination: {
    write(line) {
      if (line.includes('enrolled with the CA')) end.abort();
    },
  },
});
const clock = () => new Date(Date.now() + Number(days) * 86_400_000);
const { renewal } = await keepEnrolled({ platform, settings, logger, clock, signal: end.signal });
if (days === '0') end.abort();
await renewal;
