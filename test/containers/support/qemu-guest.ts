// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cpioOf, DIRECTORY, PROGRAM, type CpioEntry } from './cpio.ts';

/** A virtual machine for what the kernel of the test machine cannot do. */
export interface Guest {
  /** Programs of this machine that it has besides busybox. */
  readonly programs: readonly string[];
  /** Modules of the kernel, loaded before the script runs. */
  readonly modules: readonly string[];
  /** For its shell; `/data` is a large temporary file system. */
  readonly script: string;
}

/** Emulated in software, a start takes some seconds, and more on a machine that does other things. */
const TIMEOUT_MS = 120_000;

const QEMU = 'qemu-system-x86_64';

/** Of Debian's `linux-image-cloud-amd64`, which is small and starts without firmware that would have to be waited for. */
const KERNEL = /^vmlinuz-(.*-cloud-amd64)$/;

/** Version of the kernel for guests; `undefined` where none is installed. */
export function guestKernel(): string | undefined {
  const names = existsSync('/boot') ? readdirSync('/boot') : [];
  return names.flatMap((name) => KERNEL.exec(name)?.[1] ?? []).at(-1);
}

/** Starts a machine, lets it run the script, and returns what it printed. */
export async function runGuest({ programs, modules, script }: Guest): Promise<string> {
  const kernel = guestKernel();
  if (kernel === undefined) throw new Error('linux-image-cloud-amd64 is not installed');
  const directory = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    const initrd = join(directory, 'initrd');
    const init = { name: 'init', mode: PROGRAM, content: Buffer.from(initScript(script)) };
    writeFileSync(
      initrd,
      cpioOf([...skeleton(), ...programFiles(programs), ...moduleFiles(kernel, modules), init]),
    );
    return await boot(`/boot/vmlinuz-${kernel}`, initrd);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function boot(kernel: string, initrd: string): Promise<string> {
  const machine = ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '768'];
  const devices = ['-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'];
  const append = 'console=ttyS0 quiet panic=-1';
  const child = spawn(
    QEMU,
    [...machine, ...devices, '-kernel', kernel, '-initrd', initrd, '-append', append],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
  );
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${output}${errors}`.replaceAll('\r\n', '\n');
}

function initScript(script: string): string {
  return [
    '#!/bin/busybox sh',
    '/bin/busybox --install -s /bin',
    'export PATH=/guest:/bin LC_ALL=C',
    'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev',
    'mount -t tmpfs tmpfs /run; mount -t tmpfs -o size=600m tmpfs /data',
    'for module in /modules/*; do insmod $module || echo "cannot load $module"; done',
    script,
    'poweroff -f',
    '',
  ].join('\n');
}

function skeleton(): readonly CpioEntry[] {
  const names = [
    'bin',
    'data',
    'dev',
    'etc',
    'guest',
    'mnt',
    'modules',
    'proc',
    'run',
    'sys',
    'tmp',
  ];
  const busybox = { name: 'bin/busybox', mode: PROGRAM, content: readFileSync('/bin/busybox') };
  return [...names.map(directory), busybox];
}

/** With the libraries that they are linked with, where their loader looks. */
function programFiles(programs: readonly string[]): readonly CpioEntry[] {
  const paths = programs.map((name) => [name, realpathSync(pathOf(name))] as const);
  const libraries = new Set(paths.flatMap(([, path]) => librariesOf(path)));
  const directories = new Set([...libraries].flatMap(parentsOf));
  return [
    ...[...directories].sort().map(directory),
    ...[...libraries].map((path) => ({
      name: path.slice(1),
      mode: PROGRAM,
      content: readFileSync(realpathSync(path)),
    })),
    ...paths.map(([name, path]) => ({
      name: `guest/${name}`,
      mode: PROGRAM,
      content: readFileSync(path),
    })),
  ];
}

function pathOf(name: string): string {
  const found = ['/usr/sbin', '/usr/bin'].map((parent) => join(parent, name)).find(existsSync);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

function librariesOf(program: string): readonly string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path!);
}

function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== '/'; parent = dirname(parent))
    parents.push(parent.slice(1));
  return parents;
}

function directory(name: string): CpioEntry {
  return { name, mode: DIRECTORY };
}

/** Each after those that it needs (depmod(8), `modules.dep`); numbered, so that they are loaded in this order. */
function moduleFiles(kernel: string, wanted: readonly string[]): readonly CpioEntry[] {
  const parent = `/lib/modules/${kernel}`;
  const needs = new Map(
    readFileSync(join(parent, 'modules.dep'), 'utf8')
      .split('\n')
      .map((line) => line.split(/:? +|:$/).filter((part) => part !== ''))
      .map(([path = '', ...needed]) => [path, needed]),
  );
  const ordered = new Set<string>();
  for (const name of wanted) {
    const path = [...needs.keys()].find((key) => basename(key) === `${name}.ko`);
    if (path === undefined) throw new Error(`the kernel has no module ${name}`);
    for (const needed of [...(needs.get(path) ?? [])].reverse()) ordered.add(needed);
    ordered.add(path);
  }
  return [...ordered].map((path, at) => ({
    name: `modules/${String(at + 10)}-${basename(path)}`,
    mode: PROGRAM,
    content: readFileSync(join(parent, path)),
  }));
}
