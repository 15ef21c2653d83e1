// SPDX-License-Identifier: Apache-2.0
// Programs outside npm that some tests talk to, as other people's clients would.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT, PreparationError } from './prepare.mjs';
import { runQuietly } from './quiet-process.mjs';

/** A kernel for guests that tests start in an emulator; no program, and so looked for in another way. */
const GUEST_KERNEL = 'cloud kernel in /boot';

/** Program → Debian package. */
const NEEDED = {
  openssl: 'openssl',
  curl: 'curl',
  chromium: 'chromium',
  zsh: 'zsh',
  fish: 'fish',
  ip: 'iproute2',
  nft: 'nftables',
  runc: 'runc',
  containerd: 'containerd',
  podman: 'podman',
  conmon: 'conmon',
  catatonit: 'catatonit',
  busybox: 'busybox-static',
  gocryptfs: 'gocryptfs',
  fusermount: 'fuse3',
  cryptsetup: 'cryptsetup-bin',
  'qemu-system-x86_64': 'qemu-system-x86',
  // Its server programs are not on the path; this one of the same package is.
  pg_ctlcluster: 'postgresql',
  go: 'golang-go',
  python3: 'python3',
  nginx: 'nginx',
  haproxy: 'haproxy',
  caddy: 'caddy',
  wrk: 'wrk',
  h2load: 'nghttp2-client',
  [GUEST_KERNEL]: 'linux-image-cloud-amd64',
};

/**
 * Installs what is missing where that is possible (root, apt). Elsewhere it says what is missing: the tests that need
 * it skip themselves, visibly. On a CI machine a missing program is an error, since skipped tests prove nothing.
 *
 * @throws {PreparationError}
 */
export async function provideSystemPrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && isOnPath('apt-get')) await aptInstall(missing);
  const stillMissing = missingPrograms();
  if (stillMissing.length === 0) return;
  const text = `not on this machine: ${stillMissing.join(', ')}`;
  if (process.env['CI'] === 'true') throw new PreparationError(text);
  process.stderr.write(`${text}; the tests that need them are skipped\n`);
}

/** @param {readonly (keyof typeof NEEDED)[]} programs */
async function aptInstall(programs) {
  const packages = programs.map((program) => NEEDED[program]);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  // Package lists that are already there save the slow update; on a fresh image there are none.
  const known = spawnSync('apt-get', ['--simulate', ...install], { env, stdio: 'ignore' });
  if (known.status !== 0) {
    await runQuietly('reading package lists', 'apt-get', ['update'], { cwd: ROOT, env });
  }
  const title = `installing ${packages.join(', ')}`;
  const result = await runQuietly(title, 'apt-get', install, { cwd: ROOT, env });
  if (!result.ok) process.stderr.write(`${result.output.trimEnd()}\n`);
}

/** Programs that are not on this machine. */
export function missingPrograms() {
  const programs = /** @type {(keyof typeof NEEDED)[]} */ (Object.keys(NEEDED));
  return programs.filter((program) =>
    program === GUEST_KERNEL ? !hasGuestKernel() : !isOnPath(program),
  );
}

function hasGuestKernel() {
  const files = existsSync('/boot') ? readdirSync('/boot') : [];
  return files.some((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
}

/** @param {string} program */
function isOnPath(program) {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
