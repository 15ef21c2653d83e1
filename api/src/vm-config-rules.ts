// SPDX-License-Identifier: Apache-2.0
import { clientPolicyProblems } from './client-policy-rules.ts';
import { dependencyProblems, type Dependent } from './depends-on-rules.ts';
import { MAX_HOSTNAME_LENGTH } from './hostname.ts';
import { workloadHostname, MANAGER_LABEL, type PlatformNames } from './hostnames.ts';
import { DEFAULT_WORKER_ID } from './worker-user.ts';

/** A rule that the file breaks, at the field that breaks it. */
export interface RuleProblem {
  readonly path: FieldPath;
  readonly message: string;
}

type FieldPath = readonly (string | number)[];

/** A value that must be the only one of its kind, and where it stands. */
interface Claim {
  readonly value: string;
  readonly path: FieldPath;
}

/**
 * What no field can know by itself: names, hosts and ports that must be unique, and what the platform can offer.
 *
 * @param file as far as its fields could be read: the rules run beside other problems, so anything may be missing
 */
export function* wholeFileProblems(file: unknown): Generator<RuleProblem> {
  const platform = field(file, 'platform');
  const containers = list(field(file, 'containers'));
  const routes = list(field(file, 'routes'));
  const names = namesOf(platform);
  yield* repeated(
    'name',
    containers.flatMap((item, index) => claim(item, 'name', ['containers', index])),
  );
  const hosts = [
    ...derivedHost(MANAGER_LABEL, names, ['platform', 'hostname']),
    ...containers.flatMap((item, index) => hostOf(item, names, index, containers)),
    ...routes.flatMap((item, index) => claim(item, 'hostname', ['routes', index])),
  ];
  yield* repeated('hostname', hosts);
  for (const { value, path } of hosts) {
    if (value.length > MAX_HOSTNAME_LENGTH)
      yield { path, message: `hostname ${value} is too long` };
  }
  yield* repeated('port', [
    ...claim(field(platform, 'listen'), 'port', ['platform', 'listen']).map(withoutLast),
    ...containers.flatMap((item, index) => claim(item, 'port', ['containers', index])),
  ]);
  for (const [index, container] of containers.entries()) {
    yield* placementProblems(container, platform, ['containers', index]);
    yield* userProblems(container, platform, ['containers', index]);
    yield* attestationProblems(container, ['containers', index]);
    yield* healthProblems(container, ['containers', index]);
    yield* configureProblems(container, platform, ['containers', index]);
    yield* clientProblems(container, platform, ['containers', index]);
  }
  yield* secretsProblems(platform);
  for (const { container, item, message } of dependencyProblems(containers.map(dependent))) {
    yield { path: ['containers', container, 'depends_on', item], message };
  }
  for (const [index, route] of routes.entries()) {
    yield* attestationProblems(route, ['routes', index]);
    yield* clientProblems(route, platform, ['routes', index]);
  }
}

function* placementProblems(
  container: unknown,
  platform: unknown,
  path: FieldPath,
): Generator<RuleProblem> {
  if (typeof container !== 'object' || container === null) return;
  // A hostname that is there but wrong is a problem of its own.
  const named = 'hostname' in container || field(platform, 'hostname') !== undefined;
  if (!named && field(container, 'internal') !== true) {
    const ways = 'set it here, set platform.hostname, or make the container internal';
    yield { path, message: `has no hostname: ${ways}` };
  }
  if (field(platform, 'runtime') === 'process' && field(container, 'runtime') === 'container') {
    const message = 'needs a container runtime, but platform.runtime is process';
    yield { path: [...path, 'runtime'], message };
  }
}

/** A workload with an id of the proxy's workers could read their memory, where the leaf keys are, or use their socket. */
function* userProblems(
  container: unknown,
  platform: unknown,
  path: FieldPath,
): Generator<RuleProblem> {
  const user = field(container, 'user');
  for (const [name, workers] of [
    ['uid', field(platform, 'worker_uid') ?? DEFAULT_WORKER_ID],
    ['gid', field(platform, 'worker_gid') ?? DEFAULT_WORKER_ID],
  ] as const) {
    if (field(user, name) !== workers) continue;
    const message = `${name} ${String(workers)} is that of the proxy's workers: choose another one`;
    yield { path: [...path, 'user'], message };
  }
}

function* healthProblems(container: unknown, path: FieldPath): Generator<RuleProblem> {
  const exec = field(field(container, 'health_check'), 'exec');
  if (exec !== undefined && field(container, 'runtime') === 'process') {
    const message = 'runs in a container, and this is a process: use http or tcp';
    yield { path: [...path, 'health_check', 'exec'], message };
  }
}

/** A route that nobody may use would keep the container shut for ever. */
function* configureProblems(
  container: unknown,
  platform: unknown,
  path: FieldPath,
): Generator<RuleProblem> {
  if (field(container, 'config_api') === undefined) return;
  const owned =
    field(container, 'app_id') !== undefined || list(field(container, 'owners')).length > 0;
  const rules: readonly (readonly [boolean, string])[] = [
    [owned, 'nobody may configure it: name its owners, or the application with app_id'],
    [
      field(field(platform, 'management'), 'oidc') !== undefined,
      'nobody can prove to be an owner: set platform.management.oidc',
    ],
    [
      field(container, 'internal') !== true,
      'is a route of a host, and an internal container has none',
    ],
  ];
  for (const [kept, message] of rules) {
    if (!kept) yield { path: [...path, 'config_api'], message };
  }
}

function* clientProblems(
  host: unknown,
  platform: unknown,
  path: FieldPath,
): Generator<RuleProblem> {
  const problems = clientPolicyProblems({
    mode: field(host, 'mode'),
    clients: field(host, 'clients'),
    policy: field(host, 'client_policy'),
    internal: field(host, 'internal'),
    settings: field(platform, 'clients'),
  });
  for (const { field: name, message } of problems) yield { path: [...path, name], message };
}

/** Whoever may load a container may give it any file of that directory: what only the VM may have is elsewhere. */
function* secretsProblems(platform: unknown): Generator<RuleProblem> {
  const directory = field(field(platform, 'containers'), 'secrets_dir');
  if (typeof directory !== 'string') return;
  for (const name of ['ca_key', 'data_dir', 'run_dir']) {
    const path = field(platform, name);
    if (typeof path !== 'string' || !isAtOrBelow(path, directory)) continue;
    const message = `containers would get at platform.${name}, which is ${path}`;
    yield { path: ['platform', 'containers', 'secrets_dir'], message };
  }
}

/** Links are not followed: this finds mistakes in the file, not on the disk. */
function isAtOrBelow(path: string, directory: string): boolean {
  const steps = (text: string): string[] =>
    text.split('/').filter((step) => step !== '' && step !== '.');
  const [inner, outer] = [steps(path), steps(directory)];
  return outer.every((step, index) => inner[index] === step);
}

function dependent(container: unknown): Dependent {
  const name = field(container, 'name');
  const names = list(field(container, 'depends_on'));
  return {
    // A container without a name is a problem of its own, and nobody can wait for it.
    name: typeof name === 'string' ? name : '',
    dependsOn: names.filter((item) => typeof item === 'string'),
  };
}

function* attestationProblems(host: unknown, path: FieldPath): Generator<RuleProblem> {
  if (field(host, 'mode') === 'tcp' && field(host, 'attestation') === 'session') {
    const message = 'mode tcp has no endpoint to ask for evidence: use attestation: certificate';
    yield { path: [...path, 'attestation'], message };
  }
}

function hostOf(
  container: unknown,
  names: PlatformNames,
  index: number,
  containers: readonly unknown[],
): readonly Claim[] {
  if (field(container, 'internal') === true) return [];
  if (field(container, 'hostname') !== undefined) {
    return claim(container, 'hostname', ['containers', index]);
  }
  const name = field(container, 'name');
  // A repeated name is a problem of its own; that it also gives the same host twice would say nothing new.
  const isFirst = containers.findIndex((other) => field(other, 'name') === name) === index;
  if (typeof name !== 'string' || !isFirst) return [];
  return derivedHost(name, names, ['containers', index, 'name']);
}

function derivedHost(label: string, names: PlatformNames, path: FieldPath): readonly Claim[] {
  const value = workloadHostname(label, names);
  return value === undefined ? [] : [{ value, path }];
}

function namesOf(platform: unknown): PlatformNames {
  const hostname = field(platform, 'hostname');
  const machine = field(platform, 'machine_name');
  return {
    ...(typeof hostname === 'string' ? { hostname } : {}),
    ...(typeof machine === 'string' ? { machine_name: machine } : {}),
  };
}

function* repeated(what: string, claims: readonly Claim[]): Generator<RuleProblem> {
  const first = new Map<string, FieldPath>();
  for (const { value, path } of claims) {
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, path);
    else yield { path, message: `${what} ${value} is already taken by ${pathText(earlier)}` };
  }
}

function claim(owner: unknown, name: string, path: FieldPath): readonly Claim[] {
  const value = field(owner, name);
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  return [{ value: String(value), path: [...path, name] }];
}

function withoutLast({ value, path }: Claim): Claim {
  return { value, path: path.slice(0, -1) };
}

function field(owner: unknown, name: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  const value: unknown = Reflect.get(owner, name);
  return value;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function pathText(path: FieldPath): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${String(step)}]` : `.${step}`))
    .join('')
    .slice(1);
}
