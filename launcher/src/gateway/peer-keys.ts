// SPDX-License-Identifier: Apache-2.0
import { ADMIN_PATHS, peerKeySetSchema, type PeerKeySet } from '@proofgate/api';
import { requestUnix } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';

/** A proxy that is there answers this from memory. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * The keys with which the proxy signs what it tells workloads of their clients.
 *
 * @param socketPath - of the proxy
 * @throws LauncherError ERR_LAUNCHER_PEER_KEYS
 */
export async function readPeerKeys(socketPath: string): Promise<PeerKeySet> {
  try {
    const { status, body } = await requestUnix({
      socketPath,
      method: 'GET',
      path: ADMIN_PATHS.peerKeys,
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    if (status !== 200) throw new Error(`status ${String(status)}`);
    return peerKeySetSchema.parse(body);
  } catch (cause) {
    const message = 'the proxy does not show its keys now';
    throw new LauncherError('ERR_LAUNCHER_PEER_KEYS', message, { cause });
  }
}
