// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** Domain of the machine; the intermediary may issue for it and nothing else. */
export const MACHINE_DOMAIN = 'system.localhost';
/** Where the hello app answers. */
export const HELLO = `hello.${MACHINE_DOMAIN}`;

/** Where the machine itself answers. */
export const MANAGER = `manager.${MACHINE_DOMAIN}`;

/** What a test may want to differ. */
export interface ConfigChanges {
  readonly limits?: Readonly<Record<string, string | number>>;
  readonly routes?: readonly { readonly hostname: string; readonly upstream: string }[];
  readonly workers?: number;
  /** Port of the proxy; a free one unless given. */
  readonly port?: number;
  /** Who may manage the VM. */
  readonly management?: Readonly<Record<string, unknown>>;
}

/** Where things are. */
export interface ConfigPlaces {
  readonly directory: string;
  readonly port: number;
  readonly appPort: number;
}

/** The config file of a stack. It is JSON, which is YAML as well. */
export function stackConfig(
  { directory, port, appPort }: ConfigPlaces,
  { limits = {}, routes = [], workers = 2, management = {} }: ConfigChanges,
): string {
  const config = {
    version: '1',
    platform: {
      machine_name: 'system',
      hostname: 'localhost',
      tee: 'simulated',
      ca_cert: join(directory, 'pki', 'intermediary.pem'),
      ca_key: join(directory, 'pki', 'intermediary.key'),
      listen: `127.0.0.1:${String(port)}`,
      data_dir: join(directory, 'data'),
      run_dir: join(directory, 'run'),
      attestation_servers: ['https://attestation.example.com/verify'],
      workers,
      limits,
      management,
    },
    containers: [
      {
        name: 'hello',
        runtime: 'process',
        command: [process.execPath, join(directory, 'app', 'hello.mjs')],
        port: appPort,
        env: { GREETING: 'from the system tests' },
        health_check: { http: `http://127.0.0.1:${String(appPort)}/healthz` },
      },
    ],
    routes,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
