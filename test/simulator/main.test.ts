import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseHistory } from '../../checkers/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function simulate(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['simulator/main.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A folder that is deleted after the test. */
function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-history-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('npm run simulate', () => {
  it('reports as JSON what ran and what broke', () => {
    const { status, stdout } = simulate('--seed', '3', '--runs', '2', '--operations', '10', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      histories: 2,
      operations: 20,
      seconds: expect.any(Number),
      faults: expect.any(Object),
      coverage: { seen: expect.any(Array), unseen: expect.any(Array), actions: expect.any(Object) },
      violations: [],
      seed: 3,
    });
  });

  it('finds the same in several threads', () => {
    const args = ['--runs', '4', '--operations', '10', '--json'];
    const [one, two] = [simulate(...args), simulate(...args, '--jobs', '2')].map(({ stdout }) => JSON.parse(stdout));
    expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 });
  });

  it('reports what ran when it is stopped', async () => {
    const file = join(aFolder(), 'history.jsonl');
    const args = ['simulator/main.ts', '--minutes', '10', '--json', '--history', file];
    const run = spawn(process.execPath, args, { cwd: root });
    let output = '';
    run.stdout.on('data', (text) => {
      output += text;
    });
    await expect.poll(() => existsSync(file), { timeout: 60_000 }).toBe(true);
    run.kill('SIGTERM');
    run.kill('SIGTERM');
    const [code] = await once(run, 'close');
    expect(code).toBe(0);
    const { histories, operations } = JSON.parse(output);
    expect(histories).toBeGreaterThan(0);
    // Some seeds also have operations that need a repair.
    expect(operations).toBeGreaterThanOrEqual(50 * histories);
    expect(operations).toBeLessThan(60 * histories);
  });

  it('writes a history that can be read and checked', () => {
    const file = join(aFolder(), 'history.jsonl');
    expect(simulate('--runs', '1', '--operations', '5', '--history', file).status).toBe(0);
    const history = parseHistory(readFileSync(file, 'utf8'));
    expect(history.filter((line) => 'op' in line && line.line !== 'cost').length).toBeGreaterThanOrEqual(5);
  });

  it('shows what happens as lanes, and as JSON lines', () => {
    const args = ['--runs', '1', '--operations', '3', '--watch'];
    expect(simulate(...args).stdout).toMatch(/ {2}→ · · {2}------ |· → ·|· · →/);
    const lines = simulate(...args, '--json')
      .stdout.trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(50);
    expect(lines[0]).toMatchObject({ event: expect.any(String), at: expect.any(Number) });
  });

  it.each([
    [['--profile', 'sunny'], 'There is no profile sunny. Profiles: calm, '],
    [['--runs', '1.5'], '--runs must be a whole number, not 1.5.'],
    [['--minutes', 'x'], '--minutes must be above 0, not x.'],
    [['--sed', '1'], "Unknown option '--sed'"],
    [['--jobs', '0'], '--jobs must be at least 1.'],
  ])('refuses %j', (args, why) => {
    const { status, stderr, stdout } = simulate(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(why);
    expect(stderr).toContain('Usage: npm run simulate');
  });

  it('says which file has no schedule', () => {
    const { status, stderr } = simulate('--schedule', 'package.json');
    expect(status).toBe(2);
    expect(stderr).toContain('package.json has no schedule');
    expect(simulate('--schedule', 'nowhere.json').stderr).toContain('nowhere.json');
  });
});
