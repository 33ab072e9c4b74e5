import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aServedWorld, jsonLines, meridian } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();

const folder = mkdtempSync(join(tmpdir(), 'meridian-transact-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Accounts at home in us-east-1, where commands are sent, and in us-west-2. */
const EAST = 'us-east-1.ada';
const WEST = 'us-west-2.bob';
function deposited(name: string, amount: number) {
  return {
    id: `${name}.deposited`,
    stream: `account/${name}`,
    command: 'deposit',
    input: { amount },
  };
}
beforeAll(() => put(deposited(EAST, 50_000), deposited(WEST, 50_000), deposited('us-west-2.poor', 50)));

/** Both withdrawals happen, or neither. */
function withdrawals({ east = 10, west = 10 } = {}) {
  return [
    { stream: `account/${EAST}`, command: 'withdraw', input: { amount: east } },
    { stream: `account/${WEST}`, command: 'withdraw', input: { amount: west } },
  ];
}
function text(value: unknown) {
  return JSON.stringify(value);
}

/** A server at the address of a Region. */
async function aRegionThat(answers: RequestListener) {
  const refusing = createServer(answers).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  const bound = refusing.address();
  return { refusing, url: `http://127.0.0.1:${bound && typeof bound === 'object' ? bound.port : 0}/regions/us-east-1` };
}

describe('meridian transact', () => {
  it('changes streams of several Regions together, and prints their positions', async () => {
    const { code, stdout, stderr } = await run(['transact', text(withdrawals()), '--id', 'us-east-1:t1']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^us-east-1:t1 is committed\.\n {2}account\/us-east-1\.ada {2}position \d+ of log us-east-1 {2}version \S+\n {2}account\/us-west-2\.bob {2}position \d+ of log us-west-2 {2}version \S+\n$/,
    );
  });

  it('generates an id with the Region that receives the request, and prints it', async () => {
    const { code, stdout } = await run(['transact', text(withdrawals()), '--json'], {
      env: { MERIDIAN_URL: `${address()}/regions/us-west-2` },
    });
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      {
        id: expect.stringMatching(/^us-west-2:[0-9a-f-]{36}$/),
        state: 'committed',
        participants: [{ stream: `account/${EAST}` }, { stream: `account/${WEST}` }],
      },
    ]);
  });

  it('reads the participants from a file', async () => {
    const file = join(folder, 'participants.json');
    writeFileSync(file, text(withdrawals()));
    const { stdout } = await run(['transact', file, '--id', 'us-east-1:t3', '--actor', 'desk']);
    expect(stdout).toMatch(/^us-east-1:t3 is committed/);
    expect(await world.region('us-east-1').load(`account/${EAST}`)).toContainEqual(
      expect.objectContaining({ commitId: expect.stringMatching('^us-east-1:t3#'), meta: { actor: 'desk' } }),
    );
  });

  it('reads a whole request from standard input', async () => {
    const whole = { id: 'us-east-1:t4', participants: withdrawals(), meta: { actor: 'file' } };
    const { stdout } = await run(['transact', '-'], { input: text(whole) });
    expect(stdout).toMatch(/^us-east-1:t4 is committed/);
    expect(await world.region('us-east-1').load(`account/${EAST}`)).toContainEqual(
      expect.objectContaining({ commitId: expect.stringMatching('^us-east-1:t4#'), meta: { actor: 'file' } }),
    );
  });

  it('returns the same outcome if it is sent again with its id, even to another Region', async () => {
    const command = ['transact', text(withdrawals()), '--id', 'us-east-1:t5', '--json'];
    const first = await run(command);
    const again = await run([...command, '--url', `${address()}/regions/us-east-2`]);
    expect(again).toEqual(first);
  });

  it('refuses another transaction under the same id', async () => {
    await run(['transact', text(withdrawals()), '--id', 'us-east-1:t6']);
    const other = await run(['transact', text(withdrawals({ east: 11 })), '--id', 'us-east-1:t6']);
    expect(other).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^id-reused: .*\n.*--id/) });
  });

  it('exits with 1 if it is aborted, and names the stream and the reason', async () => {
    const asked = text(withdrawals({ west: 60_000 }));
    const human = await run(['transact', asked, '--id', 'us-east-1:t7']);
    expect(human).toMatchObject({ code: 1, stdout: '' });
    expect(human.stderr).toMatch(/^aborted: .*account\/us-west-2\.bob.* only\.\n.*another --id.*\n$/);
    const machine = await run(['transact', asked, '--id', 'us-east-1:t7', '--json']);
    expect(machine).toMatchObject({ code: 1, stdout: '' });
    expect(jsonLines(machine.stderr)).toMatchObject([
      { code: 'aborted', status: 409, participant: 'account/us-west-2.bob', reason: { code: 'rejected' } },
    ]);
  });

  it('checks streams that it only reads', async () => {
    const read = await run(['stream', 'account/us-west-2.poor', '--json', '--url', `${address()}/regions/us-west-2`]);
    const [{ version }] = jsonLines(read.stdout) as [{ version: string }];
    const asked = (id: string) =>
      run(['transact', text(withdrawals()), '--id', id, '--check', `account/us-west-2.poor=${version}`]);
    expect(await asked('us-east-1:t8')).toMatchObject({ code: 0 });
    await put({ ...deposited('us-west-2.poor', 1), id: 'one-more' });
    const late = await asked('us-east-1:t9');
    expect(late).toMatchObject({ code: 1, stdout: '' });
    expect(late.stderr).toMatch(/^aborted: .*account\/us-west-2\.poor/);
  });

  it('reports every fault with its path', async () => {
    const [first] = withdrawals();
    const { code, stderr } = await run(['transact', text([first, first, { stream: 'note/a', command: 'note' }])]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^validation: /);
    expect(stderr).toMatch(/participants\[1\]\.stream .*account\/us-east-1\.ada/);
    expect(stderr).toContain('participants[2].stream');
    expect(stderr).toContain('Nothing was written');
  });

  it('exits with 3 while it is undecided and says how to query it, and continues it when sent again', async () => {
    const id = 'us-east-1:t11';
    const command = ['transact', text(withdrawals()), '--id', id, '--timeout', '240'];
    const { machine } = world.region('us-east-1');
    // The execution is lost at its first step, so the transaction stays undecided until it is sent again.
    machine.beforeStep = ({ transaction, kill }) => {
      if (transaction === id) kill();
    };
    try {
      const undecided = await run([...command, '--wait', '0']);
      expect(undecided).toEqual({
        code: 3,
        stdout: expect.stringMatching(`^${id} is not decided.* transaction ${id}\n$`),
        stderr: '',
      });
      const asked = await run(['transaction', id, '--json']);
      expect([asked.code, jsonLines(asked.stdout)]).toEqual([3, [{ id, state: 'undecided' }]]);
    } finally {
      machine.beforeStep = () => undefined;
    }
    const committed = { code: 0, stdout: expect.stringMatching(/^us-east-1:t11 is committed\.\n/) };
    expect(await run(command)).toMatchObject(committed);
    expect(await run(['transaction', id])).toMatchObject(committed);
  }, 120_000);

  it('exits with 3 and reports the id if there was no response', async () => {
    const { refusing, url } = await aRegionThat((_, response) => response.destroy());
    try {
      const id = 'us-east-1:lost';
      const [human, machine, asked] = await Promise.all([
        meridian(['transact', text(withdrawals()), '--id', id, '--url', url]),
        meridian(['transact', text(withdrawals()), '--id', id, '--url', url, '--json']),
        meridian(['transaction', id, '--url', url]),
      ]);
      expect(human).toMatchObject({ code: 3, stdout: '' });
      expect(human.stderr).toMatch(new RegExp(`may have been committed.* transaction ${id}\n`));
      expect(machine).toMatchObject({ code: 3, stdout: '' });
      expect(jsonLines(machine.stderr)).toMatchObject([{ code: 'broken', id }]);
      expect(asked).toMatchObject({ code: 3, stdout: '' });
    } finally {
      refusing.close();
    }
  });

  it('exits with 3 after an error of the Region, even a permanent one', async () => {
    const problem = {
      type: 'urn:x',
      title: 'x',
      status: 500,
      detail: 'The upcaster has to be fixed.',
      code: 'internal',
      retryable: false,
    };
    const { refusing, url } = await aRegionThat((_, response) => {
      response.statusCode = 500;
      response.end(text(problem));
    });
    try {
      const { code, stderr } = await meridian(['transact', '[]', '--id', 'us-east-1:fault', '--url', url]);
      expect(code).toBe(3);
      expect(stderr).toMatch(/may have been committed.*us-east-1:fault\ninternal: /);
    } finally {
      refusing.close();
    }
  });

  it('adds options to the JSON', async () => {
    const whole = { id: 'us-east-1:t13', participants: withdrawals(), meta: { actor: 'file' }, timeoutSeconds: 20 };
    const options = ['--id', whole.id, '--timeout', '20', '--actor', 'file', '--correlation', 'trip-7'];
    expect(await run(['transact', text(whole), ...options])).toMatchObject({ code: 0 });
    const commits = await world.region('us-east-1').load(`account/${EAST}`);
    expect(commits).toContainEqual(
      expect.objectContaining({
        commitId: expect.stringMatching('^us-east-1:t13#'),
        meta: { actor: 'file', correlation: 'trip-7' },
      }),
    );
  });

  it.each([
    [{ id: 'us-east-1:a' }, ['--id', 'us-east-1:b'], 'id is "us-east-1:a" in the JSON, but --id is us-east-1:b'],
    [{ timeoutSeconds: 5 }, ['--timeout', '6'], 'timeoutSeconds is 5 in the JSON, but --timeout is 6'],
    [{ meta: { actor: 'a' } }, ['--actor', 'b'], 'meta.actor is "a" in the JSON, but --actor is b'],
    [{ id: null }, ['--id', 'us-east-1:b'], 'id is null in the JSON, but --id is us-east-1:b'],
  ])('exits with 2 if the JSON has %j, and the options contradict it: %j', async (json, args, message) => {
    const { code, stderr } = await meridian(['transact', text({ participants: withdrawals(), ...json }), ...args]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: ${message}: specify only one of them.\nSee: meridian transact --help\n`,
    });
  });

  it('names a fault by its option, or by its path if it was in the JSON', async () => {
    const bad = { stream: 'account/us-west-2.poor', expected: 'x' };
    const asOptions = ['--id', 'mars-1:a', '--actor', '', '--check', 'account/us-west-2.poor=y'];
    const [options, json] = await Promise.all([
      run([
        'transact',
        text({ participants: withdrawals(), checks: [bad] }),
        ...asOptions.slice(0, 2),
        ...asOptions.slice(4),
      ]),
      run(['transact', text({ participants: withdrawals(), id: 'mars-1:a', checks: [bad] })]),
    ]);
    expect([options.code, json.code]).toEqual([1, 1]);
    const paths = ({ stderr }: { readonly stderr: string }) =>
      stderr.split('\n').flatMap((line) => /^ {2}(.*?) {2}/.exec(line)?.[1]?.trim() ?? []);
    expect(paths(options)).toEqual([
      '--id',
      'checks[0].expected',
      '--check account/us-west-2.poor',
      '--check account/us-west-2.poor',
    ]);
    expect(paths(json)).toEqual(['id', 'checks[0].expected']);
    const empty = await run(['transact', text(withdrawals()), '--actor', '']);
    expect(paths(empty)).toEqual(['--actor']);
  });

  it.each([
    [{ checks: 5 }, 'checks'],
    [{ meta: [] }, 'meta'],
    [{ timeoutSeconds: null }, 'timeoutSeconds'],
  ])('lets the Region refuse an unknown member: %j', async (json, path) => {
    const check = ['--check', 'account/us-west-2.poor=x', '--correlation', 'c'];
    const { code, stderr } = await run(['transact', text({ participants: withdrawals(), ...json }), ...check]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^  ${path} +Invalid input`, 'm'));
  });

  it('reads JSON that begins with a byte order mark, as Windows writes it: in a file, and on standard input', async () => {
    const marked = `\ufeff${text(withdrawals({ east: 60_000 }))}`;
    const file = join(folder, 'marked.json');
    writeFileSync(file, marked);
    for (const [from, input] of [[file], ['-', marked]] as const) {
      const { stderr } = await run(['transact', from], input === undefined ? {} : { input });
      expect(stderr).toMatch(/^aborted: .* account\/us-east-1\.ada: .* only\./);
    }
  });

  it('names the encoding of a file that is not UTF-8', async () => {
    const file = join(folder, 'utf-16.json');
    writeFileSync(file, `\ufeff${text(withdrawals())}`, 'utf16le');
    const { code, stderr } = await meridian(['transact', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/utf-16\.json cannot be read: .*UTF-16.*save it as UTF-8\.\n$/);
  });

  it('exits with 1 when there is no such file', async () => {
    const missing = join(folder, 'missing.json');
    const [human, machine] = await Promise.all([
      meridian(['transact', missing]),
      meridian(['transact', missing, '--json']),
    ]);
    expect(human).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(`^${missing} .*no such file`) });
    expect(jsonLines(machine.stderr)).toMatchObject([{ code: 'no-file' }]);
  });

  it.each([
    ['what is not JSON', ['[{'], 'participants are not JSON'],
    ['what is not JSON on standard input', ['-'], 'Standard input is not JSON'],
    ['an invalid id', ['[]', '--id', 'order-17'], '<Region>:<key>'],
    ['a check without a version', ['[]', '--check', 'account/us-west-2.ada'], '<stream>=<version>'],
    ['an invalid wait', ['[]', '--wait', 'long'], '0 to 50'],
    ['a timeout that is too long', ['[]', '--timeout', '500'], '1 to 240'],
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
    await run(['transact', text(withdrawals()), '--id', 'us-east-1:s1']);
    await run(['transact', text(withdrawals({ east: 60_000 })), '--id', 'us-east-1:s2']);
  }, 120_000);

  it('shows its outcome in any Region', async () => {
    const elsewhere = ['--url', `${address()}/regions/us-east-2`];
    const [committed, aborted, machine] = await Promise.all([
      run(['transaction', 'us-east-1:s1']),
      run(['transaction', 'us-east-1:s2', ...elsewhere]),
      run(['transaction', 'us-east-1:s2', '--json']),
    ]);
    expect(committed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^us-east-1:s1 is committed\.\n/) });
    expect(aborted).toMatchObject({ code: 1, stderr: '' });
    expect(aborted.stdout).toMatch(/^us-east-1:s2 is aborted.* account\/us-east-1\.ada: rejected: .* only\.\n$/);
    expect(machine.code).toBe(1);
    expect(jsonLines(machine.stdout)).toMatchObject([
      { id: 'us-east-1:s2', state: 'aborted', participant: `account/${EAST}`, reason: { code: 'rejected' } },
    ]);
  });

  it('reports that nothing is recorded', async () => {
    expect(await run(['transaction', 'us-east-1:never'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^not-found: .*us-east-1:never.*\n.*same id\.\n$/),
    });
  });

  it('shows the form of an id', async () => {
    const [none, empty, elsewhere] = await Promise.all(
      ['never', '', 'mars-1:never'].map((id) => run(['transaction', id])),
    );
    for (const usage of [none, empty])
      expect(usage).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('<Region>:<key>') });
    expect(elsewhere).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^ {2}<id> {2}is not <Region>:<key>/m),
    });
  });
});
