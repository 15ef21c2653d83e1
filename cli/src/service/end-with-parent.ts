// SPDX-License-Identifier: Apache-2.0
import type { Lifecycle } from '@proofgate/daemon';

/**
 * Shuts this process down when its standard input ends. The parent holds a pipe there and never writes: the kernel
 * closes it however the parent dies, SIGKILL included, so that no part is left running with nobody to supervise it.
 */
export function endWithParent(lifecycle: Lifecycle): void {
  process.stdin.once('end', () => void lifecycle.shutdown('the parent process is gone'));
  process.stdin.resume();
  lifecycle.onShutdown('standard input', () => {
    process.stdin.destroy();
  });
}
