import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { freePort } from '../free-port.ts';
import { aServedWorld, jsonLines, meridian, spawnMeridian } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();
function noted(text: string) {
  return JSON.stringify({ text });
}
const appendedSchema = z.object({ id: z.string(), version: z.string(), log: z.string(), position: z.number() });
function appendedIn(stdout: string) {
  return appendedSchema.parse(JSON.parse(stdout));
}

describe('meridian append', () => {
  it('appends an event, and reports its position', async () => {
    const { code, stdout, stderr } = await run(['append', 'note/a1', 'Noted', noted('blue 1'), '--id', 'a1-noted']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^note\/a1 .*position 1 of log us-east-1\.\nid +a1-noted\nversion +\S/);
  });

  it('appends several events in one commit, with its metadata, and prints JSON', async () => {
    const meta = ['--actor', 'me', '--correlation', 'trip', '--causation', 'call'];
    const { code, stdout } = await run(['append', 'note/a2', 'Noted', noted('red'), 'Noted', '-', ...meta, '--json'], {
      input: noted('blue 2'),
    });
    expect(code).toBe(0);
    const { id } = appendedIn(stdout);
    expect(await world.region('us-east-1').load('note/a2')).toMatchObject([
      {
        commitId: id,
        events: [{ data: { text: 'red' } }, { data: { text: 'blue 2' } }],
        meta: { actor: 'me', correlation: 'trip', causation: 'call' },
      },
    ]);
  });

  it('takes effect once if it is sent again with its id, even to another Region', async () => {
    const command = ['append', 'note/a3', 'Noted', noted('blue 3'), '--id', 'a3', '--json'];
    const first = await run(command);
    const again = await run(command);
    await world.whenIdle();
    const elsewhere = await run([...command, '--url', `${address()}/regions/us-west-2`]);
    expect([again.stdout, elsewhere.stdout]).toEqual([first.stdout, first.stdout]);
  });

  it('reports every fault with its path, and what to do', async () => {
    const { code, stdout, stderr } = await run(['append', 'note/a4', 'Noted', '{"ink":1}']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^validation: /),
      expect.stringMatching(/^ {2}events\[0\]\.data\.text {2}.*expected string/),
      expect.stringMatching(/^ {2}events\[0\]\.data\.ink {3}.*unknown property/),
      expect.stringContaining('Nothing was written'),
      '',
    ]);
  });

  it('names the option that caused a fault, and says how to pass data', async () => {
    const append = (...args: string[]) => run(['append', 'note/a5', 'Noted', ...args]);
    const [missing, other, read] = await Promise.all([
      append(),
      append(noted('blue 1'), '--expected', 'x'),
      run(['stream', 'note/a5', '--at-least', 'x']),
    ]);
    expect(missing.stderr).toMatch(/ {2}events\[0\]\.data .* received undefined; give the data as JSON: '\{…\}'\n/);
    expect(other.stderr).toMatch(/^ {2}--expected {2}.*--based-on$/m);
    // The report of a failed read says nothing about writing.
    expect(read.stderr.split('\n').slice(1)).toEqual([expect.stringMatching(/^ {2}--at-least {2}.*version token/), '']);
  });

  it.each([
    ['no type before data', ['note/a', '{}'], 'An event type, such as Departed, must precede {}.'],
    ['data twice', ['note/a', 'Noted', '{}', '{}'], 'An event type, such as Departed, must precede {}.'],
    ['data that is not JSON', ['note/a', 'Noted', '{"a"'], 'The data of Noted is not JSON'],
    ['no event', ['note/a'], "missing required argument 'events'"],
    ['two kinds of version', ['note/a', 'Noted', '--expected', 'x', '--based-on', 'y'], 'cannot be used with'],
    ['an invalid stream name', ['note', 'Noted', '{}'], "error: 'note' is not a valid stream. Write <type>/<id>: "],
    ['an invalid address', ['note/a', 'Noted', '--url', 'localhost'], 'Write an address'],
    ['two addresses', ['note/a', 'Noted', '--url', 'http://a', '--region', 'b'], 'exclude each other'],
  ])('exits with 2 on %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await meridian(['append', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nSee: meridian append --help\n$/);
  });
});

describe('meridian conflicts', () => {
  const stream = 'note/conflicts';

  it('shows which commits had not seen each other', async () => {
    const none = await run(['conflicts', stream]);
    expect(none).toEqual({ code: 0, stdout: `${stream} has no conflicts.\n`, stderr: '' });
    const first = await run(['append', stream, 'Noted', noted('blue'), '--id', 'first', '--json']);
    await run(['append', stream, 'Noted', noted('blue'), '--id', 'second', '--json']);
    const old = Buffer.from(`${stream}\n`).toString('base64url');
    await run(['append', stream, 'Noted', noted('blue'), '--id', 'third', '--based-on', old]);
    const { code, stdout } = await run(['conflicts', stream]);
    expect({ code, id: appendedIn(first.stdout).id }).toEqual({ code: 0, id: 'first' });
    expect(stdout).toMatch(
      /^\S+Z {2}us-east-1@3 {2}third {2}resolved: state \(evolve\)\n {4}against {2}us-east-1@1 {2}first\n {4}against {2}us-east-1@2 {2}second\n$/,
    );
    const json = await run(['conflicts', stream, '--json']);
    expect(jsonLines(json.stdout)).toMatchObject([{ commitId: 'third', against: [{}, {}], open: false }]);
    expect(await run(['conflicts', stream, '--open'])).toMatchObject({ stdout: `${stream} has no open conflicts.\n` });
  });

  it('lists those of all streams without one', async () => {
    await world.whenIdle();
    const { code, stdout } = await run(['conflicts', '--type', 'note', '--from', '2001-01-01T00:00:00Z']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+Z {2}note\/conflicts {2}us-east-1@3 {2}third {2}resolved: state \(evolve\)\n {4}against {2}us-east-1@1\n {4}against {2}us-east-1@2\n$/,
    );
    const json = await run(['conflicts', '--json', '--to', '9000-01-01T00:00:00Z', '--limit', '1']);
    expect(jsonLines(json.stdout)).toMatchObject([{ stream, count: 2, open: false }]);
    expect(await run(['conflicts', '--open'])).toMatchObject({ stdout: 'No open conflicts are listed.\n' });
    for (const args of [
      ['--wait', '1'],
      [stream, '--type', 'note'],
      ['--from', 'yesterday'],
    ])
      expect((await run(['conflicts', ...args])).code).not.toBe(0);
  });

  it('names the option of a cursor that no page has', async () => {
    const { code, stderr } = await run(['conflicts', stream, '--after', 'x']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ {2}--after {2}/m);
  });
});

describe('meridian command', () => {
  /** At home in us-west-2. */
  const stock = 'stock/2';

  it('runs a command in the home of its stream', async () => {
    const taken = await run(['command', stock, 'take', '"me"', '--json', '--actor', 'desk']);
    expect(taken.code).toBe(0);
    expect(appendedIn(taken.stdout)).toMatchObject({ log: 'us-west-2', position: 1 });
    expect(await world.region('us-west-2').load(stock)).toMatchObject([{ meta: { actor: 'desk' } }]);
  });

  it('reports that nothing had to be written', async () => {
    const { code, stdout } = await run(['command', 'stock/8', 'release', '"nobody"']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('stock/8 is unchanged')]);
  });

  it('checks the expected version, and says what to do if it differs', async () => {
    const first = await run(['command', 'stock/5', 'take', '-', '--json'], {
      input: '"a"',
    });
    const { version } = appendedIn(first.stdout);
    const command = ['command', 'stock/5', 'take', '"b"', '--expected', version];
    const second = await run(command);
    expect(second.code).toBe(0);

    const { code, stdout, stderr } = await run(command.with(3, '"c"'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^version-conflict: .*\n.* version \S+\. /);
  });

  it('prints the problem document for machines', async () => {
    const { code, stdout, stderr } = await run(['command', stock, 'tak', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(jsonLines(stderr)).toMatchObject([{ code: 'unknown-command', status: 404, known: ['take', 'release'] }]);
  });

  it.each([
    ['1e400', 'is Infinity'],
    ['{"text":-0}', 'is -0'],
    [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'is nested too deeply'],
  ])('refuses data that would be stored otherwise: %.20s', async (data, why) => {
    for (const args of [
      ['append', 'note/odd', 'Noted', data],
      ['command', 'note/odd', 'note', data],
    ]) {
      const { code, stderr } = await run(args);
      expect(code).toBe(1);
      expect(stderr).toContain(why);
    }
  });

  it('exits with 2 on an input that is not JSON', async () => {
    const { code, stderr } = await run(['command', stock, 'take', '{']);
    expect(code).toBe(2);
    expect(stderr).toContain('The input is not JSON');
  });

  it('reports the id of a write whose outcome is unknown when the home cannot be reached', async () => {
    const { code, stderr } = await (async () => {
      for (const kind of ['us-east-1', 'us-east-2']) world.cut(kind, 'us-west-2', ['invoke']);
      try {
        return await run(['command', stock, 'release', '"me"', '--id', 'mine']);
      } finally {
        world.healAll();
      }
    })();
    expect(code).toBe(1);
    expect(stderr).toContain('--id mine');
    expect(stderr).toContain('region-unreachable');
  }, 300_000);
});

describe('meridian stream', () => {
  const stream = 'note/s1';
  const anEvent = (i: number) => ({
    id: `s1-${i}`,
    stream,
    events: [{ type: 'Noted', data: { text: `blue ${i}` } }],
  });
  beforeAll(() => put(anEvent(0), anEvent(1)));

  it('shows the state, as text and as JSON', async () => {
    const [human, machine] = await Promise.all([run(['stream', stream]), run(['stream', stream, '--json'])]);
    expect(human.stdout).toMatch(/^note\/s1 \(merge\), .*us-east-1.*\nversion +\S/);
    expect(human.stdout).toContain('"text": "blue 1"');
    expect(jsonLines(machine.stdout)).toMatchObject([
      { stream, state: [{ text: 'blue 0' }, { text: 'blue 1' }], region: 'us-east-1' },
    ]);
  });

  it('shows the events with their schema versions, as text and as JSON', async () => {
    const [human, machine] = await Promise.all([
      run(['stream', stream, '--events']),
      run(['stream', stream, '--events', '--json']),
    ]);
    expect(human.stdout).toMatch(/^\d{4}-\S+Z {2}us-east-1@1 {5}Noted\.1 {9}\{"text":"blue 0"\}\n/);
    expect(jsonLines(machine.stdout)).toMatchObject([{ commitId: 's1-0' }, { commitId: 's1-1' }]);
  });

  it('shows the events after a version, page by page', async () => {
    const limited = await run(['stream', stream, '--events', '--limit', '1']);
    const after = /one commit.* --after (\S+)/.exec(limited.stdout)?.[1] ?? '';
    const behind = await run(['stream', stream, '--events', '--json', '--after', after]);
    expect(jsonLines(behind.stdout)).toMatchObject([{ commitId: 's1-1' }]);
  });

  it('follows the events until it is interrupted, and exits with 0', async () => {
    const followed = { ...anEvent(0), id: 'followed-0', stream: 'note/followed' };
    await put(followed);
    const child = spawnMeridian(['stream', followed.stream, '--follow', '--json', '--url', address()]);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
    expect(await next()).toMatchObject({ commitId: 'followed-0' });
    await put({ ...followed, id: 'followed-1' });
    expect(await next()).toMatchObject({ commitId: 'followed-1' });
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('continues to follow after a restart of the server', async () => {
    const { port: own } = new URL(address());
    const proxy = () => createServer((socket) => socket.pipe(connect(Number(own), '127.0.0.1')).pipe(socket));
    const sockets = new Set<Socket>();
    const serve = async (port: number) => {
      const server = proxy().on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
      });
      await once(server.listen(port, '127.0.0.1'), 'listening');
      return server;
    };
    const port = await freePort();
    const first = await serve(port);
    const followed = { ...anEvent(0), id: 'restarted-0', stream: 'note/restarted' };
    await put(followed);
    const url = address().replace(`:${own}`, `:${port}`);
    const child = spawnMeridian(['stream', followed.stream, '--follow', '--json', '--url', url]);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
    expect(await next()).toMatchObject({ commitId: 'restarted-0' });
    for (const socket of sockets) socket.destroy();
    await once(first.close(), 'close');
    await put({ ...followed, id: 'restarted-1' });
    await sleep(1500);
    const second = await serve(port);
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      second.close();
    });
    expect(await next()).toMatchObject({ commitId: 'restarted-1' });
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('shows the initial state, and no events, if nothing was appended', async () => {
    const [state, events] = await Promise.all([run(['stream', 'note/none']), run(['stream', 'note/none', '--events'])]);
    expect([state.code, state.stdout.endsWith('\n[]\n')]).toEqual([0, true]);
    expect(state.stdout).toMatch(/^note\/none \(merge\), .*no events/);
    expect(events).toEqual({ code: 0, stdout: expect.stringMatching(/^note\/none .*no events/), stderr: '' });
  });

  it('reports that its Region is behind if a version has not arrived yet', async () => {
    // A version of another Region that never arrives.
    const token = Buffer.from(`${stream}\nus-west-2=9`).toString('base64url');
    for (const options of [
      [stream, '--at-least', token],
      [stream, '--at', token],
      [stream, '--events', '--after', token],
    ])
      expect(await run(['stream', ...options, '--wait', '0'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^not-caught-up: .*\n.*behind.*--wait/),
      });
  });

  it('lists the existing types if its type is unknown, and says what to write if its name is invalid', async () => {
    const [unknown, none] = await Promise.all([run(['stream', 'boat/1']), run(['stream', 'boat'])]);
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^unknown-stream-type: .*\n.*: note/),
    });
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Write <type>/<id>') });
  });

  it.each([
    [['--after', 'x'], '--after and --limit need'],
    [['--limit', '0', '--events'], '1 or more'],
    [['--follow', '--limit', '5'], 'cannot be used with'],
    [['--events', '--at', '1h'], 'cannot be used with'],
    [['--wait', '11'], '0 to 10'],
  ])('exits with 2 on %j', async (options, message) => {
    const { code, stderr } = await run(['stream', stream, ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('meridian view', () => {
  beforeAll(() =>
    put(
      ...['abe', 'c', 'c', 'cc', 'bna', 'lax'].map((text, i) => ({
        id: `view-${i}`,
        stream: `note/view-${i}`,
        events: [{ type: 'Noted', data: { text } }],
      })),
    ),
  );

  it('shows rows as a table, and one row of a key', async () => {
    const [all, some, one] = await Promise.all([
      run(['view', 'letters']),
      run(['view', 'letters', '--limit', '1', '--after', 'c']),
      run(['view', 'letters', 'a']),
    ]);
    expect(all.stdout).toMatch(/│ key │ texts │ length │ +mean │/);
    for (const key of ['a', 'b', 'c', 'l']) expect(all.stdout).toContain(`│ ${key}   │`);
    expect(some.stdout).toContain('│ l   │');
    expect(some.stdout).not.toContain('│ b   │');
    expect(one.stdout).toContain('│ a   │     1 │      3 │    3 │');
  });

  it('prints one JSON row per line', async () => {
    const [all, some, one] = await Promise.all([
      run(['view', 'letters', '--json']),
      run(['view', 'letters', '--json', '--limit', '1']),
      run(['view', 'letters', 'a', '--json']),
    ]);
    expect(jsonLines(all.stdout)).toMatchObject(['a', 'b', 'c', 'l', 'r'].map((key) => ({ key })));
    expect(jsonLines(some.stdout)).toMatchObject([{ key: 'a' }]);
    expect(jsonLines(one.stdout)).toEqual([{ key: 'a', value: { texts: 1, length: 3, mean: 3 } }]);
  });

  it('lists the existing views if there is no such view, and reports a missing row', async () => {
    const [view, row] = await Promise.all([run(['view', 'boats']), run(['view', 'letters', 'XXX/1?'])]);
    expect(view).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(': letters.') });
    expect(row).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^not-found: .* XXX\/1\?/) });
  });

  it('ends silently when its reader closes the output', async () => {
    const child = spawnMeridian(['stream', 'note/view-5', '--follow', '--json', '--url', address()]);
    const ended = once(child, 'exit');
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    await run(['append', 'note/view-5', 'Noted', noted('lax')]);
    expect(await ended).toEqual([0, null]);
    expect(errors).toEqual([]);
  });

  it('rounds numbers in text, and not in JSON', async () => {
    const [human, machine] = await Promise.all([
      run(['view', 'letters', 'c']),
      run(['view', 'letters', 'c', '--json']),
    ]);
    expect(human.stdout).toContain('│ 1.33 │');
    expect(jsonLines(machine.stdout)).toMatchObject([{ value: { mean: 4 / 3 } }]);
  });
});

describe('a Region that cannot be reached', () => {
  it('is reported, as text and as JSON', async () => {
    const port = await freePort();
    const nobody = `http://127.0.0.1:${port}/regions/us-east-1`;
    const [human, machine] = await Promise.all([
      run(['view', 'letters', '--url', nobody]),
      run(['regions', '--json', '--url', nobody]),
    ]);
    expect(human).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(`127.0.0.1:${port} .*ECONNREFUSED`) });
    expect(jsonLines(machine.stderr)).toEqual([
      { code: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('is reported with the existing Regions if it does not exist', async () => {
    const other = await run(['regions', '--url', `${address()}/regions/mars`]);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('us-east-1, us-east-2, us-west-2') });
  });
});

describe('meridian --version', () => {
  it('prints the version of the package', async () => {
    expect(await meridian(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

describe('meridian --help', () => {
  it('lists every command', async () => {
    const { code, stdout } = await meridian(['--help']);
    expect(code).toBe(0);
    for (const command of [
      'ingest',
      'append',
      'command',
      'transact',
      'transaction',
      'stream',
      'view',
      'regions',
      'placement',
      'failover',
      'failback',
      'move',
      'quarantine',
      'rebuild',
      'republish',
      'cost',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('explains the options of a command', async () => {
    const view = await meridian(['view', '--help']);
    for (const option of ['--url', '--region', '--name', '--json', '--limit']) expect(view.stdout).toContain(option);
  });
});
