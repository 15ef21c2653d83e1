// SPDX-License-Identifier: Apache-2.0
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProofgate } from './run-proofgate.ts';

/** Where the app answers behind the proxy. */
export const HOST = 'hello.demo.localhost';

const MACHINE_DOMAIN = 'demo.localhost';
/** The bundle that the build made: one file, so that its digest is the whole program's. */
const APP = fileURLToPath(new URL('../../hello/dist/hello.mjs', import.meta.url));

/** A directory with everything that one run of the demo needs, and nothing of any other run. */
export interface Stage {
  readonly directory: string;
  readonly configFile: string;
  /** Root of the throw-away PKI. */
  readonly rootFile: string;
  readonly policyFile: string;
  readonly logFile: string;
  /** Where the simulated platform says how to reach it. */
  readonly runDirectory: string;
  remove(): Promise<void>;
}

/** Makes the PKI with the commands that an operator would use, puts the app in place and writes the config file. */
export async function setStage(proxyPort: number, appPort: number): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-demo-'));
  const stage: Stage = {
    directory,
    configFile: join(directory, 'proofgate.yaml'),
    rootFile: join(directory, 'pki', 'root.pem'),
    policyFile: join(directory, 'policy.json'),
    logFile: join(directory, 'proofgate.log'),
    runDirectory: join(directory, 'run'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
  try {
    const pki = join(directory, 'pki');
    await runProofgate(['ca', 'init', '--out', pki, '--name', 'Demo root', '--no-passphrase']);
    await runProofgate(['ca', 'intermediary', '--dir', pki, '--domain', MACHINE_DOMAIN]);
    const app = await placeApp(directory);
    await writeFile(stage.configFile, configFile({ directory, app, proxyPort, appPort }));
    return stage;
  } catch (error) {
    await stage.remove();
    throw error;
  }
}

/** The app runs under a user of its own when the launcher is root, so that user must be able to reach it. */
async function placeApp(directory: string): Promise<string> {
  const folder = join(directory, 'app');
  const app = join(folder, 'hello.mjs');
  await chmod(directory, 0o711);
  await mkdir(folder);
  await chmod(folder, 0o755);
  await copyFile(APP, app);
  await chmod(app, 0o644);
  return app;
}

interface ConfigValues {
  readonly directory: string;
  readonly app: string;
  readonly proxyPort: number;
  readonly appPort: number;
}

function configFile({ directory, app, proxyPort, appPort }: ConfigValues): string {
  // JSON strings are YAML strings: quoting is right whatever the paths contain.
  const path = (...parts: string[]): string => JSON.stringify(join(directory, ...parts));
  return `version: '1'
platform:
  machine_name: demo
  hostname: localhost
  tee: simulated
  ca_cert: ${path('pki', 'intermediary.pem')}
  ca_key: ${path('pki', 'intermediary.key')}
  listen: 127.0.0.1:${String(proxyPort)}
  data_dir: ${path('data')}
  run_dir: ${path('run')}
containers:
  - name: hello
    runtime: process
    command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(app)}]
    port: ${String(appPort)}
    health_check:
      http: http://127.0.0.1:${String(appPort)}/healthz
`;
}
