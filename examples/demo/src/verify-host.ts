// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { decodePem } from '@proofgate/evidence';
import { parsePolicyText, type Verdict } from '@proofgate/verifier';
import { AttestedAgent, loadCollateral, type PeerRequirements } from '@proofgate/verifier/node';

import { readSimulator } from './read-simulator.ts';
import { HOST, type Stage } from './stage.ts';

/** What a verified request brought. */
export interface VerifiedAnswer {
  readonly verdict: Verdict;
  readonly status: number;
  readonly body: string;
}

/** What a client of this demo asks of its peer: the same files that a person would give to `proofgate verify`. */
export async function readRequirements(stage: Stage): Promise<PeerRequirements> {
  return {
    policy: parsePolicyText(await readFile(stage.policyFile, 'utf8')),
    collateral: await loadCollateral((await readSimulator(stage)).collateral),
    caRoots: decodePem(await readFile(stage.rootFile, 'utf8'), 'CERTIFICATE'),
  };
}

/**
 * Asks the app something over a connection that was verified before the request left.
 *
 * @throws the verifier's typed errors when the peer is refused
 */
export async function requestVerified(
  requirements: PeerRequirements,
  port: number,
): Promise<VerifiedAnswer> {
  const agent = new AttestedAgent(requirements);
  try {
    const request = get({ agent, protocol: 'https:', host: HOST, port, path: '/' });
    // Sound: `response` is emitted with the message.
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const verdict = agent.verdictOf(response.socket);
    if (verdict === undefined) throw new Error('the connection was not verified');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(Buffer.from(chunk as Uint8Array));
    const body = Buffer.concat(chunks).toString('utf8').trim();
    return { verdict, status: response.statusCode ?? 0, body };
  } finally {
    agent.destroy();
  }
}
