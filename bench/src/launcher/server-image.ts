// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { linkedLibraries, type TarEntry } from '@proofgate/images';
import type { RunConfig } from './oci-image.ts';

/** User and group that the server runs as: a number, as the launcher demands. */
export const SERVER_UID = 10_001;

/** Where the server finds a directory for its socket. */
export const SOCKET_MOUNT = '/srv';

/** Every Debian has it; it starts in some milliseconds, and no runtime of a language is measured along with the containers. */
const PERL = '/usr/bin/perl';

const SERVER_FILE = 'server.pl';

/** What the image runs. Its one further argument is {@link serverArguments}. */
export const SERVER_RUN: RunConfig = {
  Entrypoint: [PERL, `/${SERVER_FILE}`],
  User: `${String(SERVER_UID)}:${String(SERVER_UID)}`,
};

/** Where engines mount something. */
const DIRECTORIES = ['dev', 'etc', 'proc', 'run', 'srv', 'sys', 'tmp', 'usr', 'usr/bin'];

/**
 * Answers every request with its name: on a TCP port, for those who have a network with it, and on a unix socket for
 * those who have not. The numbers are AF_UNIX, AF_INET, SOCK_STREAM and
 * SO_REUSEADDR of Linux; modules would have to be in the image.
 */
const SERVER = `
my ($name, $port) = @ARGV;
my $reply = "HTTP/1.1 200 OK\\r\\ncontent-length: " . length($name) . "\\r\\nconnection: close\\r\\n\\r\\n" . $name;
socket(my $tcp, 2, 1, 0) or die "socket: $!";
setsockopt($tcp, 1, 2, 1);
bind($tcp, pack('S n x4 x8', 2, $port)) && listen($tcp, 16) or die "port $port: $!";
socket(my $unix, 1, 1, 0) or die "socket: $!";
bind($unix, pack('S a*', 1, "${SOCKET_MOUNT}/$name.sock")) && listen($unix, 16) or die "socket $name: $!";
my $all = '';
vec($all, fileno($_), 1) = 1 for $tcp, $unix;
while (1) {
  next if select(my $ready = $all, undef, undef, undef) < 1;
  for my $listener ($tcp, $unix) {
    next unless vec($ready, fileno($listener), 1) && accept(my $client, $listener);
    my $request = '';
    sysread($client, $request, 4096, length $request) or last until $request =~ /\\r\\n\\r\\n/;
    syswrite($client, $reply);
    close($client);
  }
}
`;

/** Command line of the server behind its program: its name, and the port that it listens on. */
export function serverArguments(name: string, port: number): readonly string[] {
  return [name, String(port)];
}

/** The files of the image: a program, what it is linked with, and the server. */
export async function serverLayer(): Promise<readonly TarEntry[]> {
  const libraries = await linkedLibraries(PERL);
  const programs = [...libraries, PERL];
  const directories = new Set([...DIRECTORIES, ...programs.flatMap((path) => parents(path))]);
  return [
    ...[...directories].sort().map((path): TarEntry => ({ kind: 'directory', path, mode: 0o755 })),
    ...(await Promise.all(programs.map((path) => fileEntry(path)))),
    bytesEntry(SERVER_FILE, 0o644, Buffer.from(SERVER)),
  ];
}

async function fileEntry(path: string): Promise<TarEntry> {
  return bytesEntry(path.slice(1), 0o755, await readFile(path));
}

function bytesEntry(path: string, mode: number, bytes: Uint8Array): TarEntry {
  return { kind: 'file', path, mode, content: { kind: 'bytes', bytes } };
}

function parents(path: string): readonly string[] {
  const found: string[] = [];
  for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) {
    found.push(parent.slice(1));
  }
  return found;
}
