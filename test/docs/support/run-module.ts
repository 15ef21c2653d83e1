// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';

/** What a module left behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Examples take a second; one that waits for something that never comes must not stop the suite. */
const TIMEOUT_MS = 30_000;

/**
 * Runs a module with Node to its end, in a folder with the files that it reads.
 *
 * @throws Error when it has to be killed
 */
export function runModule(file: string, folder: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      timeout: TIMEOUT_MS,
      // As a browser that has the private PKI's root among its own.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: `${folder}/root.pem` },
    };
    const child = execFile(process.execPath, [file], options, (error, stdout, stderr) => {
      const { exitCode } = child;
      if (exitCode === null) reject(new Error(`${file}\n${stdout}${stderr}`, { cause: error }));
      else resolve({ exitCode, stdout, stderr });
    });
  });
}
