import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reportApi } from '../../scripts/api-report.ts';
import { foreignTypes } from '../../scripts/package-check/declarations.ts';
import { makeTree } from './tree.ts';

function aTree(files: Record<string, string>): string {
  const root = makeTree(files);
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

const manifest = JSON.stringify({
  name: '@acme/thing',
  version: '1.0.0',
  type: 'module',
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './more': { types: './dist/more.d.ts', default: './dist/more.js' },
    './package.json': './package.json',
  },
});

describe('the API report', () => {
  it('has a file for each entry point, and finds changes and files that are left over', () => {
    const stage = aTree({
      'package.json': manifest,
      'dist/index.d.ts': 'export interface Thing {\n    readonly size: number;\n}\n',
      'dist/more.d.ts': 'export declare function grow(by: number): void;\n',
    });
    const reports = join(stage, 'api');
    expect(reportApi(stage, { reports, write: true })).toEqual([]);
    expect(readFileSync(join(reports, 'meridian.api.md'), 'utf8')).toContain('readonly size: number;');
    expect(reportApi(stage, { reports })).toEqual([]);

    writeFileSync(join(stage, 'dist/more.d.ts'), 'export declare function grow(by: string): void;\n');
    writeFileSync(join(reports, 'gone.api.md'), '');
    expect(reportApi(stage, { reports })).toEqual([
      expect.stringMatching(/^The public API is not what api\/more\.api\.md says/),
      '- export function grow(by: number): void;',
      '+ export function grow(by: string): void;',
      'api/gone.api.md belongs to no entry point',
    ]);
    expect(reportApi(stage, { reports, write: true })).toEqual([]);
    expect(reportApi(stage, { reports })).toEqual([]);
  });
});

describe('the declarations of an entry point', () => {
  it('may name the peers of the entry point, and no other packages', () => {
    const root = aTree({
      'index.d.ts': "import type * as z from 'zod';\nexport type { B } from './b.js';\nexport type A = z.ZodType;\n",
      'b.d.ts': "export interface B { readonly of: import('@middy/core').MiddlewareObj }\n",
      'cdk.d.ts':
        "import { Stack } from 'aws-cdk-lib';\nimport type { Server } from 'node:http';\nexport declare class S extends Stack {}\n",
    });
    expect(foreignTypes('testing', join(root, 'index.d.ts'))).toEqual([
      'The types of testing need @middy/core: b.d.ts names it',
    ]);
    expect(foreignTypes('cdk', join(root, 'cdk.d.ts'))).toEqual([]);
    expect(foreignTypes('world', join(root, 'cdk.d.ts'))).toEqual([expect.stringContaining('aws-cdk-lib')]);
  });
});
