import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepDeployed, readDeployed, refuseDecisionsChange, refuseRegionChange } from '../../lib/deployed-regions.ts';

const three = ['us-east-1', 'us-east-2', 'us-west-2'];

describe('a change of Regions', () => {
  it.each([
    ['no change', three],
    ['another order of replicas', ['us-east-1', 'us-west-2', 'us-east-2']],
    ['one more Region', [...three, 'eu-west-1']],
    ['one Region less', ['us-east-1', 'us-west-2']],
  ])('may be %s', (_, wanted) => {
    expect(refuseRegionChange(three, wanted)).toBeUndefined();
  });

  it.each([
    ['two more Regions', [...three, 'eu-west-1', 'eu-west-2'], '+eu-west-1 +eu-west-2'],
    ['one Region in place of another', ['us-east-1', 'us-east-2', 'eu-west-1'], '+eu-west-1 -us-west-2'],
  ])('is refused if it is %s, and the error says what to do instead', (_, wanted, changes) => {
    const refused = refuseRegionChange(three, wanted);
    expect(refused).toContain(`${changes}. `);
    expect(refused).toMatch(/one Region .*npx meridian deploy/);
  });

  it('is refused if it moves the primary Region', () => {
    expect(refuseRegionChange(three, ['us-east-2', 'us-east-1', 'us-west-2'])).toMatch(
      /us-east-1 .*us-east-2.*us-east-1 first/,
    );
  });
});

describe('a change of how decisions are replicated', () => {
  it.each([
    ['the first deploy', undefined, 'strong'],
    ['none', 'strong', 'strong'],
    ['none', 'eventual', 'eventual'],
  ] as const)('may be %s', (_, was, is) => {
    expect(refuseDecisionsChange(was, is)).toBeUndefined();
  });

  it('is refused from eventual to strong, with instructions to keep or to replace the existing table', () => {
    expect(refuseDecisionsChange('eventual', 'strong')).toMatch(
      /"eventual" .*"strong".*"decisions": "eventual" .*cdk\.json.*another "name"/,
    );
  });

  it('is refused from strong to eventual, with instructions to replace the table', () => {
    expect(refuseDecisionsChange('strong', 'eventual')).toMatch(/"strong" .*"eventual".*three Regions.*another "name"/);
  });
});

describe('regions.json', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-regions-'));
    file = join(folder, 'regions.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const assembly = (...metadata: readonly unknown[]) => {
    const globals = metadata.map((_, i) => [`global-${i}`, { properties: { templateFile: `global-${i}.json` } }]);
    const artifacts = {
      'meridian-global.assets': { type: 'cdk:asset-manifest', properties: { file: 'meridian-global.assets.json' } },
      'meridian-us-east-1': { type: 'aws:cloudformation:stack', properties: { templateFile: 'region.json' } },
      ...Object.fromEntries(globals),
      Tree: { type: 'cdk:tree' },
    };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts }));
    writeFileSync(join(folder, 'region.json'), JSON.stringify({ Resources: {} }));
    for (const [i, Metadata] of metadata.entries())
      writeFileSync(join(folder, `global-${i}.json`), JSON.stringify({ Metadata, Resources: {} }));
    return folder;
  };
  const record = (name: string, regions: readonly string[], ephemeral = false) => ({
    Meridian: { name, regions, decisions: 'eventual', ephemeral },
  });
  const deployment = (...of: Parameters<typeof record>) => assembly(record(...of));

  it('does not exist before the first deploy', () => {
    expect(readDeployed(file, 'meridian')).toBeUndefined();
  });

  it('records the Regions of a deploy, primary first, and how its decisions are replicated', () => {
    expect(keepDeployed(deployment('meridian', ['us-west-2', 'us-east-1']), file)).toBe(true);
    expect(readDeployed(file, 'meridian')).toEqual({
      regions: ['us-west-2', 'us-east-1'],
      decisions: 'eventual',
    });
  });

  it('keeps deployments of other names apart', () => {
    keepDeployed(deployment('staging', ['eu-west-1', 'eu-west-2']), file);
    keepDeployed(deployment('meridian', three), file);
    expect(readFileSync(file, 'utf8')).toBe(
      `${JSON.stringify({ meridian: { regions: three, decisions: 'eventual' }, staging: { regions: ['eu-west-1', 'eu-west-2'], decisions: 'eventual' } }, null, 2)}\n`,
    );
  });

  it('records every deployment of an app with several, except ephemeral ones', () => {
    const app = assembly(record('staging', ['eu-west-1']), record('try', three, true), record('meridian', three));
    expect(keepDeployed(app, file)).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      meridian: { regions: three, decisions: 'eventual' },
      staging: { regions: ['eu-west-1'], decisions: 'eventual' },
    });
  });

  it('can be read in the form that it had before transactions existed: Regions only', () => {
    writeFileSync(file, JSON.stringify({ meridian: three }));
    expect(readDeployed(file, 'meridian')).toEqual({ regions: three });
  });

  it('does not record ephemeral stacks', () => {
    expect(keepDeployed(deployment('meridian', three, true), file)).toBe(false);
    expect(readDeployed(file, 'meridian')).toBeUndefined();
  });

  it('cannot be written without a global stack', () => {
    expect(() => keepDeployed(assembly(), file)).toThrow('no global stack');
  });
});
