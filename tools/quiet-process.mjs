// SPDX-License-Identifier: Apache-2.0
// Runs a program with its output kept back, one progress line on stderr instead.
import { spawn } from 'node:child_process';

/** Enough of a failed program's output to see why; the rest is rarely read. */
const KEPT_OUTPUT_BYTES = 64 * 1024;

/**
 * @typedef {object} Finished
 * @property {boolean} ok whether it ended with status 0
 * @property {string} output the end of what it wrote to stdout and stderr
 */

/**
 * @param {string} title what a person reads while it runs
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<Finished>}
 */
export async function runQuietly(title, command, args, options) {
  const started = Date.now();
  const stopProgress = showProgress(title, started);
  const finished = await run(command, args, options);
  stopProgress();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${title}: ${finished.ok ? 'done' : 'failed'} (${seconds} s)\n`);
  return finished;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<Finished>}
 */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const releaseSignals = passSignalsTo(child);
    child.once('error', (error) => {
      releaseSignals();
      resolve({ ok: false, output: `cannot run ${command}: ${error.message}` });
    });
    child.once('close', (status) => {
      releaseSignals();
      resolve({ ok: status === 0, output });
    });
  });
}

/**
 * A signal ends the child first and then this process, so that nothing is left running.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function passSignalsTo(child) {
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    child.kill(signal);
    child.once('close', () => {
      release();
      process.kill(process.pid, signal);
    });
  };
  const release = () => {
    for (const signal of signals) process.off(signal, pass);
  };
  for (const signal of signals) process.on(signal, pass);
  return release;
}

/**
 * @param {string} title
 * @param {number} started
 */
function showProgress(title, started) {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${title} …\n`);
    return () => undefined;
  }
  const draw = () => {
    process.stderr.write(`\r${title} … ${((Date.now() - started) / 1000).toFixed(0)} s`);
  };
  draw();
  const timer = setInterval(draw, 1000);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\u001b[K');
  };
}
