import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { aProject, printedBy, runIn, spawnIn } from './a-project.ts';

// Each run is a process, which takes its seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const ONCE = ['start', '--once', '--no-latency'];

function edit(folder: string, file: string, change: (text: string) => string): void {
  const path = join(folder, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

/** Serves a project in one process. @returns its address once it serves, and its output */
async function serve(folder: string, options: readonly string[] = ['--no-restart']) {
  const child = spawnIn(folder, ['start', '--no-latency', '--port', '0', ...options]);
  const printed = printedBy(child);
  const [, url] = await printed(/Serving (http:\S+)/);
  return { child, printed, url };
}

async function command(url: string | undefined, stream: string, name: string, input: object): Promise<unknown> {
  const path = `${url}/regions/us-west-2/streams/${stream}/commands/${name}`;
  const answer = await fetch(path, { method: 'POST', body: JSON.stringify(input) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

describe('meridian start', () => {
  it('writes the sample of each stream type, and shows that the Regions agree', async () => {
    const folder = aProject();
    const { code, stdout } = await runIn(folder, [...ONCE, '--json']);
    expect(code).toBe(0);
    const { agree, streams, views } = JSON.parse(stdout);
    expect({ agree, streams: streams.map(({ name }: { name: string }) => name).sort() }).toEqual({
      agree: true,
      streams: ['cart/sample', 'stock/us-east-2.sample'],
    });
    expect(views[0].shown['us-west-2']).toEqual([{ key: 'sample', value: { left: 3 } }]);
  });

  it.each([
    ['not JSON', '{ "context": { "regions": ["eu-west-1", "eu-central-1",] } }'],
    ['one Region', '{ "context": { "regions": ["eu-west-1"] } }'],
    ['no Region', '{ "context": { "regions": ["eu-west-1", "europe"] } }'],
  ])('names cdk.json if its Regions cannot be used: %s', async (_name, text) => {
    const folder = aProject();
    writeFileSync(join(folder, 'cdk.json'), text);
    const { code, stderr } = await runIn(folder, [...ONCE, '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cdk\.json.*Or use --regions/);
  });

  it('keeps all acknowledged writes when it is killed, and handles no event twice', async () => {
    const folder = aProject();
    const { child, printed, url } = await serve(folder);
    await command(url, 'stock/us-east-1.lamp', 'receive', { count: 1000 });
    await command(url, 'stock/us-east-1.lamp', 'take', { count: 1 });
    await printed(/picking order .*"count":1}/);
    let acknowledged = 0;
    const writers = Array.from({ length: 4 }, async () => {
      for (;;) {
        await command(url, 'cart/ada', 'add', { article: 'lamp', count: 1 });
        if (++acknowledged === 40) child.kill('SIGKILL');
      }
    });
    await Promise.allSettled(writers);
    const { code, stdout } = await runIn(folder, [...ONCE, '--json']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('picking order');
    const { streams } = JSON.parse(stdout);
    const shown = streams.find(({ name }: { name: string }) => name === 'cart/ada').shown;
    expect(shown['us-east-1'].lamp).toBeGreaterThanOrEqual(acknowledged);
    expect(shown['us-east-2']).toEqual(shown['us-east-1']);
  });

  it('is refused while another process has the project open, and starts over with --fresh', async () => {
    const folder = aProject();
    const { child, url } = await serve(folder);
    await command(url, 'cart/ada', 'add', { article: 'lamp', count: 1 });
    const refused = await runIn(folder, [...ONCE, '--fresh']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/\.meridian: Another `meridian start` is running in this project/);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await runIn(folder, ONCE)).stdout).toContain('cart/ada');
    expect((await runIn(folder, [...ONCE, '--fresh'])).stdout).not.toContain('cart/ada');
  });

  it('restarts when a file is saved; shows the file and line of a load error, and waits for the next save', async () => {
    const folder = aProject();
    const { printed } = await serve(folder, []);
    const good = readFileSync(join(folder, 'streams/cart.ts'), 'utf8');
    edit(folder, 'streams/cart.ts', (text) => `${text}const broken = ;\n`);
    await printed(/streams\/cart\.ts was saved/);
    await printed(/streams\/cart\.ts:\d+: .*\nWaiting for a file to be saved/);
    edit(folder, 'streams/cart.ts', () => good);
    await printed(/agree on 2 streams/);
    await printed(/Serving http/);
  });

  it('shows stored events that the edited code cannot read by file, event and field, and keeps them', async () => {
    const folder = aProject();
    expect((await runIn(folder, ONCE)).code).toBe(0);
    const good = readFileSync(join(folder, 'streams/stock.ts'), 'utf8');
    edit(folder, 'streams/stock.ts', (text) => text.replaceAll('count', 'pieces'));
    const broken = await runIn(folder, ONCE);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(
      /streams\/stock\.ts: Received\.1, event stock\/us-east-2\.sample@us-east-2\.1\.0\n +data\.pieces: .*\n +data\.count: .*\n +stored: \{"count":3\}/,
    );
    edit(folder, 'streams/stock.ts', () => good);
    const { code, stdout } = await runIn(folder, ONCE);
    expect(code).toBe(0);
    expect(stdout).toMatch(/stock\/us-east-2\.sample .* 3 /);
  });

  it('shows the events of a removed stream type with the file that defined it', async () => {
    const folder = aProject();
    await runIn(folder, ONCE);
    edit(folder, 'streams/index.ts', (text) => text.replace('[cart, stock]', '[stock]'));
    const { code, stdout } = await runIn(folder, ONCE);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /streams\/cart\.ts: ItemAdded\.1, event cart\/sample@.*\n +the domain has no stream type cart/,
    );
  });

  it('refuses a state of other Regions or of another format, and says what to do', async () => {
    const folder = aProject();
    await runIn(folder, ONCE);
    const others = await runIn(folder, [...ONCE, '--regions', 'eu-west-1,eu-central-1']);
    expect(others).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--regions us-east-1,us-east-2,us-west-2\. Or/),
    });
    const database = new DatabaseSync(join(folder, '.meridian/state.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(await runIn(folder, ONCE)).toMatchObject({ code: 1, stderr: expect.stringMatching(/format 99.*--fresh/) });
    writeFileSync(join(folder, '.meridian/state.db'), 'not a database, whatever wrote it');
    expect(await runIn(folder, ONCE)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be read.*--fresh/),
    });
    expect(await runIn(folder, [...ONCE, '--fresh'])).toMatchObject({ code: 0 });
  });

  it('names the file of a subscriber that cannot be used', async () => {
    const folder = aProject();
    edit(folder, 'subscribers/picker.ts', () => 'export const picker = 1;');
    const { code, stderr } = await runIn(folder, ONCE);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Subscriber picker, .*subscribers\/picker\.ts: It exports no `handler`/);
  });

  it('says how to create a project when run outside of one', async () => {
    const { code, stderr } = await runIn('/', ['start']);
    expect(code).toBe(2);
    expect(stderr).toContain('meridian init shop');
    expect((await runIn('/', [])).stderr).toContain('meridian init shop');
  });
});
