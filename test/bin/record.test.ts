import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DOMAINS } from '../../simulator/domain.ts';
import { aServedWorld } from './run-meridian.ts';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-record-')));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const { run } = aServedWorld(DOMAINS.plain, { cwd });

describe('meridian record', () => {
  it('records', async () => {
    const recorded = await run(['record', '--workload', resolve('simulator/domain.ts'), '--operations', '100', '--seed', '7']);
    console.log(recorded);
    const checked = await run(['check', 'history.jsonl']);
    console.log(checked);
    expect(checked.code).toBe(0);
  });
});
