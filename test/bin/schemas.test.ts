import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { makeTree } from '../checks/tree.ts';

// Each run is a process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const core = JSON.stringify(join(process.cwd(), 'core/index.ts'));
const zod = JSON.stringify(import.meta.resolve('zod'));

function domain(input: string): string {
  return `import { defineDomain, defineStream } from ${core};
import * as z from ${zod};
export const domain = defineDomain({
  streams: [
    defineStream({
      type: 'note',
      mode: 'merge',
      events: { Noted: { schemaVersion: 1, schema: z.strictObject({ text: z.string() }), sample: { text: 'red' } } },
      initial: 0,
      evolve: (count) => count + 1,
      commands: { note: { input: ${input}, decide: () => [] } },
    }),
  ],
  views: [],
});
`;
}

function aProject(files: Readonly<Record<string, string>> = {}) {
  const root = makeTree({
    'package.json': '{"type":"module","meridian":{}}',
    'streams/index.ts': domain('z.string()'),
    'test/a.ts': '',
    ...files,
  });
  onTestFinished(() => rmSync(root, { recursive: true }));
  const schemas = (folder: string, ...options: string[]) => {
    const args = [join(process.cwd(), 'bin/meridian.mjs'), 'schemas', ...options];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: join(root, folder), encoding: 'utf8' });
    return { code: status, stdout, stderr };
  };
  return { root, schemas };
}

/** Success, with its one line. */
function fine(line: string) {
  return { code: 0, stdout: `${line}\n`, stderr: '' };
}
const written = 'Wrote the schemas of 1 event version and 1 command to schemas/.';
const upToDate = 'schemas/ is up to date: 1 event version and 1 command.';

describe('meridian schemas', () => {
  it('writes the schemas of the project that it runs in, says how many and where, and accepts them with --check', () => {
    const { root, schemas } = aProject();
    expect(schemas('test')).toEqual(fine(written.replace('schemas/', '../schemas/')));
    const text = readFileSync(join(root, 'schemas/asyncapi.yaml'), 'utf8');
    expect(text).toMatch(/^# Generated from the domain by `npx meridian schemas`\./);
    expect(parse(text)).toMatchObject({ asyncapi: '3.0.0' });
    expect(JSON.parse(readFileSync(join(root, 'schemas/commands/note.note.json'), 'utf8'))).toMatchObject({
      $comment: expect.stringContaining('npx meridian schemas'),
      type: 'string',
    });
    expect(schemas('.', '--check')).toEqual(fine(upToDate));
  });

  it('names the file that its check finds out of date, and does not change it', () => {
    const { root, schemas } = aProject();
    schemas('.');
    writeFileSync(join(root, 'streams/index.ts'), domain('z.number()'));
    const before = readFileSync(join(root, 'schemas/commands/note.note.json'), 'utf8');
    expect(schemas('.', '--check')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        `${join('schemas', 'commands/note.note.json')} is out of date: run \`npx meridian schemas\``,
      ),
    });
    expect(readFileSync(join(root, 'schemas/commands/note.note.json'), 'utf8')).toBe(before);
  });

  it('refuses to break what was released, unless that is accepted', () => {
    const { root, schemas } = aProject();
    expect(schemas('.', '--release')).toEqual(fine(written.replace('.', ', and recorded them as released.')));
    const released = readFileSync(join(root, 'schemas/released.json'), 'utf8');
    writeFileSync(join(root, 'streams/index.ts'), domain('z.number()'));
    expect(schemas('.', '--release')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/command note\.note: input must be number, not string\n.*--release --accept/),
    });
    expect(readFileSync(join(root, 'schemas/released.json'), 'utf8')).toBe(released);
    expect(schemas('.', '--release', '--accept')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('(accepted)'),
    });
    expect(schemas('.', '--check')).toEqual(fine(upToDate));
  });

  it('shows what breaks a release before the files that are out of date', () => {
    const { root, schemas } = aProject();
    schemas('.', '--release');
    writeFileSync(join(root, 'streams/index.ts'), domain('z.number()'));
    const { code, stdout } = schemas('.', '--check');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^command note\.note: input must be number, not string\nTo break a promise on purpose.*\n.*note\.note\.json is out of date/,
    );
  });

  it('refuses options that contradict each other', () => {
    const { root, schemas } = aProject();
    expect(schemas('.', '--check', '--release')).toMatchObject({ code: 2, stderr: expect.stringContaining('--check') });
    expect(existsSync(join(root, 'schemas'))).toBe(false);
  });

  it('names a file of the domain that it cannot read, and says if there is no project', () => {
    const { schemas } = aProject({ 'streams/index.ts': 'export const streams = 1;' });
    expect(schemas('.')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/streams[/\\]index\.ts: It exports streams, and no domain/),
    });
    expect(aProject({ 'package.json': '{"type":"module"}' }).schemas('.')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('meridian init'),
    });
  });
});
