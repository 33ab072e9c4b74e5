import { describe, expect, it } from 'vitest';
import { defineDomain, defineStream } from '../../index.ts';
import { account } from '../../testing/toy.ts';
import { aWorld } from './a-world.ts';

/** The toy's accounts, except that a deposit hits a bug of its `decide`. */
const domain = defineDomain({
  streams: [
    defineStream({
      ...account,
      commands: {
        ...account.commands,
        deposit: {
          ...account.commands.deposit,
          decide: () => {
            throw new TypeError('A bug of the domain.');
          },
        },
      },
    }),
  ],
  views: [],
});

const [stream, command, input] = ['account/us-west-2.ann', 'deposit', { amount: 5 }];
const transaction = (id: string) => ({ id, participants: [{ stream, command, input }] });

/** A world of that domain, and the unexpected errors that it logs. */
function aFaultyWorld() {
  const stacks: (string | undefined)[] = [];
  const log = {
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
    expect(stacks).toEqual([
      expect.stringMatching(/^TypeError: A bug of the domain\.\n +at .*unexpected-errors\.test\.ts/),
    ]);
  });

  it('is logged with its stack at every delivery of a command on the bus', async () => {
    const { put, settle, stacks } = aFaultyWorld();
    await put('us-west-2', 'meridian.command', { id: 'a', stream, command, input });
    await settle();
    expect(stacks.length).toBeGreaterThan(1);
    for (const stack of stacks)
      expect(stack).toMatch(/^TypeError: A bug of the domain\.\n +at .*unexpected-errors\.test\.ts/);
  });
});
