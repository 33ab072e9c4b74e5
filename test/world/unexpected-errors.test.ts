import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { defineDomain, defineView, MeridianError } from '../../index.ts';
import { subscriber } from '../../lambdas/index.ts';
import { note } from '../../testing/toy.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { buggyAccount } from '../core/a-region.ts';
import { aWorld } from './a-world.ts';

/** A domain with a bug in `decide` of a deposit, and one in a view of notes. */
const domain = defineDomain({
  streams: [buggyAccount, note],
  views: [
    defineView({
      name: 'latest',
      kind: 'rows',
      of: note,
      row: () => {
        throw new RangeError('A bug of the view.');
      },
    }),
  ],
});

const [stream, command, input] = ['account/us-west-2.ann', 'deposit', { amount: 5 }];
const transaction = (id: string) => ({ id, participants: [{ stream, command, input }] });

/** A world of that domain, and the unexpected errors that it logs. */
function aFaultyWorld() {
  const stacks: (string | undefined)[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (message: string, { error }: Readonly<Record<string, unknown>>) => {
      if (message === 'Unexpected error' && error instanceof Error) stacks.push(error.stack);
    },
  };
  return { ...aWorld({ domain, telemetry: { log, middlewares: [] } }), stacks };
}

describe('a bug in decide', () => {
  it.each([
    ['a command that another Region passes on', 'us-east-1', `/streams/${stream}/commands/${command}`, input],
    ['an envelope in an array', 'us-west-2', '/events', [{ stream, command, input }]],
    ['a transaction of one Region', 'us-west-2', '/transactions', transaction('us-west-2:a')],
    ['a participant of a transaction', 'us-east-1', '/transactions', transaction('us-east-1:a')],
  ])('is logged once with its stack, where %s is decided', async (_what, region, path, body) => {
    const { call, settle, stacks } = aFaultyWorld();
    await call(region, 'POST', path, { body });
    await settle();
    expect(stacks).toEqual([expect.stringMatching(/^TypeError: A bug of the domain\.\n +at .*a-region\.ts/)]);
  });

  it('is logged with its stack at every delivery of a command on the bus', async () => {
    const { put, settle, stacks } = aFaultyWorld();
    await put('us-west-2', 'meridian.command', { id: 'a', stream, command, input });
    await settle();
    expect(stacks.length).toBeGreaterThan(1);
    for (const stack of stacks) expect(stack).toMatch(/^TypeError: A bug of the domain\.\n +at .*a-region\.ts/);
  });
});

/** What the console prints as an error. */
function printedErrors() {
  const spy = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.map(([text]) => String(text).split('\n').slice(0, 2).join('\n'));
}

describe('a world without telemetry', () => {
  it('prints a bug in decide once, with its stack, in whatever Region it is decided, and no refusal', async () => {
    const printed = printedErrors();
    const { call, settle } = aWorld({ domain });
    for (const of of [input, input, {}])
      await call('us-east-1', 'POST', `/streams/${stream}/commands/deposit`, { body: of });
    await call('us-east-1', 'POST', `/streams/${stream}/commands/withdraw`, { body: input });
    await settle();
    expect(printed()).toEqual([expect.stringMatching(/^Unexpected error: A bug of the domain\.\n.*a-region\.ts/)]);
  });

  it('prints a bug in a view', async () => {
    const printed = printedErrors();
    const { write, settle } = aWorld({ domain });
    await write('us-east-1', 'a', 'note/a', 'red');
    await settle();
    expect(printed()).toEqual([
      expect.stringMatching(/^Will be redelivered: A bug of the view\.\n.*unexpected-errors/),
    ]);
  });

  it('prints what a subscriber throws, and that its message was given up', async () => {
    const printed = printedErrors();
    const handle = () => {
      throw new MeridianError('unavailable', 'The mail server is down.');
    };
    const mailer = {
      entry: '/not/loaded.ts',
      streamTypes: ['note'],
      runsIn: 'us-east-1',
      handler: subscriber({ handle }),
    };
    const { write, settle } = aWorld({ subscribers: { mailer } });
    await write('us-east-1', 'a', 'note/a', 'red');
    await settle();
    expect(printed()).toEqual([
      expect.stringMatching(
        /^Subscriber mailer failed on Noted of note\/a in us-east-1, and its message is redelivered: The mail server is down\.\n.*unexpected-errors/,
      ),
      'Subscriber mailer gave up on Noted of note/a in us-east-1, and its message is in the dead-letter queue: The mail server is down.',
    ]);
  });

  it('prints what ends an invocation', async () => {
    const printed = printedErrors();
    let isDown = true;
    const { write, settle } = aWorld({
      withFaults: (region, ports) => ({
        ...ports,
        views: {
          ...ports.views,
          entries: async (...names) => {
            if (!isDown || region !== 'us-east-1') return ports.views.entries(...names);
            isDown = false;
            throw new Error('The table is gone.');
          },
        },
      }),
    });
    await write('us-east-1', 'a', 'note/a', 'red');
    await settle();
    expect(printed()).toEqual([
      expect.stringMatching(/^The function projection failed: The table is gone\.\n.*unexpected-errors/),
    ]);
  });

  it('prints none of them if the telemetry is the silent one', async () => {
    const printed = printedErrors();
    const { call, settle } = aWorld({ domain, telemetry: silentTelemetry });
    await call('us-west-2', 'POST', `/streams/${stream}/commands/deposit`, { body: input });
    await settle();
    expect(printed()).toEqual([]);
  });
});
