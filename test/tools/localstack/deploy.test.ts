import { rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stacksIn } from '../../../tools/localstack/deploy.ts';
import { makeTree } from '../../checks/tree.ts';

function anAssembly(artifacts: object): string {
  const folder = makeTree({ 'manifest.json': JSON.stringify({ version: '48.0.0', artifacts }) });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the synthesized app', () => {
  it('returns the name and the Region of each stack', () => {
    const assembly = anAssembly({
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
      'shop-eu-west-1': {
        type: 'aws:cloudformation:stack',
        environment: 'aws://unknown-account/eu-west-1',
        properties: { templateFile: 'a.json' },
      },
      Global: {
        type: 'aws:cloudformation:stack',
        environment: 'aws://123456789012/us-east-1',
        properties: { templateFile: 'b.json', stackName: 'shop-global' },
      },
    });
    expect(stacksIn(assembly)).toEqual([
      { name: 'shop-eu-west-1', region: 'eu-west-1' },
      { name: 'shop-global', region: 'us-east-1' },
    ]);
  });

  it('cannot be deployed when a stack names no Region', () => {
    const stack = { type: 'aws:cloudformation:stack', environment: 'aws://unknown-account/unknown-region' };
    expect(() => stacksIn(anAssembly({ Shop: stack }))).toThrow('Stack Shop names no Region.');
  });
});
