import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseHistory } from '../../../checkers/index.ts';
import { DOMAINS } from '../../../simulator/domain.ts';
import { aServedWorld, jsonLines, regions } from '../run-meridian.ts';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-record-')));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const file = join(cwd, 'history.jsonl');
const { run } = aServedWorld(DOMAINS.plain, { cwd });

const workload = ['--workload', resolve('simulator/domain.ts')];
const problemSchema = z.object({ code: z.string(), detail: z.string() });

async function refused(...args: readonly string[]) {
  const { code, stderr } = await run(['record', '--json', ...args]);
  return [code, problemSchema.parse(JSON.parse(stderr))];
}

describe('meridian record', () => {
  it('writes a history in which no promise is broken', async () => {
    const { code, stdout } = await run(['record', ...workload, '--operations', '60', '--seed', '7', '--json']);
    expect([code, jsonLines(stdout)]).toMatchObject([
      0,
      [{ history: 'history.jsonl', operations: 60, seed: 7, agree: true }],
    ]);
    const history = parseHistory(readFileSync(file, 'utf8'));
    expect(history[0]).toMatchObject({ line: 'history', source: 'deployment', regions, seed: 7 });
    const counts = Object.fromEntries(
      [...Map.groupBy(history, ({ line }) => line)].map(([line, of]) => [line, of.length]),
    );
    // Two streams of each of the nine types, and the views whose rows are those of streams.
    expect(counts).toMatchObject({ replica: 2 * 9 * regions.length, view: 2 * regions.length, settled: 1 });
    expect(await run(['check', file])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No promise is broken.'),
    });
  });

  it('says how far it is, and how to go on', async () => {
    const { code, stdout, stderr } = await run(['record', ...workload, '--operations', '5', '--history', 'five.jsonl']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^5 operations in 3 Regions, seed \d+ …\nAll operations are over\. Waiting/);
    expect(stdout).toMatch(
      /^five\.jsonl has the history of 5 operations, in [\d.]+ s\.\nCheck it: meridian check five\.jsonl\n$/,
    );
  });

  it('is refused without a workload, or with a file that exports none', async () => {
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module', meridian: {} }));
    expect(await refused()).toMatchObject([1, { code: 'no-workload' }]);
    expect(await refused('--workload', 'none.js')).toMatchObject([
      1,
      { detail: expect.stringContaining('none.js: There is no such file.') },
    ]);
    writeFileSync(join(cwd, 'broken.js'), 'export const workload = { uses: { note: {} } };');
    expect(await refused('--workload', 'broken.js')).toMatchObject([
      1,
      { detail: expect.stringContaining('It exports no `workload`.') },
    ]);
    writeFileSync(join(cwd, 'throws.js'), "throw new Error('Not today')");
    expect(await refused('--workload', 'throws.js')).toMatchObject([
      1,
      { detail: expect.stringMatching(/throws\.js:1: Not today\. Fix that/) },
    ]);
  });

  it('is refused before anything is sent if the file cannot be written', async () => {
    expect(await refused(...workload, '--history', 'none/history.jsonl')).toMatchObject([1, { code: 'no-file' }]);
  });
});
