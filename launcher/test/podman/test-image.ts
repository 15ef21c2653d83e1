// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { VerifiedDocument, VerifiedImage } from '../../src/image/verified-image.ts';

/** An image as the store returns it, with layers that hold nothing but these texts. */
export function testImage(contents: readonly string[], directory = '/nowhere'): VerifiedImage {
  const layers = contents.map((content) => {
    const digest = digestOf(content);
    return {
      descriptor: { mediaType: 'layer', digest, size: Buffer.byteLength(content) },
      compression: 'none' as const,
      diffId: digest,
      chainId: digest,
      unpackedSize: content.length,
      file: `${directory}/${digest.slice(7)}`,
    };
  });
  const configDocument = documentOf('config', JSON.stringify({ contents }));
  const manifest = documentOf('manifest', JSON.stringify(layers.map(({ diffId }) => diffId)));
  return {
    reference: `registry.test/app@${manifest.digest}`,
    pin: manifest.digest,
    documents: [manifest],
    manifest,
    configDocument,
    config: {
      entrypoint: [],
      cmd: [],
      env: [],
      user: '',
      workingDir: '',
      stopSignal: undefined,
      labels: {},
      volumes: [],
    },
    layers,
  };
}

/** `sha256:` and the hash in hex. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function documentOf(mediaType: string, text: string): VerifiedDocument {
  const bytes = Buffer.from(text);
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}
