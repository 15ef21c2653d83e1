// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { constants } from 'node:os';
import type { HostPort } from '@proofgate/api';
import type { BuiltImage } from './oci-image.ts';
import { busyboxImage, programEntries } from './oci-programs.ts';

/** What a program in a workload tries when it is told to. */
export type Probe =
  /** Asks a unix socket `GET path`, or posts JSON to it. */
  | {
      readonly kind: 'unix';
      readonly socket: string;
      readonly path: string;
      readonly body?: unknown;
    }
  /** Opens a TCP connection. */
  | ({ readonly kind: 'tcp' } & HostPort)
  | { readonly kind: 'list'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string };

/** Every Debian has it; without its modules it is a few megabytes. */
export const PERL = '/usr/bin/perl';

/**
 * Source of a program that listens on `PORT` and does what it is told, with what it is given and no more. An order is one
 * line, its words separated by tabs and percent-encoded; the answer is what it got, or `errno` and a number.
 */
export const PROBER: string = String.raw`
sub got { local $/; my $text = readline($_[0]); defined $text ? $text : '' }
sub failed { 'errno ' . ($! + 0) }
sub unix {
  my ($path, $request) = @_;
  socket(my $s, 1, 1, 0) or return failed();
  connect($s, pack('S a108', 1, $path)) or return failed();
  syswrite($s, $request);
  return got($s);
}
sub tcp {
  my ($host, $port) = @_;
  socket(my $s, 2, 1, 0) or return failed();
  connect($s, pack('S n C4 x8', 2, $port, split(/\./, $host))) or return failed();
  return 'connected';
}
sub list { opendir(my $d, $_[0]) or return failed(); return join("\n", readdir($d)) }
sub write_file { open(my $f, '>', $_[0]) or return failed(); return 'written' }
sub remove { return unlink($_[0]) ? 'removed' : failed() }
my %attempts = (unix => \&unix, tcp => \&tcp, list => \&list, write => \&write_file, remove => \&remove);

$SIG{ALRM} = sub { die "ETIMEDOUT" };
$SIG{PIPE} = 'IGNORE';
socket(my $listener, 2, 1, 0) or die;
setsockopt($listener, 1, 2, pack('l', 1));
bind($listener, pack('S n C4 x8', 2, $ENV{PORT}, 0, 0, 0, 0)) or die "bind: $!";
listen($listener, 16);
$SIG{CHLD} = 'IGNORE';
while (accept(my $caller, $listener)) {
  # What is dropped instead of refused keeps its process waiting, and the others not.
  next if fork();
  my $line = readline($caller);
  exit unless defined $line;
  chomp $line;
  my ($kind, @words) = map { s/%(..)/chr(hex($1))/ger } split(/\t/, $line, -1);
  my $result = eval { alarm(1); my $r = $attempts{$kind}->(@words); alarm(0); $r };
  alarm(0);
  print $caller defined $result ? $result : $@;
  exit;
}
`;

/** An image with the prober in it; it runs as the user of all images that are made here. */
export function proberImage(): BuiltImage {
  return busyboxImage({
    layers: [{ entries: programEntries(PERL, PERL.slice(1)) }],
    files: [{ name: 'prober.pl', content: PROBER }],
  });
}

/** Tells a prober what to try. @returns the system's code of a failure, or what it got; of a socket, status and JSON */
export async function probe(address: HostPort, what: Probe): Promise<unknown> {
  const answer = await send(address, orderOf(what));
  const [, number] = /^errno (\d+)$/.exec(answer) ?? [];
  if (number !== undefined) return errnoName(Number(number));
  if (answer.startsWith('ETIMEDOUT')) return 'ETIMEDOUT';
  if (what.kind === 'list') return answer.split('\n');
  if (what.kind !== 'unix') return answer;
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as unknown };
}

function orderOf(what: Probe): string {
  switch (what.kind) {
    case 'unix':
      return words('unix', what.socket, requestText(what.path, what.body));
    case 'tcp':
      return words('tcp', what.host, String(what.port));
    case 'list':
    case 'write':
    case 'remove':
      return words(what.kind, what.path);
  }
}

/** HTTP/1.0, so that the end of the connection ends the answer. */
function requestText(path: string, body: unknown): string {
  if (body === undefined) return `GET ${path} HTTP/1.0\r\n\r\n`;
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.0\r\nContent-Length: ${String(text.length)}\r\n\r\n${text}`;
}

function words(...parts: readonly string[]): string {
  return `${parts.map(encodeURIComponent).join('\t')}\n`;
}

function send({ host, port }: HostPort, order: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host, port });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('error', reject);
    socket.once('end', () => {
      resolve(text);
    });
    socket.write(order);
  });
}

function errnoName(number: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === number);
  return found?.[0] ?? `errno ${String(number)}`;
}
