// SPDX-License-Identifier: Apache-2.0
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { makePki } from './pki.ts';
import { HELLO, stackConfig, type ConfigChanges } from './stack-config.ts';

/** The bundle that the build made. */
const APP = fileURLToPath(new URL('../../../examples/hello/dist/hello.mjs', import.meta.url));

/** Everything that one stack needs on disk, and nothing of any other stack. */
export interface StackDirectory {
  readonly path: string;
  readonly configFile: string;
  /** Root and intermediary with their keys. */
  readonly pki: string;
  /** Root of the PKI. */
  readonly rootFile: string;
  readonly runDirectory: string;
  readonly logFile: string;
  /** Where the proxy is to listen. */
  readonly port: number;
  /** Every host that the proxy is to serve, apart from the manager's. */
  readonly hostnames: readonly string[];
  /** Root of the PKI, PEM. */
  readonly ca: string;
  remove(): Promise<void>;
}

/** Makes a PKI with the commands that an operator would use, puts the app in place and writes the config file. */
export async function makeStackDirectory(changes: ConfigChanges = {}): Promise<StackDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'proofgate-system-'));
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    const pki = join(path, 'pki');
    await makePki(pki);
    await placeApp(path);
    const port = changes.port ?? (await freePort());
    const configFile = join(path, 'proofgate.yaml');
    const places = { directory: path, port, appPort: await freePort() };
    await writeFile(configFile, stackConfig(places, changes));
    return {
      path,
      configFile,
      pki,
      rootFile: join(pki, 'root.pem'),
      runDirectory: join(path, 'run'),
      logFile: join(path, 'proofgate.log'),
      port,
      hostnames: [HELLO, ...(changes.routes ?? []).map(({ hostname }) => hostname)],
      ca: await readFile(join(pki, 'root.pem'), 'utf8'),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** When the launcher is root the app runs as a user of its own, who must be able to reach it. */
async function placeApp(directory: string): Promise<void> {
  await chmod(directory, 0o711);
  const app = join(directory, 'app', 'hello.mjs');
  await mkdir(join(directory, 'app'));
  await chmod(join(directory, 'app'), 0o755);
  await copyFile(APP, app);
  await chmod(app, 0o644);
}
