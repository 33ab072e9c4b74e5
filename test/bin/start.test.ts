import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { aProject, printedBy, runIn, spawnIn } from './a-project.ts';

// Each run is a process, which takes seconds on a busy machine.
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
    [
      'a comma too many',
      '{\n  "context": { "regions": ["eu-west-1", "eu-central-1",] }\n}',
      /^✖ Unexpected token '\]', \.\.\."entral-1",\] } }" is not valid JSON$/,
    ],
    [
      'not JSON',
      '{\n  "context": {,}\n}',
      /^✖ Expected property name or '}' in JSON at position 16 \(line 2 column 15\)$/,
    ],
    ['one Region', '{ "context": { "regions": ["eu-west-1"] } }', /^The number of Regions is 1, /],
    [
      'no Region',
      '{ "context": { "regions": ["eu-west-1", "europe"] } }',
      /^"europe" is not the name of an AWS Region/,
    ],
    ['a text', '{ "context": { "regions": "us west 2" } }', /^"us west 2" is not the name of an AWS Region\.$/],
    ['not a list', '{ "context": { "regions": 2 } }', /^✖ not a list of AWS Regions\n {2}→ at context\.regions$/],
  ])('names cdk.json if its Regions cannot be used, with the fault and what to do: %s', async (_name, text, fault) => {
    const folder = aProject();
    writeFileSync(join(folder, 'cdk.json'), text);
    const { code, stderr } = await runIn(folder, ONCE);
    expect(code).toBe(1);
    const [, found, todo] = /^\/.*\/cdk\.json: (.*)\n(List two to five .*)\n$/s.exec(stderr) ?? [];
    expect(found).toMatch(fault);
    expect(todo).toMatch(/List two to five different AWS Regions as "regions" in "context", .* Or use --regions\./);
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

  it('keeps its quarantine when it is killed, but not the messages that were redriven', async () => {
    const folder = aProject();
    const operate = async (url: string | undefined, action: string, more: object = {}) => {
      const body = JSON.stringify({ action, ...more });
      const answer: unknown = await (await fetch(`${url}/regions/us-west-2/operate`, { method: 'POST', body })).json();
      return z.object({ result: z.looseObject({ about: z.number().optional() }) }).parse(answer).result;
    };
    const first = await serve(folder);
    const messages = ['one', 'two'].map((body) => ({ reason: 'unreadable', body }));
    await operate(first.url, 'quarantine-add', { messages });
    // This message still cannot be read, and is quarantined again.
    await operate(first.url, 'quarantine-redrive', { limit: 1 });
    while ((await operate(first.url, 'quarantine-list', { limit: 1 })).about !== 2) await sleep(20);
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    const { url } = await serve(folder);
    expect(await operate(url, 'quarantine-list')).toMatchObject({
      messages: [
        { id: 'quarantined-2', body: 'two' },
        { id: 'quarantined-3', body: 'one' },
      ],
      about: 2,
    });
  });

  it('is refused while another process has the project open, and starts over with --fresh', async () => {
    const folder = aProject();
    const { child, url } = await serve(folder);
    await command(url, 'cart/ada', 'add', { article: 'lamp', count: 1 });
    const refused = await runIn(folder, [...ONCE, '--fresh']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/\.meridian: Another `meridian start` is running in this project/);
    const served = `: process ${child.pid}, on port ${URL.parse(String(url))?.port}. End it first.`;
    expect(refused.stderr).toContain(served);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await runIn(folder, ONCE)).stdout).toContain('cart/ada');
    expect((await runIn(folder, [...ONCE, '--fresh'])).stdout).not.toContain('cart/ada');
  });

  it('restarts on the same port when a loaded file is saved, shows the file and line of a load error, and waits for the next save', async () => {
    const folder = aProject();
    const { printed, url } = await serve(folder, []);
    const good = readFileSync(join(folder, 'streams/cart.ts'), 'utf8');
    edit(folder, 'streams/cart.ts', (text) => `${text}const broken = ;\n`);
    await printed(/streams\/cart\.ts was saved/);
    await printed(/streams\/cart\.ts:\d+: .*\nWaiting for a file to be saved/);
    edit(folder, 'streams/cart.ts', () => good);
    await printed(/agree on 2 streams/);
    const [, again] = await printed(/Serving (http:\S+) /);
    expect(again).toBe(url);
  });

  it('restarts when a loaded file is removed, and reports the removal', async () => {
    const folder = aProject();
    const { printed } = await serve(folder, []);
    renameSync(join(folder, 'streams/cart.ts'), join(folder, 'cart.ts'));
    await printed(/── streams\/cart\.ts was removed ──\n.*Cannot find module .*cart\.ts/);
    renameSync(join(folder, 'cart.ts'), join(folder, 'streams/cart.ts'));
    await printed(/── streams\/cart\.ts was saved ──/);
    await printed(/Serving http/);
  });

  it('does not restart when a file that was not loaded is saved', async () => {
    const folder = aProject();
    const { printed } = await serve(folder, []);
    for (const file of ['README.md', 'bin/app.ts', 'test/cart.test.ts', 'tsconfig.json', 'regions.json'])
      edit(folder, file, (text) => `${text}\n`);
    writeFileSync(join(folder, 'streams/draft.ts'), 'no code yet');
    // A save is detected in less time than this, so a restart for one of these files would be reported first.
    await sleep(500);
    edit(folder, 'cdk.json', (text) => `${text}\n`);
    const [, saved] = await printed(/── (.*) was saved/);
    expect(saved).toBe('cdk.json');
  });

  it('restarts when a file that was missing is created', async () => {
    const folder = aProject();
    const { printed } = await serve(folder, []);
    edit(folder, 'streams/index.ts', (text) => `import './more/extra.ts';\n${text}`);
    await printed(/streams\/index\.ts: Cannot find module .*extra\.ts/);
    await printed(/Waiting for a file to be saved/);
    mkdirSync(join(folder, 'streams/more'));
    await sleep(300);
    writeFileSync(join(folder, 'streams/more/extra.ts'), '');
    await printed(/streams\/more\/extra\.ts was saved/);
    await printed(/Serving http/);
  });

  it('deletes the state only once with --fresh, even if the first processes end before they open it', async () => {
    const folder = aProject();
    const carts = async (url: string | undefined) =>
      Promise.all(
        ['ada', 'eve'].map(async (id) => {
          const answer = await fetch(`${url}/regions/us-west-2/streams/cart/${id}`);
          return z.object({ state: z.unknown() }).parse(await answer.json()).state;
        }),
      );
    const first = await serve(folder);
    await command(first.url, 'cart/ada', 'add', { article: 'lamp', count: 1 });
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    const good = readFileSync(join(folder, 'cdk.json'), 'utf8');
    edit(folder, 'cdk.json', () => '{');
    const supervisor = spawnIn(folder, ['start', '--no-latency', '--port', '0', '--fresh']);
    const printed = printedBy(supervisor);
    await printed(/cdk\.json.*Waiting for a file/s);
    edit(folder, 'cdk.json', () => good);
    const [, url] = await printed(/Serving (http:\S+)/);
    expect(await carts(url)).toEqual([{}, {}]);
    await command(url, 'cart/eve', 'add', { article: 'lamp', count: 1 });
    edit(folder, 'cdk.json', (text) => `${text}\n`);
    await printed(/cdk\.json was saved.*Serving/s);
    expect(await carts(url)).toEqual([{}, { lamp: 1 }]);
  });

  it('waits for a save when cdk.json lists Regions other than those of the state, and continues when it lists the Regions of the state again', async () => {
    const folder = aProject();
    const { printed } = await serve(folder, []);
    const good = readFileSync(join(folder, 'cdk.json'), 'utf8');
    edit(folder, 'cdk.json', (text) => text.replace('us-west-2', 'eu-west-1'));
    await printed(/List those in cdk\.json again, .*\nWaiting for a file to be saved/);
    edit(folder, 'cdk.json', () => good);
    await printed(/Serving http/);
  });

  it('ignores messages that the code of the project sends to its parent process', async () => {
    const folder = aProject();
    edit(folder, 'streams/index.ts', (text) => `process.send?.('ready');\n${text}`);
    const { printed } = await serve(folder, []);
    edit(folder, 'streams/index.ts', (text) => `${text}\n`);
    await printed(/streams\/index\.ts was saved.*Serving/s);
  });

  it('ends after the process that it supervises, so that the next start finds state and port free', async () => {
    const folder = aProject();
    // The supervised process needs a second to end.
    edit(
      folder,
      'streams/index.ts',
      (text) =>
        `process.on('SIGTERM', () => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
          process.exit();
        });\n${text}`,
    );
    const { child } = await serve(folder, []);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(await runIn(folder, ONCE)).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends when the npm that started it by a shell has ended', async () => {
    const folder = aProject();
    const script = `"${process.execPath}" "${resolve('bin/meridian.ts')}" start --no-latency --port 0; true`;
    const shell = spawn('sh', ['-c', script], {
      cwd: folder,
      env: { ...process.env, npm_command: 'exec' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await printedBy(shell)(/Serving http/);
    shell.kill('SIGTERM');
    // The output is closed when the last process that holds it has ended.
    await once(shell, 'close');
    expect(await runIn(folder, ONCE)).toMatchObject({ code: 0, stderr: '' });
  });

  it('says which signal ended the process that it supervises, and what happens next', async () => {
    const folder = aProject();
    const { child, printed } = await serve(folder, []);
    const running = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
    process.kill(Number(running), 'SIGKILL');
    await printed(/ended by SIGKILL: .*memory ran out.*kept in \.meridian\/.*\nWaiting for a file to be saved/);
    edit(folder, 'streams/cart.ts', (text) => `${text}\n`);
    await printed(/Serving http/);
  });

  it.each([
    ['one Region', 'us-east-1', 'The number of Regions is 1, but must be 2 to 5. List two to five'],
    ['no Region', 'us-east-1,mars', '"mars" is not the name of an AWS Region. List two to five'],
    ['a Region twice', 'us-east-1,us-east-1', 'us-east-1 is listed twice. List two to five'],
  ])('refuses --regions with %s, and says what to write', async (_name, list, message) => {
    const { code, stderr } = await runIn(aProject(), ['start', '--regions', list]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([
    ['cdk.json', [], '{ "context": { "regions": ["eu-wset-1", "eu-central-1"] } }'],
    ['--regions', ['--regions', 'eu-wset-1,eu-central-1'], '{}'],
  ])('warns of a Region in %s that may be misspelt, and runs it', async (_name, options, cdk) => {
    const folder = aProject();
    writeFileSync(join(folder, 'cdk.json'), cdk);
    const { code, stdout, stderr } = await runIn(folder, [...ONCE, ...options]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('eu-wset-1')]);
    expect(stderr).toBe('Warning: eu-wset-1 is not an AWS Region that this version knows; did you mean eu-west-1?\n');
  });

  it.each([
    ['cdk.json', [], undefined, 'with the Regions of cdk.json;'],
    ['--regions', ['--regions', 'eu-west-1,eu-central-1'], undefined, 'with the Regions of --regions;'],
    ['neither', [], '{}', 'with us-east-1, us-east-2, us-west-2 (cdk.json lists no Regions;'],
  ])('says where its Regions come from: %s', async (_name, options, cdk, text) => {
    const folder = aProject();
    if (cdk !== undefined) writeFileSync(join(folder, 'cdk.json'), cdk);
    const { printed } = await serve(folder, ['--no-restart', ...options]);
    expect((await printed(/ until Ctrl-C, (.*) Try:/))[1]).toContain(text);
  });

  it('shows stored events that the edited code cannot read by file, event and field, and keeps them', async () => {
    const folder = aProject();
    expect((await runIn(folder, ONCE)).code).toBe(0);
    const good = readFileSync(join(folder, 'streams/stock.ts'), 'utf8');
    edit(folder, 'streams/stock.ts', (text) => text.replaceAll('count', 'pieces'));
    const broken = await runIn(folder, ONCE);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(
      /1 stored event cannot be read by the current code:\n +streams\/stock\.ts: Received\.1, event stock\/us-east-2\.sample@us-east-2\.1\.0\n +data\.pieces: .*\n +data\.count: .*\n +stored: \{"count":3\}\nIt is kept in \.meridian\//,
    );
    edit(folder, 'streams/stock.ts', () => good);
    const { code, stdout } = await runIn(folder, ONCE);
    expect(code).toBe(0);
    expect(stdout).toMatch(/stock\/us-east-2\.sample .* 3 /);
  });

  it.each([
    ['stale', 'sample: { count: 3 }', true],
    ['missing', 'sample: undefined', false],
  ])(
    'shows stored events that the edited code cannot read even if the sample is %s, and reports a sample that is not usable',
    async (_name, sample, unusable) => {
      const folder = aProject();
      await runIn(folder, ONCE);
      edit(folder, 'streams/stock.ts', (text) =>
        text.replaceAll('count', 'pieces').replace('sample: { pieces: 3 }', sample),
      );
      const { code, stdout } = await runIn(folder, ONCE);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /Received\.1, event stock\/us-east-2\.sample@us-east-2\.1\.0\n +data\.pieces: .*\n +data\.count: /,
      );
      const reported =
        /stock\.Received\.1: its sample is not usable: .*\n(.*\n)*Change each of these samples to what/.test(stdout);
      expect(reported).toBe(unusable);
    },
  );

  it('does not check stored events against a schema that transforms them, and reports that its sample is not usable', async () => {
    const folder = aProject();
    const transforming = 'z.strictObject({ count: z.string().transform(Number) })';
    edit(folder, 'streams/stock.ts', (text) => text.replace('schema: piecesSchema', `schema: ${transforming}`));
    edit(folder, 'streams/stock.ts', (text) => text.replace('sample: { count: 3 }', "sample: { count: '3' }"));
    expect((await runIn(folder, ONCE)).stdout).toMatch(/stock\/us-east-2\.sample .* 3 /);
    edit(folder, 'streams/stock.ts', (text) => text.replace("sample: { count: '3' }", 'sample: { count: 3 }'));
    const { code, stdout } = await runIn(folder, ONCE);
    expect(code).toBe(0);
    expect(stdout).toContain('stock.Received.1: its sample is not usable');
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
      stderr: expect.stringMatching(/cdk\.json again, or start with --regions us-east-1,us-east-2,us-west-2\. Or/),
    });
    // It does not wait for a save, because none would help.
    expect(await runIn(folder, ['start', '--regions', 'eu-west-1,eu-central-1'])).toEqual({ ...others, stdout: '' });
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
    expect(stderr).toMatch(
      /subscribers\/picker\.ts: It exports no `handler`\. Subscriber picker cannot run: its file must contain/,
    );
  });

  it.each([['start', '--once'], ['test'], ['synth']])(
    'shows the line that declares a subscriber whose file is missing, and says what to write: %s',
    async (...args) => {
      const folder = aProject('vitest', 'aws-cdk', 'aws-cdk-lib', 'constructs', 'esbuild', 'cdk-nag');
      renameSync(join(folder, 'subscribers/picker.ts'), join(folder, 'subscribers/packer.ts'));
      const { code, stdout, stderr } = await runIn(folder, args);
      expect([code, stdout]).toEqual([1, '']);
      const path = join(folder, 'subscribers/picker.ts');
      expect(stderr).toMatch(
        `${join(folder, 'subscribers/index.ts')}:5: The entry of subscriber picker is ${path}, but there is no such file. Create it, with \`export const handler`,
      );
    },
  );

  it('shows the file and line of a load error in a file that a subscriber imports', async () => {
    const folder = aProject();
    edit(folder, 'subscribers/picker.ts', (text) => `import './van.ts';\n${text}`);
    writeFileSync(join(folder, 'subscribers/van.ts'), '\nconst broken = ;\n');
    const { code, stderr } = await runIn(folder, ONCE);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^\/.*\/subscribers\/van\.ts:2: It could not be loaded: Expression expected\. Subscriber picker/,
    );
  });

  it('shows the file and line of a load error in the file of the subscribers', async () => {
    const folder = aProject();
    edit(folder, 'subscribers/index.ts', (text) => `${text}\nconst broken = ;\n`);
    const { code, stderr } = await runIn(folder, ONCE);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\/.*\/subscribers\/index\.ts:8: Expression expected\. Fix that: the subscribers in/);
  });

  it('says how to create a project when run outside of one', async () => {
    const { code, stderr } = await runIn('/', ['start']);
    expect(code).toBe(2);
    expect(stderr).toContain('meridian init shop');
    expect((await runIn('/', [])).stderr).toContain('meridian init shop');
  });
});
