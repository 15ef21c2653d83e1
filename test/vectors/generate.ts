// SPDX-License-Identifier: Apache-2.0
import type { CatalogueRule } from './catalogue/catalogue-rule.ts';
import { CATALOGUE } from './catalogue/catalogue.ts';
import { makeFixtures } from './catalogue/fixtures.ts';
import { HostMaker } from './making/attested-host.ts';
import type { MakeParts, MakingContext } from './making/make-parts.ts';
import { PrivateChainMaker } from './making/private-chain.ts';
import { VectorMaker } from './making/vector-maker.ts';
import { type Parts, type VectorFile, type VectorRule, withParts } from './vector-format.ts';

/** The content of each file, by name. Keys are new every time, so bytes differ from run to run. */
export interface GeneratedFiles {
  readonly fixtures: {
    readonly format: 1;
    readonly fixtures: Awaited<ReturnType<typeof makeFixtures>>;
  };
  readonly areas: Readonly<Record<string, VectorFile>>;
}

/** Makes all vectors of the catalogue. */
export async function generateVectors(): Promise<GeneratedFiles> {
  const maker = await VectorMaker.create();
  const [hosts, chains] = [new HostMaker(maker), new PrivateChainMaker()];
  const fixtures = await makeFixtures(maker, hosts, chains);
  const areas: Record<string, VectorFile> = {};
  for (const [name, { area, rules }] of Object.entries(CATALOGUE)) {
    const made: VectorRule[] = [];
    for (const rule of rules) {
      const fixture = fixtures[rule.fixture];
      made.push(await makeRule(rule, { maker, hosts, chains, fixture }));
    }
    areas[name] = { format: 1, area, rules: made };
  }
  return { fixtures: { format: 1, fixtures }, areas };
}

async function makeRule(rule: CatalogueRule, context: MakingContext): Promise<VectorRule> {
  const shared = await partsOf(rule.with, context);
  const fixture = withParts(context.fixture, shared);
  return {
    id: rule.id,
    rule: rule.rule,
    fixture: rule.fixture,
    with: shared,
    accepted: {
      with: await partsOf(rule.accepted, { ...context, fixture }),
      claims: rule.claims ?? {},
    },
    refused: { with: await partsOf(rule.refused, { ...context, fixture }), code: rule.code },
  };
}

async function partsOf(make: MakeParts | undefined, context: MakingContext): Promise<Parts> {
  return make === undefined ? {} : make(context);
}
