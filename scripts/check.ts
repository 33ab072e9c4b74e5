import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { readOptions } from './options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs the `check:…` scripts of package.json at the same time, even if one of them fails, and prints a line
 * for each that passed and the whole output of each that failed.
 */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const scripts = Object.entries<string>(manifest.scripts).filter(([name]) => name.startsWith('check:'));
  const passed = await Promise.all(
    scripts.map(async ([name, command]) => {
      const started = performance.now();
      const { ok, output } = await run(command);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${ok ? '' : output}${ok ? '✓' : '✗'} ${name} (${command}, ${seconds} s)\n`);
      return ok;
    }),
  );
  return { passed: passed.filter((ok) => ok).length, failed: passed.filter((ok) => !ok).length };
}

function run(command: string): Promise<{ ok: boolean; output: string }> {
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    const child = spawn(command, { cwd: root, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: string) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

if (import.meta.main) {
  readOptions('Usage: npm run check', {});
  const { passed, failed } = await runChecks();
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}
