// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseRecipe } from '@proofgate/images';

const text = readFileSync(new URL('../hello/image.yaml', import.meta.url), 'utf8');

test('the recipe of the example is valid', () => {
  const recipe = parseRecipe(text, 'image.yaml');
  expect(recipe).toMatchObject({ name: 'hello', user: '65532:65532' });
  expect(recipe.layers[1]?.directories).toEqual([{ path: '/tmp', mode: 0o1777 }]);
  expect(recipe.layers[2]?.files).toEqual([
    { path: '/app/hello.mjs', from: 'examples/hello/dist/hello.mjs', mode: 0o644 },
  ]);
});

test.each([
  ['an unknown key', 'name: hello', 'name: hello\nnmae: x', /nmae/],
  ['a duplicate key', 'name: hello', 'name: hello\nname: x', /unique at line 5, column 1/],
  ['malformed YAML', 'name: hello', 'name: [hello', /line \d+, column \d+/],
  ['root', "65532:65532'", "0:0'", /user: must be UID:GID in numbers, not root/],
  ['a relative path', '/app/hello.mjs\n', 'app/hello.mjs\n', /path/],
  ['a path that climbs', '/etc/passwd', '/etc/../passwd', /path|files/],
  ['a set-user-ID program', "'1777'", "'4755'", /octal/],
  ['another version', "version: '1'", "version: '2'", /version/],
  ['no layers', /layers:.*/s, 'layers: []', /layers/],
])('%s is refused', (_, from, to, message) => {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  const parse = (): unknown => parseRecipe(changed, 'image.yaml');
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ code: 'ERR_IMAGES_RECIPE_INVALID' }));
});
