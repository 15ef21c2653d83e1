// SPDX-License-Identifier: Apache-2.0
import { OID, toHex, utf8 } from '@proofgate/evidence';
import { SIMULATED_FMSPC } from '@proofgate/simulator';
import { IMAGE_DIGEST, QUOTE_TIME } from '../making/attested-host.ts';
import { fixed, type MakeParts, policy, presented } from '../making/make-parts.ts';
import { AT } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

const OTHER_DIGEST = '00'.repeat(32);

/** What a policy accepts. The policies differ, the evidence is the same. */
export const POLICY: CatalogueArea = {
  area: 'policy',
  rules: [
    host('policy-tee', 'The TEE is one that the policy names.', 'ERR_POLICY_TEE', {
      accepted: { tee: ['tdx', 'sev-snp'] },
      refused: { tee: ['sgx', 'sev-snp'] },
    }),
    {
      id: 'policy-simulated-root',
      rule: 'A simulated root is accepted only when it is named.',
      fixture: 'host-policy',
      refused: fixed({ policy: '{"version":1,"tee":"tdx"}' }),
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    },
    {
      id: 'policy-root',
      rule: 'The policy’s roots bind also when the caller trusts more.',
      fixture: 'host-policy',
      with: ({ maker }) => ({ root: maker.rootSha256 }),
      refused: fixed({ policy: '{"version":1,"roots":["intel","amd"]}' }),
      code: 'ERR_POLICY_ROOT',
    },
    {
      id: 'policy-measurement',
      rule: 'Some measurement set matches in every register that it lists.',
      fixture: 'host-policy',
      accepted: measurements((mrtd) => ({ old: { mrtd: '00'.repeat(48) }, now: { mrtd } })),
      refused: measurements((mrtd) => ({ mixed: { mrtd, rtmr0: '00'.repeat(48) } })),
      code: 'ERR_POLICY_MEASUREMENT',
    },
    host('policy-fmspc', 'The machine is of a kind that the policy names.', 'ERR_POLICY_PLATFORM', {
      accepted: { platforms: { fmspc: SIMULATED_FMSPC } },
      refused: { platforms: { fmspc: '000000000000' } },
    }),
    {
      id: 'policy-piid',
      rule: 'The machine is one that the policy names.',
      fixture: 'host-policy',
      accepted: (context) => {
        const piid = toHex(context.maker.keys.pckCa.keyId.slice(0, 16));
        return policy({ platforms: { piid } })(context);
      },
      refused: policy({ platforms: { piid: '00'.repeat(16) } }),
      code: 'ERR_POLICY_PLATFORM',
    },
    host('policy-extension', 'An extension has the value of the policy.', 'ERR_POLICY_EXTENSION', {
      accepted: { extensions: { imageDigest: `hex:${IMAGE_DIGEST}` } },
      refused: { extensions: { imageDigest: `hex:${OTHER_DIGEST}` } },
    }),
    host(
      'policy-extension-there',
      'An extension that the policy names is there.',
      'ERR_POLICY_EXTENSION',
      {
        accepted: { extensions: { [OID.imageProfile]: 'utf8:production' } },
        refused: { extensions: { [OID.dataKeyOrigin]: 'utf8:production' } },
      },
    ),
    host(
      'policy-workload-image',
      'A workload runs an image of the policy.',
      'ERR_POLICY_WORKLOAD',
      {
        accepted: { workloads: { hello: [`sha256:${IMAGE_DIGEST}`] } },
        refused: { workloads: { hello: [`sha256:${OTHER_DIGEST}`] } },
      },
    ),
    host('policy-workload-runs', 'Every workload of the policy runs.', 'ERR_POLICY_WORKLOAD', {
      accepted: { workloads: { hello: `sha256:${IMAGE_DIGEST}` } },
      refused: {
        workloads: { hello: `sha256:${IMAGE_DIGEST}`, more: `sha256:${IMAGE_DIGEST}` },
      },
    }),
    host(
      'policy-workload-named',
      'No workload runs that the policy does not name.',
      'ERR_POLICY_WORKLOAD',
      {
        accepted: { workloads: { hello: `sha256:${IMAGE_DIGEST}` } },
        refused: { workloads: { other: `sha256:${IMAGE_DIGEST}` } },
      },
    ),
    {
      id: 'policy-workload-log',
      rule: 'Workloads are proved by a log, not by the certificate.',
      fixture: 'host-policy',
      with: policy({ workloads: { hello: `sha256:${IMAGE_DIGEST}` } }),
      refused: fixed({ document: null }),
      code: 'ERR_POLICY_WORKLOAD',
    },
    {
      id: 'policy-image-profile',
      rule: 'Without a word about profiles, only production images are accepted.',
      fixture: 'host-policy',
      with: fixed({ document: null }),
      accepted: profile('production'),
      refused: profile('dev'),
      code: 'ERR_POLICY_IMAGE_PROFILE',
    },
    host(
      'policy-image-profile-named',
      'The image profile is one of the policy.',
      'ERR_POLICY_IMAGE_PROFILE',
      {
        accepted: { imageProfile: ['dev', 'production'] },
        refused: { imageProfile: ['dev'] },
      },
    ),
    host(
      'policy-binding',
      'The binding is as strong as the policy wants.',
      'ERR_POLICY_FRESHNESS',
      {
        accepted: { freshness: { mode: 'certificate' } },
        refused: { freshness: { mode: 'session' } },
      },
    ),
    {
      id: 'policy-binding-session',
      rule: 'A session binding needs evidence for the session.',
      fixture: 'session',
      with: policy({ freshness: { mode: 'session' } }),
      claims: { binding: 'session' },
      refused: fixed({ session: null }),
      code: 'ERR_POLICY_FRESHNESS',
    },
    {
      id: 'policy-binding-document',
      rule: 'A document alone binds to nothing.',
      fixture: 'document',
      accepted: policy({ tee: 'tdx' }),
      claims: { binding: 'none' },
      refused: policy({ freshness: { mode: 'certificate' } }),
      code: 'ERR_POLICY_FRESHNESS',
    },
    host('policy-age', 'The evidence is no older than the policy wants.', 'ERR_POLICY_FRESHNESS', {
      accepted: { freshness: { maxAge: isoSeconds(AT.getTime() - QUOTE_TIME.getTime()) } },
      refused: { freshness: { maxAge: isoSeconds(AT.getTime() - QUOTE_TIME.getTime() - 1000) } },
    }),
  ],
};

interface PolicySides {
  readonly accepted: Readonly<Record<string, unknown>>;
  readonly refused: Readonly<Record<string, unknown>>;
}

/** Two policies about the same host. */
function host(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  { accepted, refused }: PolicySides,
): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'host-policy',
    accepted: policy(accepted),
    refused: policy(refused),
    code,
  };
}

function measurements(
  sets: (mrtd: string) => Readonly<Record<string, Readonly<Record<string, string>>>>,
): MakeParts {
  return (context) => policy({ measurements: sets(toHex(context.maker.mrtd)) })(context);
}

/** A leaf that states an image profile. */
function profile(name: string): MakeParts {
  return presented({
    values: (values) =>
      values.map((one) => (one.oid === OID.imageProfile ? { ...one, value: utf8(name) } : one)),
  });
}

function isoSeconds(ms: number): string {
  return `PT${ms / 1000}S`;
}
