import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { aServedWorld, jsonLines, meridian, spawnMeridian } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();
function arrived(delay: number) {
  return JSON.stringify({ airport: 'BNA', delay });
}
const appendedSchema = z.object({ id: z.string(), version: z.string(), log: z.string(), position: z.number() });
function appendedIn(stdout: string) {
  return appendedSchema.parse(JSON.parse(stdout));
}

describe('meridian append', () => {
  it('appends an event, and says where it stands', async () => {
    const { code, stdout, stderr } = await run(['append', 'flight/a1', 'Arrived', arrived(1), '--id', 'a1-arrived']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^flight\/a1 .*position 1 of log us-east-1\.\nid +a1-arrived\nversion +\S/);
  });

  it('appends several events in one commit, with what is known of it, and prints JSON for machines', async () => {
    const departed = JSON.stringify({ airport: 'LAX', delay: 0, scheduled: '2001-01-01T06:55' });
    const meta = ['--actor', 'me', '--correlation', 'trip', '--causation', 'call'];
    const { code, stdout } = await run(
      ['append', 'flight/a2', 'Departed', departed, 'Arrived', '-', ...meta, '--json'],
      {
        input: arrived(2),
      },
    );
    expect(code).toBe(0);
    const { id } = appendedIn(stdout);
    expect(await world.region('us-east-1').load('flight/a2')).toMatchObject([
      {
        commitId: id,
        events: [{ type: 'Departed' }, { type: 'Arrived', data: { delay: 2 } }],
        meta: { actor: 'me', correlation: 'trip', causation: 'call' },
      },
    ]);
  });

  it('may be sent again with its id, to another Region too', async () => {
    const command = ['append', 'flight/a3', 'Arrived', arrived(3), '--id', 'a3', '--json'];
    const first = await run(command);
    const again = await run(command);
    await world.whenIdle();
    const elsewhere = await run([...command, '--url', `${address()}/regions/us-west-2`]);
    expect([again.stdout, elsewhere.stdout]).toEqual([first.stdout, first.stdout]);
  });

  it('tells every fault with its path, and what to do', async () => {
    const { code, stdout, stderr } = await run(['append', 'flight/a4', 'Arrived', '{"airport":"bna","gate":1}']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^validation: /),
      expect.stringMatching(/^ {2}events\[0\]\.data\.airport {2}.*airport code/),
      expect.stringMatching(/^ {2}events\[0\]\.data\.delay {4}.*expected number/),
      expect.stringMatching(/^ {2}events\[0\]\.data\.gate {5}.*unknown property/),
      expect.stringContaining('Nothing was written'),
      '',
    ]);
  });

  it('names the option of a fault, and says how data is given', async () => {
    const append = (...args: string[]) => run(['append', 'flight/a5', 'Arrived', ...args]);
    const [missing, other, read] = await Promise.all([
      append(),
      append(arrived(1), '--expected', 'x'),
      run(['stream', 'flight/a5', '--at-least', 'x']),
    ]);
    expect(missing.stderr).toMatch(/ {2}events\[0\]\.data .* received undefined; give the data as JSON: '\{…\}'\n/);
    expect(other.stderr).toMatch(/^ {2}--expected {2}.*--based-on$/m);
    // Nothing was going to be written.
    expect(read.stderr.split('\n').slice(1)).toEqual([expect.stringMatching(/^ {2}--at-least {2}.*version token/), '']);
  });

  it.each([
    ['no type before data', ['flight/a', '{}'], 'Before {} a type of event is missing'],
    ['data twice', ['flight/a', 'Arrived', '{}', '{}'], 'Before {} a type of event is missing'],
    ['data that is no JSON', ['flight/a', 'Arrived', '{"a"'], 'The data of Arrived is not JSON'],
    ['no event', ['flight/a'], "missing required argument 'events'"],
    ['two kinds of version', ['flight/a', 'Arrived', '--expected', 'x', '--based-on', 'y'], 'cannot be used with'],
    ['a stream that is none', ['flight', 'Arrived', '{}'], 'Write <type>/<id>'],
    ['an address that is none', ['flight/a', 'Arrived', '--url', 'localhost'], 'Write an address'],
    ['two addresses', ['flight/a', 'Arrived', '--url', 'http://a', '--region', 'b'], 'exclude each other'],
  ])('exits with 2 on %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await meridian(['append', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nSee: meridian append --help\n$/);
  });
});

describe('meridian command', () => {
  /** At home in us-west-2. */
  const seats = 'seats/2001-01-01.LAX-JFK.1';

  it('runs a command in the home of its stream', async () => {
    const reserved = await run(['command', seats, 'reserve', '{"passenger":"me"}', '--json', '--actor', 'desk']);
    expect(reserved.code).toBe(0);
    expect(appendedIn(reserved.stdout)).toMatchObject({ log: 'us-west-2', position: 1 });
    expect(await world.region('us-west-2').load(seats)).toMatchObject([{ meta: { actor: 'desk' } }]);
  });

  it('says when nothing had to be written', async () => {
    const { code, stdout } = await run(['command', 'seats/2001-01-01.LAX-JFK.3', 'release', '{"passenger":"nobody"}']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('seats/2001-01-01.LAX-JFK.3 stays as it is')]);
  });

  it('takes the version that it expects, and says what to do when it is another one', async () => {
    const first = await run(['command', 'seats/2001-01-01.LAX-JFK.2', 'reserve', '-', '--json'], {
      input: '{"passenger":"a"}',
    });
    const { version } = appendedIn(first.stdout);
    const command = ['command', 'seats/2001-01-01.LAX-JFK.2', 'reserve', '{"passenger":"b"}', '--expected', version];
    const second = await run(command);
    expect(second.code).toBe(0);

    const { code, stdout, stderr } = await run(command.with(3, '{"passenger":"c"}'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^version-conflict: .*\n.* version \S+\. /);
  });

  it('prints the problem document for machines', async () => {
    const { code, stdout, stderr } = await run(['command', seats, 'reserv', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(jsonLines(stderr)).toMatchObject([{ code: 'unknown-command', status: 404, known: ['reserve', 'release'] }]);
  });

  it('exits with 2 on an input that is not JSON', async () => {
    const { code, stderr } = await run(['command', seats, 'reserve', '{']);
    expect(code).toBe(2);
    expect(stderr).toContain('The input is not JSON');
  });

  it('tells the id of what may have been written when the home cannot be reached', async () => {
    const { code, stderr } = await (async () => {
      for (const kind of ['us-east-1', 'us-east-2']) world.cut(kind, 'us-west-2', ['invoke']);
      try {
        return await run(['command', seats, 'release', '{"passenger":"me"}', '--id', 'mine']);
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
  const stream = 'flight/s1';
  const anEvent = (i: number) => ({
    id: `s1-${i}`,
    stream,
    events: [{ type: 'Arrived', data: { airport: 'BNA', delay: i } }],
  });
  beforeAll(() => put(anEvent(0), anEvent(1)));

  it('shows the state, for people and for machines', async () => {
    const [human, machine] = await Promise.all([run(['stream', stream]), run(['stream', stream, '--json'])]);
    expect(human.stdout).toMatch(/^flight\/s1 \(merge\), .*us-east-1.*\nversion +\S/);
    expect(human.stdout).toContain('"delay": 1');
    expect(jsonLines(machine.stdout)).toMatchObject([
      { stream, state: { arrived: { delay: 1 } }, region: 'us-east-1' },
    ]);
  });

  it('shows the events, for people and for machines', async () => {
    const [human, machine] = await Promise.all([
      run(['stream', stream, '--events']),
      run(['stream', stream, '--events', '--json']),
    ]);
    expect(human.stdout).toMatch(/^\d{4}-\S+Z {2}us-east-1@1 {5}Arrived {9}\{"airport":"BNA","delay":0\}\n/);
    expect(jsonLines(machine.stdout)).toMatchObject([{ commitId: 's1-0' }, { commitId: 's1-1' }]);
  });

  it('shows the events behind a version, page by page', async () => {
    const limited = await run(['stream', stream, '--events', '--limit', '1']);
    const after = /one commit.* --after (\S+)/.exec(limited.stdout)?.[1] ?? '';
    const behind = await run(['stream', stream, '--events', '--json', '--after', after]);
    expect(jsonLines(behind.stdout)).toMatchObject([{ commitId: 's1-1' }]);
  });

  it('follows the events until it is interrupted, and exits with 0', async () => {
    const followed = { ...anEvent(0), id: 'followed-0', stream: 'flight/followed' };
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

  it('has an initial state, and no events, when nothing was appended', async () => {
    const [state, events] = await Promise.all([
      run(['stream', 'flight/none']),
      run(['stream', 'flight/none', '--events']),
    ]);
    expect([state.code, state.stdout.endsWith('\n{}\n')]).toEqual([0, true]);
    expect(state.stdout).toMatch(/^flight\/none \(merge\), .*no events/);
    expect(events).toEqual({ code: 0, stdout: expect.stringMatching(/^flight\/none .*no events/), stderr: '' });
  });

  it('says that its Region is behind when a version is not there yet', async () => {
    // A version of another Region that never comes.
    const token = Buffer.from(`${stream}\nus-west-2=9`).toString('base64url');
    expect(await run(['stream', stream, '--at-least', token])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^not-caught-up: .*\n.*behind/),
    });
  });

  it('says what there is, or what to write, when its name is none', async () => {
    const [unknown, none] = await Promise.all([run(['stream', 'boat/1']), run(['stream', 'boat'])]);
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^unknown-stream-type: .*\n.*: flight/),
    });
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Write <type>/<id>') });
  });

  it.each([
    [['--after', 'x'], '--after and --limit go with'],
    [['--limit', '0', '--events'], '1 or more'],
    [['--follow', '--limit', '5'], 'cannot be used with'],
  ])('exits with 2 on %j', async (options, message) => {
    const { code, stderr } = await run(['stream', stream, ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('meridian view', () => {
  const AIRPORTS = ['ABE', 'BNA', 'CLE', 'LAX'];
  const delays = [10, 1, 1, 2];
  beforeAll(() =>
    put(
      ...['ABE', 'CLE', 'CLE', 'CLE', 'BNA', 'LAX'].map((airport, i) => ({
        id: `view-${i}`,
        stream: `flight/view-${i}`,
        events: [{ type: 'Arrived', data: { airport, delay: delays[i] ?? 10 } }],
      })),
    ),
  );

  it('shows rows as a table, and one row of a key', async () => {
    const [all, some, one] = await Promise.all([
      run(['view', 'airport-delays']),
      run(['view', 'airport-delays', '--limit', '1', '--after', 'CLE']),
      run(['view', 'airport-delays', 'ABE']),
    ]);
    expect(all.stdout).toMatch(/│ key │ departures │ arrivals │ totalDelay │ +meanDelay │/);
    for (const airport of AIRPORTS) expect(all.stdout).toContain(`│ ${airport} │`);
    expect(some.stdout).toContain('LAX');
    expect(some.stdout).not.toContain('BNA');
    expect(one.stdout).toContain('│ ABE │          0 │        1 │         10 │        10 │');
  });

  it('prints a row a line for machines', async () => {
    const [all, some, one] = await Promise.all([
      run(['view', 'airport-delays', '--json']),
      run(['view', 'airport-delays', '--json', '--limit', '1']),
      run(['view', 'airport-delays', 'ABE', '--json']),
    ]);
    expect(jsonLines(all.stdout)).toMatchObject(AIRPORTS.map((key) => ({ key })));
    expect(jsonLines(some.stdout)).toMatchObject([{ key: 'ABE' }]);
    expect(jsonLines(one.stdout)).toEqual([
      { key: 'ABE', value: { departures: 0, arrivals: 1, totalDelay: 10, meanDelay: 10 } },
    ]);
  });

  it('says what there is when there is no such view, or no such row', async () => {
    const [view, row] = await Promise.all([run(['view', 'boats']), run(['view', 'airport-delays', 'XXX/1?'])]);
    expect(view).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(': airport-delays.') });
    expect(row).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^not-found: .* XXX\/1\?/) });
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawnMeridian(['stream', 'flight/view-5', '--follow', '--json', '--url', address()]);
    const ended = once(child, 'exit');
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    await run([
      'append',
      'flight/view-5',
      'Departed',
      JSON.stringify({ airport: 'LAX', delay: 0, scheduled: '2001-01-01T06:55' }),
    ]);
    expect(await ended).toEqual([0, null]);
    expect(errors).toEqual([]);
  });

  it('rounds numbers for people, and not for machines', async () => {
    const [human, machine] = await Promise.all([
      run(['view', 'airport-delays', 'CLE']),
      run(['view', 'airport-delays', 'CLE', '--json']),
    ]);
    expect(human.stdout).toContain('│      1.33 │');
    expect(jsonLines(machine.stdout)).toMatchObject([{ value: { meanDelay: 4 / 3 } }]);
  });
});

describe('a Region that cannot be reached', () => {
  it('is told, for people and for machines', async () => {
    const nobody = 'http://127.0.0.1:1/regions/us-east-1';
    const [human, machine] = await Promise.all([
      run(['view', 'airport-delays', '--url', nobody]),
      run(['regions', '--json', '--url', nobody]),
    ]);
    expect(human).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/127\.0\.0\.1:1 .*ECONNREFUSED/) });
    expect(jsonLines(machine.stderr)).toEqual([
      { code: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('is told with those there are when it is none', async () => {
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
      'start',
      'ingest',
      'append',
      'command',
      'transact',
      'transaction',
      'book',
      'stream',
      'view',
      'regions',
      'quarantine',
      'rebuild',
      'republish',
      'cost',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('explains a command by its options', async () => {
    const view = await meridian(['view', '--help']);
    for (const option of ['--url', '--region', '--name', '--json', '--limit']) expect(view.stdout).toContain(option);
  });
});
