// SPDX-License-Identifier: Apache-2.0
// Brings a fresh clone to the point where its programs run: Node version, dependencies, build. Plain JavaScript
// without dependencies, because it runs before any are installed.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordInstall, reasonToInstall } from './install-state.mjs';
import { runQuietly } from './quiet-process.mjs';
import { withLock } from './run-lock.mjs';

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** `engines` of package.json: the first release that can `require` ES modules. */
const OLDEST_NODE = [20, 19];

/** What npm prints when it cannot reach the registry. */
const NETWORK_CODES =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

/** Something that the user has to mend; the message says what. */
export class PreparationError extends Error {}

/**
 * Installs and builds what is missing or out of date. Progress goes to stderr.
 *
 * @throws {PreparationError}
 */
export async function prepare() {
  checkNode(process.versions.node);
  const lock = join(ROOT, '.cache/prepare.lock');
  const onWait = (/** @type {number} */ pid) => {
    process.stderr.write(`waiting for process ${String(pid)}, which prepares this folder …\n`);
  };
  await withLock(lock, { onWait }, async () => {
    await install();
    await build();
  });
}

/** @param {string} version such as `20.19.0` */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new PreparationError(
    `Node.js ${OLDEST_NODE.join('.')} or newer is needed, this is ${version}.\n` +
      'Install a current version from https://nodejs.org and run the command again.',
  );
}

async function install() {
  const reason = reasonToInstall(ROOT);
  if (reason === undefined) return;
  process.stderr.write(`${reason}\n`);
  const outage = await registryOutage();
  // Without the registry, npm would retry each package for a minute or more. Its cache may still have them all.
  const offline = outage === undefined ? [] : ['--offline'];
  const result = await runNpm('installing dependencies', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...offline,
  ]);
  if (!result.ok) throw new PreparationError(explainInstallFailure(result.output, outage));
  recordInstall(ROOT);
}

/** @returns {Promise<string | undefined>} the network error with which the registry cannot be reached */
async function registryOutage() {
  const ping = ['ping', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error'];
  const result = await runNpm('looking for the package registry', ping);
  // A registry that answers, but knows no ping, is a registry.
  return result.ok ? undefined : networkCode(result.output);
}

/**
 * @param {string} title
 * @param {readonly string[]} args
 */
function runNpm(title, args) {
  const { command, prefix } = npm();
  return runQuietly(title, command, [...prefix, ...args], { cwd: ROOT });
}

/** Inside `npm start` the same npm is used again, whatever PATH says. */
function npm() {
  const script = process.env['npm_execpath'];
  return script !== undefined && /npm-cli\.[cm]?js$/.test(script)
    ? { command: process.execPath, prefix: [script] }
    : { command: 'npm', prefix: [] };
}

/**
 * @param {string} output what npm printed
 * @param {string | undefined} [outage] what is known about the network already
 */
export function explainInstallFailure(output, outage) {
  const code = outage ?? networkCode(output);
  const advice =
    code === undefined
      ? 'npm could not install the dependencies; its output is above.'
      : `The package registry cannot be reached (${code}), and the first run needs it. Check the connection, or\n` +
        'name a proxy (npm config set https-proxy URL) or a mirror (npm config set registry URL), then run the\n' +
        'command again. Later runs work offline.';
  return `${output.trimEnd()}\n\n${advice}`;
}

/** @param {string} output */
function networkCode(output) {
  return NETWORK_CODES.exec(output)?.[1];
}

async function build() {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  // tsc -b compares what it built with the sources itself, and is quick when nothing changed.
  const result = await runQuietly('building', process.execPath, [compiler, '-b'], { cwd: ROOT });
  if (!result.ok) {
    throw new PreparationError(
      `${result.output.trimEnd()}\n\nthe build failed; its output is above.`,
    );
  }
  const { bundleHello } = await import('./bundle-hello.mjs');
  await bundleHello();
}

/**
 * Runs a program's main function; a {@link PreparationError} is shown without a stack.
 *
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(prepare);
