import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { checks, writing } from '../../bin/smoke/advice.ts';
import { toyDomain } from '../../testing/toy.ts';
import { freePort } from '../free-port.ts';
import { addressOf, aServedWorld, meridian, regions } from './run-meridian.ts';

/** A project, of the toy's domain unless it is given another file. */
function aProjectOf(domain: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-smoke-')));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const manifest = { name: 'smoked', type: 'module', meridian: { domain: relative(folder, resolve(domain)) } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

const cwd = aProjectOf('testing/toy-domain.ts');
const { world, address, run } = aServedWorld(toyDomain, { cwd });
afterEach(() => world.healAll());

const checkedSchema = z.object({
  check: z.string(),
  outcome: z.enum(['passed', 'skipped', 'failed']),
  problem: z.object({ code: z.string(), detail: z.string() }).optional(),
  means: z.string().optional(),
  todo: z.string().optional(),
});
const runSchema = z.object({
  ok: z.boolean(),
  write: z.boolean(),
  key: z.string().optional(),
  checks: z.array(checkedSchema),
  lagMs: z.record(z.string(), z.record(z.string(), z.number())).optional(),
});

async function smoke(args: readonly string[] = [], options: Parameters<typeof run>[1] = {}) {
  const { code, stdout } = await run(['smoke', '--json', ...args], options);
  return { code, ...runSchema.parse(JSON.parse(stdout)) };
}
function outcomes(all: readonly z.output<typeof checkedSchema>[]) {
  return Object.fromEntries(all.map(({ check, outcome }) => [check, outcome]));
}
/** Every commit that a Region holds. */
function commitsWith(region: string, key: string) {
  return [...world.region(region).events.commits()].filter(({ stream, commitId }) => `${stream} ${commitId}`.includes(key));
}

describe('meridian smoke', () => {
  it('reads only unless it is told to write, and says what it could not check', async () => {
    const before = regions.map((region) => commitsWith(region, 'smoke-').length);
    const { code, ok, checks: done } = await smoke();
    expect([code, ok]).toEqual([0, true]);
    expect(outcomes(done)).toEqual(
      Object.fromEntries(checks.map((check) => [check, writing.includes(check) ? 'skipped' : 'passed'])),
    );
    expect(regions.map((region) => commitsWith(region, 'smoke-').length)).toEqual(before);
  });
});
