import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { addQuarantine } from '../../bin/commands/quarantine.ts';
import { freePort } from '../free-port.ts';
import { addressOf, aServedWorld, jsonLines, meridian, meridianHere, regions, spawnMeridian } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();
const folder = mkdtempSync(join(tmpdir(), 'meridian-command-line-'));
afterAll(() => rmSync(folder, { recursive: true }));

function noted(id: string, stream: string, text = 'blue') {
  return {
    id,
    stream,
    events: [{ type: 'Noted', data: { text } }],
  };
}
function inLines(...lines: readonly (object | string)[]): string {
  return lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
}

const { quarantine } = world.region('us-east-1');

describe('meridian ingest', () => {
  const file = join(folder, 'envelopes.ndjson');

  it('sends the events and commands of a file, and changes nothing if it is repeated', async () => {
    const take = { stream: 'stock/2', command: 'take', input: 'me' };
    writeFileSync(file, inLines(noted('i1', 'note/i1'), '', { id: 'i2', ...take, meta: { actor: 'desk' } }));

    const first = await run(['ingest', file]);
    expect(first.stdout).toMatch(/^2 envelopes: 2 accepted, 0 rejected, 0 quarantined, in [\d.]+ s\.\n$/);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(await world.region('us-west-2').load(take.stream)).toMatchObject([
      { commitId: 'i2', meta: { actor: 'desk' } },
    ]);

    const again = await run(['ingest', file, '--json']);
    expect(jsonLines(again.stdout)).toEqual([
      { accepted: 2, rejected: 0, quarantined: 0, interrupted: false, seconds: expect.any(Number) },
    ]);
    expect(await world.region('us-east-1').load('note/i1')).toHaveLength(1);
  });

  it('reports the lines that are refused or cannot be read, with their numbers, and exits with 1', async () => {
    const input = inLines(
      noted('i3', 'note/i3'),
      { id: 'i4', stream: 'boat/1', events: [{ type: 'Sunk' }] },
      '{"id":',
      { stream: 'note/i5', events: [] },
      { id: 'i5', stream: 'account/us-east-1.poor', command: 'withdraw', input: { amount: 1 } },
    );
    const held = quarantine.bodies.length;
    const [human, machine] = await Promise.all([
      run(['ingest', '-'], { input }),
      run(['ingest', '-', '--json'], { input }),
    ]);
    expect(human.code).toBe(1);
    expect(human.stdout).toMatch(/^5 envelopes: 1 accepted, 2 rejected, 2 quarantined/);
    expect(human.stderr.split('\n').toSorted().slice(1)).toEqual([
      expect.stringMatching(/^line 2: rejected: unknown-stream-type: /),
      expect.stringMatching(/^line 3: quarantined: This is not JSON: /),
      expect.stringMatching(/^line 4: quarantined: It has no usable id/),
      expect.stringMatching(/^line 5: rejected: (?!rejected).* only\.$/),
    ]);
    expect(machine.code).toBe(1);
    expect(jsonLines(machine.stdout)).toMatchObject([{ accepted: 1, rejected: 2, quarantined: 2 }]);
    expect(jsonLines(machine.stderr)).toHaveLength(4);
    expect(quarantine.bodies).toHaveLength(held + 4);
  });

  const wrong = inLines('import { once } from "node:events";', '', '{"name":"meridian"}');

  it('quarantines nothing from a file of another kind', async () => {
    const before = world.region('us-east-1').quarantine.bodies.length;
    const [human, machine] = await Promise.all([
      run(['ingest', '-'], { input: wrong }),
      run(['ingest', '-', '--json'], { input: wrong }),
    ]);
    expect(human).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^[^:]*: line 1: .* not JSON: .*[^.]\. .*--force .*\.\n$/),
    });
    expect(machine.code).toBe(1);
    expect(jsonLines(machine.stderr)).toMatchObject([{ code: 'no-envelopes' }]);
    expect(world.region('us-east-1').quarantine.bodies).toHaveLength(before);
  });

  it('quarantines the unreadable lines of a file of another kind with --force', async () => {
    const forced = await run(['ingest', '-', '--force'], { input: wrong });
    expect(forced.stdout).toMatch(/^2 envelopes: 0 accepted, 0 rejected, 2 quarantined/);
  });

  it('reports its progress when it is interrupted', async () => {
    const child = spawnMeridian(['ingest', '-', '--url', address()]);
    const printed = Promise.all([text(child.stdout), text(child.stderr)]);
    child.stdin.write(`${inLines(noted('i6', 'note/i6'))}\n`);
    await vi.waitFor(async () => expect(await world.region('us-east-1').load('note/i6')).toHaveLength(1), 30_000);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([1, null]);
    const [stdout, stderr] = await printed;
    expect(stdout).toMatch(/^1 envelope: 1 accepted/);
    expect(stderr).toMatch(/^Interrupted\. Run the command again: /);
  });

  it('treats a Ctrl-C that arrives from both the terminal and the parent process as one', async () => {
    // The second signal arrives as soon as the command has handled the first one, however slow the machine is.
    const twice = join(folder, 'twice.mjs');
    writeFileSync(
      twice,
      `if (process.argv[1]?.endsWith('meridian.mjs'))
        process.once('SIGINT', () => process.nextTick(() => {
          process.kill(process.pid, 'SIGINT');
          setTimeout(() => console.error('That was the second.'), 100);
        }));`,
    );
    const asked = Promise.withResolvers<ServerResponse>();
    const server = createServer((_request, response) => asked.resolve(response));
    const url = await addressOf(server);
    const child = spawnMeridian(['ingest', '-', '--url', `${url}/regions/us-east-1`], {
      env: { NODE_OPTIONS: `--import=${pathToFileURL(twice).href}` },
    });
    const ended = once(child, 'exit');
    const stderr = text(child.stderr);
    child.stdin.write(`${inLines(noted('i8', 'note/i8'))}\n`);
    const response = await asked.promise;
    child.kill('SIGINT');
    await once(child.stderr, 'data');
    const taken = { id: 'i8', stream: 'note/i8', version: 'v', log: 'us-east-1', position: 1 };
    response.end(JSON.stringify([taken]));
    expect(await ended).toEqual([1, null]);
    expect(await stderr).toMatch(/^That was the second\.\nInterrupted\. Run the command again: /);
    server.close();
  });

  it('continues when nothing reads its output about individual lines', async () => {
    const child = spawnMeridian(['ingest', '-', '--url', address()]);
    child.stderr.destroy();
    const printed = text(child.stdout);
    child.stdin.end(inLines('{', { id: 'i9', stream: 'boat/1', events: [] }, noted('i10', 'note/i10')));
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(await printed).toMatch(/^3 envelopes: 1 accepted/);
  });

  it('says what is wrong with the file', async () => {
    const [none, directory, usage] = await Promise.all([
      run(['ingest', join(folder, 'none')]),
      run(['ingest', folder]),
      run(['ingest']),
    ]);
    expect(none).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no such file'),
    });
    expect(directory).toMatchObject({ code: 1, stderr: expect.stringContaining('a folder') });
    expect(usage.code).toBe(2);
  });

  it('reports its progress when no Region responds', async () => {
    writeFileSync(file, inLines(noted('i7', 'note/i7')));
    const { code, stderr } = await run([
      'ingest',
      file,
      '--url',
      `http://127.0.0.1:${await freePort()}/regions/us-east-1`,
    ]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Stopped after 0 envelopes: .*\nNothing listens at/)]);
  });
});

describe('meridian regions', () => {
  it('shows the health of every Region and how far it is behind, as text and as JSON', async () => {
    await put(noted('r1', 'note/r1'));
    const [human, machine] = await Promise.all([run(['regions']), run(['regions', '--json'])]);
    expect(human.code).toBe(0);
    for (const region of regions) expect(human.stdout).toContain(`│ ${region} │ ok     │`);
    const shape = z.object({
      regions: z.array(
        z.object({
          region: z.string(),
          healthy: z.literal(true),
          behindMs: z.record(z.string(), z.number().nullable()),
        }),
      ),
    });
    const rows = shape.parse(JSON.parse(machine.stdout)).regions;
    expect(rows.map(({ region }) => region)).toEqual(regions);
    expect(rows.map(({ behindMs }) => behindMs['us-east-1'])).toEqual([undefined, 0, 0]);
  });

  it('shows how far a cut-off Region is behind', async () => {
    world.cut('us-east-1', 'us-west-2', ['replication']);
    // A real pause: the world of this process runs in real time, and the shown lag is the time since the cut.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const body = JSON.stringify(noted('r2', 'note/r2'));
    await fetch(`${address()}/regions/us-east-1/events`, { method: 'POST', body });
    const { stdout } = await run(['regions', '--json']);
    world.healAll();
    const [, , west] = z
      .object({ regions: z.array(z.object({ behindMs: z.record(z.string(), z.number()) }).loose()) })
      .parse(JSON.parse(stdout), { reportInput: true }).regions;
    expect(west?.behindMs['us-east-1']).toBeGreaterThan(0);
  });
});

describe('meridian quarantine', () => {
  const listed = z.object({ messages: z.array(z.object({ id: z.string(), reason: z.string() })) });
  const event = (id: string, stream: string) =>
    JSON.stringify({ 'detail-type': 'meridian.append', source: 'desk', detail: noted(id, stream) });
  const unreadable = JSON.stringify({ reason: 'This is not JSON.', body: '{"id":' });
  let ids: readonly string[] = [];
  beforeEach(async () => {
    // Messages of an earlier redrive may still return.
    await world.whenIdle();
    await quarantine.remove(await quarantine.receive(0));
    await quarantine.send([unreadable, event('q1', 'note/q1'), event('q2', 'note/q2')]);
    const { stdout } = await run(['quarantine', 'list', '--json']);
    ids = listed.parse(JSON.parse(stdout)).messages.map(({ id }) => id);
  });

  it('lists its messages', async () => {
    expect(ids).toHaveLength(3);
    const { stdout } = await run(['quarantine', 'list']);
    expect(stdout).toMatch(/│ id +│ since +│ received │ stream +│ envelope │ reason/);
    expect(stdout).toContain('│ note/q1 │ q1       │');
    expect(stdout).toContain('3 messages');
  });

  it('shows one message in full', async () => {
    const whole = await run(['quarantine', 'show', ids[1] ?? '']);
    expect(whole.stdout).toContain('stream      note/q1\n');
    expect(whole.stdout).toContain('"text": "blue"');
  });

  it('lists the messages of one stream', async () => {
    const filtered = await run(['quarantine', 'list', '--stream', 'note/q2', '--json']);
    expect(listed.parse(JSON.parse(filtered.stdout)).messages).toHaveLength(1);
    const none = await run(['quarantine', 'list', '--stream', 'nothing']);
    expect(none.stdout).toBe('None of about 3 messages is chosen.\n');
  });

  it('counts the chosen messages in a dry run, and leaves them in the quarantine', async () => {
    const before = quarantine.bodies;
    const trial = await run(['quarantine', 'redrive', '--stream', 'note', '--dry-run']);
    expect(trial.stdout).toMatch(/^2 messages would be/m);
    expect(quarantine.bodies).toEqual(before);
  });

  it('sends the chosen messages to ingest again', async () => {
    const real = await run(['quarantine', 'redrive', '--stream', 'note', '--rate', '1', '--json']);
    await world.whenIdle();
    expect(real.code).toBe(0);
    expect(jsonLines(real.stdout)).toMatchObject([
      { dryRun: false, redriven: [{ envelopeId: 'q1' }, { envelopeId: 'q2' }] },
    ]);
    expect(await world.region('us-west-2').load('note/q2')).toHaveLength(1);
    expect(quarantine.bodies).toContain(unreadable);
    expect(quarantine.bodies).not.toContain(event('q1', 'note/q1'));
  });

  it('ends although messages that still cannot be read return to the quarantine', async () => {
    const { code, stdout } = await run(['quarantine', 'redrive']);
    await world.whenIdle();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^3 messages sent again/)]);
    expect(quarantine.bodies).toContainEqual(expect.stringContaining('This is not JSON: Unexpected end of JSON input'));
  });

  it('names a message that does not exist', async () => {
    const [show, redrive] = [
      await run(['quarantine', 'show', 'none']),
      await run(['quarantine', 'redrive', ids[2] ?? '', 'none']),
    ];
    expect(show).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/no message none/) });
    expect(redrive).toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no message none/) });
    expect(redrive.stdout).toContain('1 message sent again');
  });

  it('reports the progress of a redrive that fails halfway', async () => {
    const redriven = [1, 2].map((n) => ({ id: `m${n}`, sentAt: '2026-01-01T00:00:00Z', receives: 1, reason: 'None.' }));
    const step = { examined: 2, redriven, kept: 0, failed: [], about: 9, complete: false, before: 1 };
    const problem = {
      type: 'urn:x',
      title: 'x',
      status: 500,
      detail: 'It is broken.',
      code: 'internal',
      retryable: false,
    };
    const answers: object[] = [{ result: step }, { problem }];
    const server = createServer((_request, response) => response.end(JSON.stringify(answers.shift())));
    const url = await addressOf(server);
    const { code, stderr } = await meridian(['quarantine', 'redrive', '--url', `${url}/regions/a`]);
    server.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Stopped after sending 2 messages .*\ninternal: /)]);
  });

  it('reports the progress of a long redrive every few seconds', async () => {
    const step = {
      examined: 12_000,
      redriven: [],
      kept: 12_000,
      failed: [],
      about: 436_000,
      complete: false,
      before: 1,
    };
    const answers = [step, { ...step, complete: true }].map((result) => JSON.stringify({ result }));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const server = createServer((_request, response) => {
      if (answers.length === 1) vi.advanceTimersByTime(4000);
      response.end(answers.shift());
    });
    const url = await addressOf(server);
    const args = ['quarantine', 'redrive', '--reason', 'none', '--url', `${url}/regions/a`];
    const { code, stderr } = await meridianHere(addQuarantine, args);
    server.close();
    expect([code, stderr]).toEqual([0, 'examined 12,000 of about 436,000, 0 sent again …\n']);
  });

  it('reports that its time ran out before it found a message', async () => {
    const result = { messages: [], about: 436_000, complete: false };
    const server = createServer((_request, response) => response.end(JSON.stringify({ result })));
    const url = await addressOf(server);
    const { code, stderr } = await meridian(['quarantine', 'show', 'zzz', '--url', `${url}/regions/a`]);
    server.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^zzz .*not found .*time/)]);
  });

  it('exits with 2 without a subcommand, on an invalid rate, and on a limit that is too high', async () => {
    const [bare, rate, limit] = await Promise.all([
      meridian(['quarantine']),
      meridian(['quarantine', 'redrive', '--rate', '0']),
      meridian(['quarantine', 'list', '--limit', '1001']),
    ]);
    expect([bare.code, rate.code, limit.code]).toEqual([2, 2, 2]);
    expect(limit.stderr).toContain('1 to 1000');
    expect(bare.stderr).toContain('Usage: meridian quarantine');
  });
});
