// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of a stack. */
export interface StackProcess {
  readonly pid: number;
  /** With spaces between the arguments. */
  readonly command: string;
}

/**
 * Every living process that has a text, such as the name of a stack's directory, in its command line or environment.
 * Found in /proc and not through parents: a process that lost its parent is what tests look for.
 */
export function processesWith(text: string): readonly StackProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = readProc(pid, 'cmdline');
      const mentions = command.includes(text) || readProc(pid, 'environ').includes(text);
      return mentions ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() }] : [];
    });
}

/** Established connections that a process holds on a local TCP port of IPv4. */
export function connectionsOn(pid: number, port: number): number {
  const sockets = new Set(
    readdirSync(`/proc/${String(pid)}/fd`).map((fd) => readLink(`/proc/${String(pid)}/fd/${fd}`)),
  );
  return establishedInodes(port).filter((inode) => sockets.has(`socket:[${inode}]`)).length;
}

/** Fields of /proc/net/tcp: proc_pid_net(5). */
function establishedInodes(port: number): readonly string[] {
  const established = '01';
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) === true && state === established)
    .map((fields) => fields[9] ?? '');
}

/** A process that ends while it is looked at has nothing to say. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
