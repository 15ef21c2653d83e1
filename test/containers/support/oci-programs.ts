// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { buildImage, type BuiltImage, type LayerInput, type RunConfig } from './oci-image.ts';
import type { LayerEntry } from './oci-tar.ts';

/** What an image made here has besides its programs. */
export interface ProgramImageInput {
  /** Further files, in a layer of their own above the programs. */
  readonly files?: readonly LayerEntry[];
  /** Further layers. */
  readonly layers?: readonly LayerInput[];
  readonly run?: RunConfig;
  readonly index?: boolean;
}

/** User and group that images made here know as `app`. */
export const APP_ID = 10_001;

const BUSYBOX = '/bin/busybox';

let busyboxLayer: LayerInput | undefined;
let nodeLayer: LayerInput | undefined;

/**
 * A small image: busybox with all its applets, the directories that engines mount on, users root and app. It runs as
 * `app` unless told otherwise.
 */
export function busyboxImage(input: ProgramImageInput = {}): BuiltImage {
  busyboxLayer ??= { entries: [...BASE, ...busyboxEntries()] };
  return programImage(busyboxLayer, input);
}

/** Busybox and the Node that runs this test, with the libraries it needs, stored without compression. */
export function nodeImage(input: ProgramImageInput = {}): BuiltImage {
  nodeLayer ??= {
    entries: [...BASE, ...busyboxEntries(), ...programEntries(process.execPath, 'usr/bin/node')],
    compression: 'none',
  };
  return programImage(nodeLayer, input);
}

function programImage(base: LayerInput, input: ProgramImageInput): BuiltImage {
  const files = input.files ?? [];
  return buildImage({
    layers: [base, ...(files.length > 0 ? [{ entries: files }] : []), ...(input.layers ?? [])],
    run: { Env: ['PATH=/usr/bin:/bin'], User: 'app', Cmd: ['/bin/sh'], ...input.run },
    index: input.index ?? false,
  });
}

const BASE: readonly LayerEntry[] = [
  ...['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'usr', 'usr/bin', 'var'].map(
    (name): LayerEntry => ({ name, type: 'directory' }),
  ),
  { name: 'tmp', type: 'directory', mode: 0o1777 },
  {
    name: 'etc/passwd',
    content: `root:x:0:0::/root:/bin/sh\napp:x:${String(APP_ID)}:${String(APP_ID)}::/home:/bin/sh\n`,
  },
  { name: 'etc/group', content: `root:x:0:\napp:x:${String(APP_ID)}:\nextra:x:10002:app\n` },
  { name: 'etc/hosts', content: '127.0.0.1 localhost\n' },
];

/** The static busybox of this machine, and a link for each of its applets. */
function busyboxEntries(): readonly LayerEntry[] {
  const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  return [
    { name: 'bin/busybox', content: readFileSync(BUSYBOX), mode: 0o755 },
    ...applets
      .filter((applet) => applet !== 'busybox')
      .map((applet): LayerEntry => ({ name: `bin/${applet}`, type: 'symlink', target: 'busybox' })),
  ];
}

/** A program of this machine and the shared libraries that it is linked with, at the paths where its loader looks. */
export function programEntries(program: string, name: string): readonly LayerEntry[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  const libraries = [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path!);
  const found = [...new Set(libraries)].filter((path) => existsSync(path));
  return [
    ...directoriesOf(found),
    ...found.map((path): LayerEntry => ({
      name: path.slice(1),
      content: readFileSync(realpathSync(path)),
      mode: 0o755,
    })),
    { name, content: readFileSync(realpathSync(program)), mode: 0o755 },
  ];
}

function directoriesOf(paths: readonly string[]): readonly LayerEntry[] {
  const names = new Set<string>();
  for (const path of paths) {
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) names.add(parent);
  }
  return [...names].sort().map((name) => ({ name: name.slice(1), type: 'directory' }));
}
