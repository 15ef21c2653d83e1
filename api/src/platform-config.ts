// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { clientsSchema, type ClientsConfig } from './clients-config.ts';
import { containersPlatformSchema, type ContainersPlatformConfig } from './container-platform.ts';
import type { Milliseconds } from './duration.ts';
import { parseHostPort, type HostPort } from './host-port.ts';
import { limitsSchema, type Limits } from './limits.ts';
import { proxyProtocolSchema, type ProxyProtocolConfig } from './proxy-protocol-config.ts';
import { durationField, hostnameField, labelField, parsedText, pathField } from './text-fields.ts';
import { MAX_ID } from './user.ts';

/** Which trusted execution environment produces the evidence; `auto` finds hardware and is never simulated. */
export type TeeChoice = 'auto' | 'tdx' | 'sev-snp' | 'simulated';

/**
 * What runs containers; `auto` takes the first that answers, `process` runs no containers at all.
 *
 * Docker is not among them. Its API has no step between the creation of a container's process and its start, so nothing
 * could be verified in between; it cannot mount a directory of the VM without set-user-ID programs and device nodes; and
 * it forgets the manifest digest of an image that it is given.
 */
export type RuntimeChoice = 'auto' | 'containerd' | 'podman' | 'process';

/** How the software platform behaves; it counts only with `tee: simulated`. */
export interface SimulatorConfig {
  /** Added to every quote, to feel like hardware. */
  readonly latency: Milliseconds;
  readonly quote_version: 4 | 5;
  /** TCP port of the simulator's collateral service on loopback; 0 takes a free one. */
  readonly port: number;
}

/** Who may use the management API. */
export interface OidcConfig {
  /** Exact `iss` of the tokens; also where discovery starts. */
  readonly issuer: string;
  readonly audience: string;
  /** Claim that holds the roles. */
  readonly role_claim: string;
  readonly manager_role: string;
  readonly monitoring_role: string;
}

/** Where the machine gets its intermediary CA from, and how it keeps the key. */
export interface EnrolmentSettings {
  /** URL of the CA's enrolment service. */
  readonly enrol: string;
  /** PEM file of its root. */
  readonly root: string;
  /** Domain that the intermediary is for; `<machine_name>.<hostname>` unless given. */
  readonly host?: string;
  /**
   * `sealed` keeps the key over restarts where only this TD can open it, `file` on the disk of `data_dir`, and with
   * `memory` every start enrols anew.
   */
  readonly key: 'file' | 'memory' | 'sealed';
  /**
   * Policy file for the service itself: it has to show evidence of its own that this accepts, before anything is sent to
   * it. Without it, a certificate of the root is enough.
   */
  readonly policy?: string;
  /** For that evidence: a bundle, a directory of them, or the URL of a PCS or PCCS. Default: that of this platform. */
  readonly collateral?: string;
}

/** What the proxy writes about requests. */
export interface AccessLogConfig {
  /** Share of the requests that leave a line, from 0 to 1; those that fail always do. */
  readonly sample: number;
}

/** Metrics over TCP, beside those on the admin socket. */
export interface MetricsConfig {
  /** An address of loopback. */
  readonly listen: HostPort;
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1)$/;

const metricsSchema: z.ZodType<MetricsConfig, unknown> = z.strictObject({
  listen: parsedText(parseHostPort).refine(({ host }) => LOOPBACK.test(host), {
    error: 'expected an address of loopback, such as 127.0.0.1:9464',
  }),
});

const accessLogSchema: z.ZodType<AccessLogConfig, unknown> = z.strictObject({
  sample: z.number().min(0).max(1).default(1),
});

/** The VM and how it presents itself, with every default filled in. */
export interface PlatformConfig {
  /** Label between a container's name and `hostname`. */
  readonly machine_name?: string;
  /** DNS name under which the hosts of this machine are. */
  readonly hostname?: string;
  readonly tee: TeeChoice;
  /** PEM file of the intermediary CA; {@link PlatformConfig.ca} decides about it where that is given. */
  readonly ca_cert: string;
  /** PEM file of its private key, readable by its owner alone; likewise. */
  readonly ca_key: string;
  /** Gets the intermediary from a CA by attested enrolment, instead of `ca_cert` and `ca_key` in the file. */
  readonly ca?: EnrolmentSettings;
  /** URLs as written: the configuration tree commits to the text. */
  readonly attestation_servers: readonly string[];
  readonly listen: HostPort;
  /** Load balancers in front of the proxy that say whose connections they pass on. */
  readonly proxy_protocol?: ProxyProtocolConfig;
  readonly data_dir: string;
  readonly run_dir: string;
  readonly runtime: RuntimeChoice;
  readonly containers: ContainersPlatformConfig;
  /** Marker file of the VM image, `production` or `dev`. */
  readonly image_profile_file: string;
  /** Worker processes of the proxy; `auto` starts one for each CPU. */
  readonly workers: number | 'auto';
  readonly access_log: AccessLogConfig;
  readonly metrics?: MetricsConfig;
  readonly clients: ClientsConfig;
  /** Ids that the workers change to; see `workerUser` for what absent means. */
  readonly worker_uid?: number;
  readonly worker_gid?: number;
  /** From `notBefore` to `notAfter` of a leaf. */
  readonly leaf_lifetime: Milliseconds;
  readonly simulator: SimulatorConfig;
  readonly limits: Limits;
  readonly management?: { readonly oidc?: OidcConfig };
  readonly control_plane?: { readonly url: string };
}

/** Every interface: the VM exists to be reached. */
export const DEFAULT_LISTEN = '0.0.0.0:443';
/** FHS 3.0 §5.8: state of an application. */
export const DEFAULT_DATA_DIR = '/var/lib/proofgate';
/** FHS 3.0 §3.15: gone after a reboot, as sockets should be. */
export const DEFAULT_RUN_DIR = '/run/proofgate';
/** Where an Enclave OS image keeps its marker. */
export const DEFAULT_IMAGE_PROFILE_FILE = '/etc/privasys/image-profile';
/** What RA-TLS v1 gives a deterministic leaf. */
export const DEFAULT_LEAF_LIFETIME = '24h';
/** The quote's time is in minutes: below this, rounding alone would be a tenth of a leaf's life. */
export const MIN_LEAF_LIFETIME_MS: Milliseconds = 10 * 60_000;
/** RA-TLS v1 gives a leaf a day; the CA issues none that lives longer. */
export const MAX_LEAF_LIFETIME_MS: Milliseconds = 86_400_000;
/** Audience and role names of Enclave OS, so that its identity providers work unchanged. */
export const DEFAULT_OIDC = {
  audience: 'enclave-os-virtual',
  role_claim: 'roles',
  manager_role: 'privasys-platform:manager',
  monitoring_role: 'privasys-platform:monitoring',
} as const;
/** More workers than this is a typing error on any machine that exists. */
export const MAX_WORKERS = 1_024;
/** Each server is asked during a verification: more would only slow it down. */
export const MAX_ATTESTATION_SERVERS = 64;

const path = pathField();
// Root would keep its privileges, and with them the CA key, in the process that faces the network.
const workerId = z.int().min(1).max(MAX_ID);
const workersField = z.union([z.literal('auto'), z.int().min(1).max(MAX_WORKERS)], {
  error: 'expected auto or a number',
});
const nonEmpty = z.string().min(1).max(1_024);

const urlField = (protocols: readonly string[]): z.ZodString =>
  z.string().refine((text) => isUrl(text, protocols), {
    error: `expected a URL that starts with ${protocols.map((name) => `${name}//`).join(' or ')}`,
  });

function isUrl(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocols.includes(protocol) && username === '' && password === '';
}

const oidcSchema = z.strictObject({
  issuer: urlField(['https:', 'http:']),
  audience: nonEmpty.default(DEFAULT_OIDC.audience),
  role_claim: nonEmpty.default(DEFAULT_OIDC.role_claim),
  manager_role: nonEmpty.default(DEFAULT_OIDC.manager_role),
  monitoring_role: nonEmpty.default(DEFAULT_OIDC.monitoring_role),
});

/** A developer need not wait for what hardware takes 40 ms for. */
export const DEFAULT_SIMULATOR_LATENCY = '0ms';
/** The version that every verifier of TDX reads. */
export const DEFAULT_SIMULATOR_QUOTE_VERSION = 4;
/** Any free port: `<run_dir>/simulator.json` says which, so that two platforms never collide. */
export const DEFAULT_SIMULATOR_PORT = 0;

const simulatorSchema = z.strictObject({
  latency: durationField({ minMs: 0, maxMs: 60_000 }).prefault(DEFAULT_SIMULATOR_LATENCY),
  quote_version: z.literal([4, 5]).default(DEFAULT_SIMULATOR_QUOTE_VERSION),
  port: z.int().min(0).max(65_535).default(DEFAULT_SIMULATOR_PORT),
});

const enrolmentSchema = z.strictObject({
  enrol: urlField(['https:']),
  root: path,
  host: hostnameField().exactOptional(),
  key: z.enum(['file', 'memory', 'sealed']).default('file'),
  policy: path.exactOptional(),
  collateral: path.exactOptional(),
});

/** Below `data_dir` and `run_dir`: where an enrolled intermediary is written for those who use it. */
const ENROLLED = { cert: 'ca/intermediary.pem', key: 'ca/intermediary.key' } as const;

/** Schema of {@link PlatformConfig}. */
export const platformConfigSchema: z.ZodType<PlatformConfig, unknown> = z
  .strictObject({
    machine_name: labelField().exactOptional(),
    hostname: hostnameField().exactOptional(),
    tee: z.enum(['auto', 'tdx', 'sev-snp', 'simulated']).default('auto'),
    ca_cert: path.exactOptional(),
    ca_key: path.exactOptional(),
    ca: enrolmentSchema.exactOptional(),
    attestation_servers: z
      .array(urlField(['https:', 'http:']))
      .max(MAX_ATTESTATION_SERVERS)
      .default([]),
    listen: parsedText(parseHostPort).prefault(DEFAULT_LISTEN),
    proxy_protocol: proxyProtocolSchema.exactOptional(),
    data_dir: path.default(DEFAULT_DATA_DIR),
    run_dir: path.default(DEFAULT_RUN_DIR),
    runtime: z
      .enum(['auto', 'containerd', 'podman', 'process'], { error: whyNotDocker })
      .default('auto'),
    containers: containersPlatformSchema.prefault({}),
    image_profile_file: path.default(DEFAULT_IMAGE_PROFILE_FILE),
    workers: workersField.default('auto'),
    access_log: accessLogSchema.prefault({}),
    metrics: metricsSchema.exactOptional(),
    clients: clientsSchema.prefault({}),
    worker_uid: workerId.exactOptional(),
    worker_gid: workerId.exactOptional(),
    leaf_lifetime: durationField({
      minMs: MIN_LEAF_LIFETIME_MS,
      maxMs: MAX_LEAF_LIFETIME_MS,
    }).prefault(DEFAULT_LEAF_LIFETIME),
    simulator: simulatorSchema.exactOptional(),
    limits: limitsSchema.prefault({}),
    management: z.strictObject({ oidc: oidcSchema.exactOptional() }).exactOptional(),
    control_plane: z.strictObject({ url: urlField(['grpcs:']) }).exactOptional(),
  })
  .superRefine(
    (platform, context) => {
      for (const { path, message } of platformProblems(platform)) {
        context.addIssue({ code: 'custom', path: [path], message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .transform(({ simulator = simulatorSchema.parse({}), ...platform }) => ({
    ...platform,
    // With neither these nor `ca`, a problem has been reported already.
    ca_cert: platform.ca_cert ?? `${platform.data_dir}/${ENROLLED.cert}`,
    ca_key: platform.ca_key ?? `${platform.run_dir}/${ENROLLED.key}`,
    simulator,
  }));

/** What fields ask of each other. Runs beside other problems of the platform, so a field may be anything. */
function* platformProblems(platform: {
  readonly tee?: unknown;
  readonly simulator?: unknown;
  readonly worker_uid?: unknown;
  readonly worker_gid?: unknown;
  readonly ca_cert?: unknown;
  readonly ca_key?: unknown;
  readonly ca?: unknown;
  readonly hostname?: unknown;
}): Generator<{ readonly path: string; readonly message: string }> {
  yield* caProblems(platform);
  const { tee, simulator, worker_uid, worker_gid } = platform;
  if (simulator !== undefined && tee !== 'simulated') {
    yield { path: 'simulator', message: 'has an effect only with tee: simulated' };
  }
  if ((worker_uid === undefined) !== (worker_gid === undefined)) {
    const [path, other] =
      worker_uid === undefined ? ['worker_gid', 'worker_uid'] : ['worker_uid', 'worker_gid'];
    yield { path, message: `needs ${other} as well` };
  }
}

function* caProblems(platform: {
  readonly ca_cert?: unknown;
  readonly ca_key?: unknown;
  readonly ca?: unknown;
  readonly hostname?: unknown;
}): Generator<{ readonly path: string; readonly message: string }> {
  const { ca_cert: certificate, ca_key: key, ca, hostname } = platform;
  if (ca === undefined) {
    if (certificate === undefined) yield { path: 'ca_cert', message: 'is missing, and so is ca' };
    if (key === undefined) yield { path: 'ca_key', message: 'is missing, and so is ca' };
    return;
  }
  if (certificate !== undefined || key !== undefined) {
    yield { path: 'ca', message: 'gets the intermediary: remove ca_cert and ca_key' };
  }
  const given = (key: string): boolean => typeof ca === 'object' && ca !== null && key in ca;
  if (given('collateral') && !given('policy')) {
    yield { path: 'ca', message: 'has collateral for a policy that it does not name' };
  }
  if (!given('host') && hostname === undefined) {
    yield { path: 'ca', message: 'needs a host, or platform.hostname' };
  }
}

/** Who asks for it is told more than that the value is none. */
function whyNotDocker({ input }: { readonly input?: unknown }): string | undefined {
  if (input !== 'docker') return undefined;
  return 'docker starts a container in the step that makes it, so that nothing can be checked before: use containerd, which comes with it, or podman';
}
