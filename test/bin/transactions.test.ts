import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aServedWorld, jsonLines, meridian } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();

const folder = mkdtempSync(join(tmpdir(), 'meridian-transact-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Members at home in us-east-1, where commands are sent, and in us-west-2. */
const EAST = 'BOS.ada';
const WEST = 'LAX.bob';
const earned = (member: string, miles: number) => ({
  id: `${member}.earned`,
  stream: `miles/${member}`,
  command: 'earn',
  input: { miles },
});
beforeAll(() => put(earned(EAST, 50_000), earned(WEST, 50_000), earned('LAX.poor', 50)));

/** Both are paid, or none. */
const payments = (booking: string, { east = 10, west = 10 } = {}) => [
  { stream: `miles/${EAST}`, command: 'pay', input: { miles: east, booking } },
  { stream: `miles/${WEST}`, command: 'pay', input: { miles: west, booking } },
];
const text = (value: unknown) => JSON.stringify(value);

describe('meridian transact', () => {
  it('changes streams of several Regions together, and says where they stand', async () => {
    const { code, stdout, stderr } = await run(['transact', text(payments('t1')), '--id', 'us-east-1:t1']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^us-east-1:t1 is committed\.\n {2}miles\/BOS\.ada {2}position \d+ of log us-east-1 {2}version \S+\n {2}miles\/LAX\.bob {2}position \d+ of log us-west-2 {2}version \S+\n$/,
    );
  });

  it('makes an id of the Region that is asked, and prints it', async () => {
    const { code, stdout } = await run(['transact', text(payments('t2')), '--json'], {
      env: { MERIDIAN_URL: `${address()}/regions/us-west-2` },
    });
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      {
        id: expect.stringMatching(/^us-west-2:[0-9a-f-]{36}$/),
        state: 'committed',
        participants: [{ stream: `miles/${EAST}` }, { stream: `miles/${WEST}` }],
      },
    ]);
  });

  it('reads the participants from a file, and a whole request from standard input', async () => {
    const file = join(folder, 'participants.json');
    writeFileSync(file, text(payments('t3')));
    const whole = { id: 'us-east-1:t4', participants: payments('t4'), meta: { actor: 'file' } };
    const [fromFile, fromInput] = await Promise.all([
      run(['transact', file, '--id', 'us-east-1:t3', '--actor', 'desk']),
      run(['transact', '-'], { input: text(whole) }),
    ]);
    expect([fromFile.stdout, fromInput.stdout].map((printed) => printed.split('\n')[0])).toEqual([
      'us-east-1:t3 is committed.',
      'us-east-1:t4 is committed.',
    ]);
    const commits = await world.region('us-east-1').load(`miles/${EAST}`);
    expect(commits).toContainEqual(
      expect.objectContaining({ commitId: expect.stringMatching('^us-east-1:t3#'), meta: { actor: 'desk' } }),
    );
    expect(commits).toContainEqual(
      expect.objectContaining({ commitId: expect.stringMatching('^us-east-1:t4#'), meta: { actor: 'file' } }),
    );
  });

  it('may be sent again with its id, to another Region too, and answers the same', async () => {
    const command = ['transact', text(payments('t5')), '--id', 'us-east-1:t5', '--json'];
    const first = await run(command);
    const again = await run([...command, '--url', `${address()}/regions/us-east-2`]);
    expect(again).toEqual(first);
    const other = await run(['transact', text(payments('t6')), '--id', 'us-east-1:t5']);
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(/^id-reused: .*\nGive another --id\.\n$/);
  });

  it('exits with 1 when it is aborted, and says because of which stream and why', async () => {
    const asked = text(payments('t7', { west: 60_000 }));
    const human = await run(['transact', asked, '--id', 'us-east-1:t7']);
    expect(human).toMatchObject({ code: 1, stdout: '' });
    expect(human.stderr).toMatch(
      /^aborted: .*miles\/LAX\.bob.* costs 60000\.\nIt stays aborted under its id: to try again, send it under another one, or without --id\.\n$/,
    );
    const machine = await run(['transact', asked, '--id', 'us-east-1:t7', '--json']);
    expect(machine).toMatchObject({ code: 1, stdout: '' });
    expect(jsonLines(machine.stderr)).toMatchObject([
      { code: 'aborted', status: 409, participant: 'miles/LAX.bob', reason: { code: 'rejected' } },
    ]);
  });

  it('checks streams that it only reads', async () => {
    const read = await run(['stream', 'miles/LAX.poor', '--json', '--url', `${address()}/regions/us-west-2`]);
    const [{ version }] = jsonLines(read.stdout) as [{ version: string }];
    const asked = (booking: string, id: string) =>
      run(['transact', text(payments(booking)), '--id', id, '--check', `miles/LAX.poor=${version}`]);
    expect(await asked('t8', 'us-east-1:t8')).toMatchObject({ code: 0 });
    await put({ ...earned('LAX.poor', 1), id: 'one-more' });
    const late = await asked('t9', 'us-east-1:t9');
    expect(late).toMatchObject({ code: 1, stdout: '' });
    expect(late.stderr).toMatch(/^aborted: .*miles\/LAX\.poor/);
  });

  it('tells every fault with its path', async () => {
    const [first] = payments('t10');
    const { code, stderr } = await run(['transact', text([first, first, { stream: 'flight/a', command: 'arrive' }])]);
    expect(code).toBe(1);
    expect(stderr).toContain('validation: this is not well-formed:');
    expect(stderr).toMatch(/participants\[1\]\.stream +names miles\/BOS\.ada a second time/);
    expect(stderr).toContain('participants[2].stream');
    expect(stderr).toContain('Nothing was written.');
  });

  it('says that it is not decided yet, and how to ask; sent again, it goes on', async () => {
    const id = 'us-east-1:t11';
    const command = ['transact', text(payments('t11')), '--id', id, '--timeout', '240'];
    const { machine } = world.region('us-east-1');
    // It is lost at its first step: nobody decides before it is sent again.
    machine.beforeStep = ({ transaction, kill }) => {
      if (transaction === id) kill();
    };
    try {
      const undecided = await run([...command, '--wait', '0']);
      expect(undecided).toEqual({
        code: 1,
        stdout: `${id} is not decided yet. To ask: npx meridian transaction ${id}\n`,
        stderr: '',
      });
      const asked = await run(['transaction', id, '--json']);
      expect([asked.code, jsonLines(asked.stdout)]).toEqual([1, [{ id, state: 'undecided' }]]);
    } finally {
      machine.beforeStep = () => undefined;
    }
    const committed = { code: 0, stdout: expect.stringMatching(/^us-east-1:t11 is committed\.\n/) };
    expect(await run(command)).toMatchObject(committed);
    expect(await run(['transaction', id])).toMatchObject(committed);
  }, 120_000);

  it('exits with 1 when there is no such file', async () => {
    const missing = join(folder, 'missing.json');
    const [human, machine] = await Promise.all([
      meridian(['transact', missing]),
      meridian(['transact', missing, '--json']),
    ]);
    expect(human).toEqual({ code: 1, stdout: '', stderr: `${missing} cannot be read: there is no such file.\n` });
    expect(jsonLines(machine.stderr)).toMatchObject([{ code: 'no-file' }]);
  });

  it.each([
    ['what is not JSON', ['[{'], 'The participants are not JSON'],
    ['what is not JSON on standard input', ['-'], 'What is in standard input is not JSON'],
    ['a check without a version', ['[]', '--check', 'miles/LAX.ada'], 'Write <stream>=<version>'],
    ['a wait that is none', ['[]', '--wait', 'long'], 'Write a whole number, 0 to 50'],
    ['a time-out that is too long', ['[]', '--timeout', '500'], 'Write a whole number, 1 to 240'],
    ['nothing', [], "missing required argument 'participants'"],
  ])('exits with 2 on %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await meridian(['transact', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nSee: meridian transact --help\n$/);
  });
});

describe('meridian transaction', () => {
  beforeAll(async () => {
    await run(['transact', text(payments('s1')), '--id', 'us-east-1:s1']);
    await run(['transact', text(payments('s2', { east: 60_000 })), '--id', 'us-east-1:s2']);
  }, 120_000);

  it('shows in any Region what became of it', async () => {
    const elsewhere = ['--url', `${address()}/regions/us-east-2`];
    const [committed, aborted, machine] = await Promise.all([
      run(['transaction', 'us-east-1:s1']),
      run(['transaction', 'us-east-1:s2', ...elsewhere]),
      run(['transaction', 'us-east-1:s2', '--json']),
    ]);
    expect(committed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^us-east-1:s1 is committed\.\n/) });
    expect(aborted).toMatchObject({ code: 1, stderr: '' });
    expect(aborted.stdout).toMatch(
      /^us-east-1:s2 is aborted, because of miles\/BOS\.ada: rejected: .* costs 60000\.\n$/,
    );
    expect(machine.code).toBe(1);
    expect(jsonLines(machine.stdout)).toMatchObject([
      { id: 'us-east-1:s2', state: 'aborted', participant: `miles/${EAST}`, reason: { code: 'rejected' } },
    ]);
  });

  it('says when nothing is recorded, and what an id looks like', async () => {
    const [unknown, none] = await Promise.all([run(['transaction', 'us-east-1:never']), run(['transaction', 'never'])]);
    expect(unknown).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^not-found: .*us-east-1:never/),
    });
    expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is not <Region>:<key>') });
  });
});

describe('meridian book', () => {
  /** The seats are at home in us-west-2. */
  const flight = '2001-01-01.LAX-BNA.17';

  it('takes a seat and pays the price of the flight, driven where the seats are', async () => {
    const { code, stdout, stderr } = await run(['book', flight, EAST]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^${EAST} has a seat on ${flight}, for 1800 miles\\.\nus-west-2:\\S+ is committed\\.\n  seats/${flight} .*\n  miles/${EAST} `,
      ),
    );
  });

  it('pays once, however often it is booked', async () => {
    const before = await run(['book', flight, WEST, '--json', '--id', 'us-west-2:bob']);
    const again = await run(['book', flight, WEST, '--json', '--id', 'us-west-2:bob']);
    const anew = await run(['book', flight, WEST, '--json']);
    expect([before.code, anew.code, again]).toEqual([0, 0, before]);
    const { stdout } = await run(['stream', `miles/${WEST}`, '--json', '--url', `${address()}/regions/us-west-2`]);
    expect(jsonLines(stdout)).toMatchObject([{ state: { paid: { [flight]: 1800 } } }]);
  });

  it('takes no seat from who cannot pay it, unless it costs less', async () => {
    const poor = await run(['book', flight, 'LAX.poor']);
    expect(poor).toMatchObject({ code: 1, stdout: '' });
    expect(poor.stderr).toMatch(/^aborted: .*miles\/LAX\.poor.* costs 1800\./);
    const cheap = await run(['book', flight, 'LAX.poor', '--miles', '40']);
    expect(cheap).toMatchObject({ code: 0, stdout: expect.stringContaining('for 40 miles') });
  });

  it('says what a flight and a member look like', async () => {
    const [noFlight, noMember, noMiles] = await Promise.all([
      run(['book', 'LAX', EAST]),
      run(['book', flight, 'ada']),
      run(['book', flight, EAST, '--miles', '0']),
    ]);
    expect(noFlight).toMatchObject({ code: 1, stderr: expect.stringContaining('such as 2001-01-01.LAX-BNA.17') });
    expect(noMember).toMatchObject({ code: 1, stderr: expect.stringContaining('such as LAX.ada') });
    expect(noMiles).toMatchObject({ code: 2, stderr: expect.stringContaining('Write a whole number, 1 or more.') });
  });
});
