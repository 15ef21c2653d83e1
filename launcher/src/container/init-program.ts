// SPDX-License-Identifier: Apache-2.0
import { open, realpath } from 'node:fs/promises';
import { LauncherError } from '../errors.ts';

/** Where distributions put small programs that are made to be process 1 of a container, all with the same arguments. */
export const INIT_PROGRAMS: readonly string[] = [
  '/usr/bin/catatonit',
  '/usr/libexec/catatonit/catatonit',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/tini-static',
  '/usr/sbin/tini-static',
  '/usr/libexec/docker/docker-init',
  '/usr/bin/docker-init',
];

/** ELF-64 (elf(5)): magic with class, and where the header names its program headers. */
const ELF_64 = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2]);
const HEADER_BYTES = 64;
/** Program headers of an ordinary program; each has 56 bytes. */
const MAX_PROGRAM_HEADERS = 64;
/** Type of the program header that names a dynamic linker. */
const PT_INTERP = 3;

/**
 * Finds a program that can be the first process of any container: one that is linked statically, since it runs beside
 * whatever libraries the image has, or none.
 *
 * @param candidates - absolute paths, the best first
 * @returns real path of the first that exists and is static
 */
export async function findInitProgram(
  candidates: readonly string[] = INIT_PROGRAMS,
): Promise<string | undefined> {
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch(() => undefined);
    if (path !== undefined && (await isStaticProgram(path).catch(() => false))) return path;
  }
  return undefined;
}

/**
 * The init program for a container that is to have one.
 *
 * @param workload - its name, for messages
 * @param init - what {@link findInitProgram} found
 * @returns its path
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED when there is none
 */
export function requireInit(workload: string, init: string | undefined): string {
  if (init !== undefined) return init;
  throw new LauncherError(
    'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    `workload ${workload} cannot have an init: there is no static init program on this machine`,
    {
      expected: 'catatonit, tini-static or docker-init',
      seen: 'none',
      hint: 'install the package catatonit, or set isolation.init to false for a program that handles signals and reaps its children itself',
    },
  );
}

async function isStaticProgram(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    if (!header.subarray(0, ELF_64.length).equals(ELF_64)) return false;
    const [start, size, count] = [
      Number(header.readBigUInt64LE(32)),
      header.readUInt16LE(54),
      header.readUInt16LE(56),
    ];
    if (count === 0 || count > MAX_PROGRAM_HEADERS || size < 4) return false;
    const table = Buffer.alloc(size * count);
    const { bytesRead } = await file.read(table, 0, table.length, start);
    if (bytesRead < table.length) return false;
    const types = Array.from({ length: count }, (_, index) => table.readUInt32LE(index * size));
    return !types.includes(PT_INTERP);
  } finally {
    await file.close();
  }
}
