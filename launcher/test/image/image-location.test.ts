// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { locateImage } from '../../src/image/image-location.ts';

const HEX = 'a'.repeat(64);

describe('locateImage', () => {
  test.each([
    ['nginx', 'docker.io', 'registry-1.docker.io', 'library/nginx'],
    ['nginx:1.27', 'docker.io', 'registry-1.docker.io', 'library/nginx'],
    ['grafana/grafana:11.0.0', 'docker.io', 'registry-1.docker.io', 'grafana/grafana'],
    ['docker.io/nginx', 'docker.io', 'registry-1.docker.io', 'library/nginx'],
    ['index.docker.io/library/nginx', 'docker.io', 'registry-1.docker.io', 'library/nginx'],
    ['ghcr.io/owner/app:v1', 'ghcr.io', 'ghcr.io', 'owner/app'],
    ['GHCR.io/owner/app', 'ghcr.io', 'ghcr.io', 'owner/app'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000', '127.0.0.1:5000', 'app'],
    ['localhost/app:latest', 'localhost', 'localhost', 'app'],
    ['registry.example:443/a/b/c_d', 'registry.example:443', 'registry.example:443', 'a/b/c_d'],
  ])('%s', (name, host, endpoint, repository) => {
    const reference = `${name}@sha256:${HEX}`;
    const pin = `sha256:${HEX}`;
    expect(locateImage(reference)).toEqual({
      kind: 'registry',
      reference,
      pin,
      host,
      endpoint,
      repository,
    });
  });

  test('a layout on disk', () => {
    expect(locateImage(`disk://apps/web@sha256:${HEX}`)).toMatchObject({
      kind: 'layout',
      name: 'apps/web',
    });
  });

  test.each([
    ['Upper/Case', 'ERR_LAUNCHER_IMAGE_REFUSED'],
    ['ghcr.io/owner/App', 'ERR_LAUNCHER_IMAGE_REFUSED'],
    ['ghcr.io/a//b', 'ERR_API_IMAGE_REFERENCE'],
    ['ghcr.io/a/../b', 'ERR_API_IMAGE_REFERENCE'],
    ['host:port:more/app', 'ERR_LAUNCHER_IMAGE_REFUSED'],
    ['disk://..', 'ERR_API_IMAGE_REFERENCE'],
    ['disk://a/./b', 'ERR_API_IMAGE_REFERENCE'],
    ['disk://a:1', 'ERR_LAUNCHER_IMAGE_REFUSED'],
    [`ghcr.io/${'a'.repeat(256)}`, 'ERR_LAUNCHER_IMAGE_REFUSED'],
  ])('refuses %s', (name, code) => {
    expect(() => locateImage(`${name}@sha256:${HEX}`)).toThrow(expect.objectContaining({ code }));
  });

  test('refuses what is not pinned', () => {
    expect(() => locateImage('nginx:latest')).toThrow(
      expect.objectContaining({ code: 'ERR_API_IMAGE_REFERENCE' }),
    );
  });
});
