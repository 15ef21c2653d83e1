// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import type { RegistryConfig } from '@proofgate/api';
import { registryName, type ImageLocation } from '../image-location.ts';
import { registryRefused } from './registry-fault.ts';

type RegistryLocation = Extract<ImageLocation, { readonly kind: 'registry' }>;

/**
 * Where requests for the images of one registry may go. It decides where its blobs lie and who gives out tokens, so
 * without rules it could make the launcher ask any service that the VM can reach.
 */
export class HostRules {
  /** Where requests begin. */
  readonly base: URL;
  readonly #plainHosts: ReadonlySet<string>;
  readonly #isLocal: boolean;

  /** @param registries - those of the configuration; the ones with `plain_http` may be led to in plain HTTP */
  constructor(location: RegistryLocation, registries: readonly RegistryConfig[]) {
    const plain = registries.filter((registry) => registry.plain_http);
    this.#plainHosts = new Set(plain.map(({ host }) => registryName(host)));
    const hostname = new URL(`https://${location.endpoint}`).hostname;
    this.#isLocal = isLoopback(hostname);
    const usesPlain = this.#isLocal || this.#plainHosts.has(location.host);
    this.base = new URL(`${usesPlain ? 'http' : 'https'}://${location.endpoint}`);
  }

  /**
   * Reads where an answer leads.
   *
   * @param target - as the registry wrote it
   * @param from - what it is relative to
   * @param what - names it in messages
   * @throws LauncherError ERR_LAUNCHER_REGISTRY_REFUSED
   */
  follow(target: string, from: URL, what: string): URL {
    const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
    const obstacle = url === undefined ? 'no URL' : this.#obstacle(url);
    if (url !== undefined && obstacle === undefined) return url;
    throw registryRefused(`${this.base.host} leads to a place that is not asked`, {
      expected: 'https, or plain HTTP on a host for which the configuration allows it',
      // Without path and query, which may hold a signature that lets others in.
      seen: `${what} with ${obstacle ?? ''}: ${(url?.origin ?? target).slice(0, 200)}`,
    });
  }

  #obstacle(url: URL): string | undefined {
    if (url.username !== '' || url.password !== '') return 'credentials';
    if (isInside(url.hostname) && !this.#isLocal && url.hostname !== this.base.hostname) {
      return 'an address inside the VM or beside it';
    }
    if (url.protocol === 'https:') return undefined;
    if (url.protocol !== 'http:') return 'another protocol';
    const allowed =
      (this.#isLocal && isLoopback(url.hostname)) || this.#plainHosts.has(registryName(url.host));
    return allowed ? undefined : 'plain HTTP';
  }
}

/** Whether a name as it is in URLs is this machine. */
function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}

/** Loopback, unspecified and link-local addresses: services of this machine, and what clouds tell their machines. */
function isInside(hostname: string): boolean {
  if (isLoopback(hostname) || /(^|\.)localhost\.?$/.test(hostname)) return true;
  if (isIP(hostname) === 4) return hostname.startsWith('0.') || hostname.startsWith('169.254.');
  return /^\[(::\]|::ffff:|fe[89ab])/.test(hostname);
}
