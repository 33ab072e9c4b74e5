import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Commit, type Domain, defineDomain, isVisible } from '../../core/index.ts';
import { toyDomain } from '../../testing/toy.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import type { WorldOptions } from '../../world/world.ts';
import { aWorld } from '../world/a-world.ts';
import { portsBesidePrevious, portsOfPrevious } from './mixed.ts';
import { type PreviousForms, previousForms, renamed } from './previous.ts';
import { asJson } from './samples.ts';

const REGIONS = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
/** Whether its functions run the previous version. */
const [EAST, PREVIOUS, WEST] = REGIONS;
const ANN = 'account/us-east-1.ann';
const [CID, EVE] = ['account/us-east-2.cid', 'account/us-east-2.eve'];
const DAN = 'account/us-west-2.dan';
const ACCOUNTS = [ANN, CID, EVE, DAN];
const STREAMS = [...ACCOUNTS, 'note/a', 'stock/0', 'stock/1', 'stock/2'];
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const REST_MS = 900_000;

/** Snapshots from the second event on. */
function withSnapshots(): Domain {
  const snapshots = { every: 2, codeVersion: 1, settle: 0 };
  const streams = [...toyDomain.streams.values()].map((stream) => ({ ...stream, snapshots }));
  const views = [...toyDomain.views.values()].map((view) => ({
    ...view,
    of: streams.find(({ type }) => type === view.of.type) ?? view.of,
  }));
  return defineDomain({ streams, views });
}

interface Transfer {
  readonly at: string;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
  /** The HTTP status. */
  readonly answered: number;
  /** Seconds to wait for the outcome. */
  readonly wait?: number;
}

const OUTCOMES = {
  'us-east-1:to-previous': 'committed',
  'us-east-2:from-previous': 'committed',
  'us-east-2:in-one-region': 'committed',
  'us-east-2:passed-on': 'committed',
  'us-west-2:passed-on': 'committed',
  'us-east-1:too-much': 'aborted',
  'us-east-2:too-much': 'aborted',
  'us-east-1:lost': 'aborted',
  'us-east-2:lost': 'aborted',
};
const TRANSACTIONS = Object.keys(OUTCOMES);
/** The numbers of the commands that every Region receives over its bus. */
const TAKES = [0, 1, 2];

const statusSchema = z.object({ result: z.object({ build: z.number(), done: z.boolean() }) });

/** A required member of every form, renamed. */
const renamedForms: PreviousForms = {
  'commit-item': renamed('request', 'fingerprint'),
  'decision-item': renamed('outcome', 'state'),
  'view-entry-item': renamed('writes', 'revision'),
  'generations-item': renamed('builds', 'generations'),
  snapshot: renamed('events', 'schemaVersions'),
  'bus-detail': renamed('of', 'stream'),
  'projection-message': renamed('commits', 'keys'),
  'resolver-message': renamed('attempt', 'attemptId'),
  'command-request': renamed('request', 'operation'),
  'command-answer': renamed('done', 'appended'),
  'participant-request': renamed('request', 'fingerprint'),
  'participant-answer': renamed('answer', 'kind'),
  'machine-input': renamed('end', 'deadline'),
};

type MixedWorld = ReturnType<typeof aMixedWorld>;

/** Three Regions, one of which uses the previous forms, and the failures of their functions. */
function aMixedWorld(forms: PreviousForms, options: Pick<WorldOptions, 'decisions' | 'telemetry'>) {
  const made = aWorld({
    ...{ regions: REGIONS, domain: withSnapshots(), ...options },
    withFaults: (region, ports) =>
      region === PREVIOUS ? portsOfPrevious(forms, ports) : portsBesidePrevious(forms, PREVIOUS, ports),
  });
  const { world, scheduler, send } = made;
  const troubles: string[] = [];
  /** A request that should return this status. */
  const ask = async (
    region: string,
    method: string,
    path: string,
    expected: number,
    of: Parameters<typeof send>[3] = {},
  ) => {
    const { status, body } = await scheduler.resolve(send(region, method, path, of));
    if (status !== expected) troubles.push(`${method} ${path} in ${region}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  return {
    ...made,
    troubles,
    ask,
    rest: async () => {
      try {
        await scheduler.runUntil(() => world.recovered, REST_MS);
      } catch (error) {
        troubles.push(String(error));
      }
    },
    operate: async (region: string, request: object) =>
      statusSchema.safeParse(await scheduler.resolve(world.region(region).invokeOperate(request))).data?.result,
    transfer: ({ at: region, id, from, to, amount, answered, wait = 20 }: Transfer) =>
      ask(region, 'POST', '/transactions', answered, {
        headers: { prefer: `wait=${wait}`, ...trace },
        body: {
          id,
          participants: [
            { stream: from, command: 'withdraw', input: { amount } },
            { stream: to, command: 'deposit', input: { amount } },
          ],
          timeoutSeconds: 10,
        },
      }),
  };
}

/** Appends, commands, transactions and rebuilds, in every direction. */
async function doSomeOfEverything({ world, ask, put, transfer, rest, operate, troubles }: MixedWorld): Promise<void> {
  // Each request is passed on to the home of its account.
  for (const [region, account] of [
    [PREVIOUS, ANN],
    [EAST, CID],
    [WEST, EVE],
    [PREVIOUS, DAN],
  ] as const)
    await ask(region, 'POST', `/streams/${account}/commands/deposit`, 200, {
      headers: { 'idempotency-key': `open-${account}`, ...trace },
      body: { amount: 100 },
    });
  for (const i of TAKES)
    for (const region of REGIONS) {
      const id = `${region}-${i}`;
      const text = ['red', 'blue'][i % 2];
      await ask(region, 'POST', '/streams/note/a/commands/note', 200, {
        headers: { 'idempotency-key': id },
        body: { text },
      });
      await put(region, 'meridian.command', { id: `take-${id}`, stream: `stock/${i}`, command: 'take', input: id });
    }
  await transfer({ at: EAST, id: 'us-east-1:to-previous', from: ANN, to: CID, amount: 10, answered: 200 });
  await transfer({ at: PREVIOUS, id: 'us-east-2:from-previous', from: CID, to: DAN, amount: 20, answered: 200 });
  await transfer({ at: PREVIOUS, id: 'us-east-2:in-one-region', from: CID, to: EVE, amount: 5, answered: 200 });
  await transfer({ at: EAST, id: 'us-east-2:passed-on', from: EVE, to: ANN, amount: 5, answered: 200 });
  await transfer({ at: PREVIOUS, id: 'us-west-2:passed-on', from: DAN, to: CID, amount: 5, answered: 200 });
  await transfer({ at: EAST, id: 'us-east-1:too-much', from: ANN, to: CID, amount: 1000, answered: 409 });
  await transfer({ at: PREVIOUS, id: 'us-east-2:too-much', from: CID, to: DAN, amount: 1000, answered: 409 });
  // Recovery has to end these transactions: their state machines die before they decide.
  for (const region of [EAST, PREVIOUS])
    world.region(region).machine.beforeStep = ({ name, transaction, kill }) => {
      if (name === 'Decide' && transaction.endsWith(':lost')) kill();
    };
  await transfer({ at: EAST, id: 'us-east-1:lost', from: ANN, to: CID, amount: 10, answered: 202, wait: 2 });
  await transfer({ at: PREVIOUS, id: 'us-east-2:lost', from: CID, to: DAN, amount: 10, answered: 202, wait: 2 });
  await rest();
  for (const region of [EAST, PREVIOUS]) {
    const begun = await operate(region, { action: 'rebuild-begin', view: 'words', segments: 1 });
    const done = await operate(region, { action: 'rebuild-step', view: 'words', build: begun?.build ?? 0, segment: 0 });
    if (!done?.done) troubles.push(`the rebuild in ${region} is not done`);
  }
  await rest();
}

/** The differences between the Regions, and messages that got stuck. */
async function lookAround({ world, ask, heard, troubles }: MixedWorld): Promise<void> {
  const seen = await Promise.all(
    REGIONS.map(async (name) => {
      const region = world.region(name);
      const commits = new Map<string, readonly Commit[]>();
      for (const stream of STREAMS) commits.set(stream, await region.load(stream));
      const all = [...commits.values()].flat();
      if (all.some(({ tx }) => tx?.state === 'prepared')) troubles.push(`an intent in ${name} is not final`);
      for (const one of all.filter(isVisible))
        if (one.events.length > 0 && !heard(name).has(`${one.stream}@${one.log}.${one.position}.0`))
          troubles.push(`${name} has not heard of ${one.commitId}`);
      for (const told of [...TAKES.map((i) => `Accepted take-${name}-${i}`), ...TRANSACTIONS.map((id) => `tx/${id}`)])
        if (!heard(name).has(told)) troubles.push(`${name} has not heard ${told}`);
      const { metrics } = region.counts;
      troubles.push(
        ...[...region.tableStream.failures, ...region.decisionStream.failures].map(() => `a record in ${name} is lost`),
        ...[region.quarantine, region.projectionDeadLetters, region.resolverDeadLetters]
          .flatMap(({ bodies }) => bodies)
          .map((body) => `dead letter in ${name}: ${body}`),
        ...(metrics.has('SnapshotFailed') ? [`snapshots failed in ${name}`] : []),
      );
      return asJson([...commits]);
    }),
  );
  if (seen.some((commits) => !isDeepStrictEqual(commits, seen[0]))) troubles.push('the tables differ');
  for (const path of [
    ...STREAMS.map((stream) => `/streams/${stream}`),
    ...['notes', 'words', 'taken', 'money'].map((view) => `/views/${view}`),
    ...TRANSACTIONS.map((id) => `/transactions/${id}`),
  ]) {
    const answers: unknown[] = [];
    for (const region of REGIONS) answers.push(withoutRegion(await ask(region, 'GET', path, 200)));
    if (answers.some((answer) => !isDeepStrictEqual(answer, answers[0])))
      troubles.push(`${path} differs: ${JSON.stringify(answers)}`);
  }
}

/**
 * A Region's response without the name of the Region and, for an abort, without the participant that caused it, which
 * the previous version did not store.
 */
function withoutRegion(answer: unknown): unknown {
  const { region: _region, participant: _participant, ...all } = z.looseObject({}).parse(answer);
  return all;
}

async function mixed(forms: PreviousForms, options: Pick<WorldOptions, 'decisions' | 'telemetry'> = {}) {
  const world = aMixedWorld(forms, options);
  await doSomeOfEverything(world);
  await lookAround(world);
  return world;
}

describe('a world in which one Region is on the previous forms', () => {
  it.each(['strong', 'eventual'] as const)(
    'loses nothing, and its Regions agree, with %s decisions',
    async (decisions) => {
      const { troubles, get, world, rows } = await mixed(previousForms, { decisions });
      expect(troubles).toEqual([]);

      const balances = await Promise.all(ACCOUNTS.map((account) => world.region(WEST).load(account)));
      expect(balances.map(balanceOf)).toEqual([95, 90, 100, 115]);
      expect(await rows(PREVIOUS, 'words')).toEqual({ red: 6, blue: 3 });
      for (const [id, state] of Object.entries(OUTCOMES))
        expect(await get(EAST, `/transactions/${id}`)).toMatchObject({ id, state });
      for (const name of REGIONS) expect(world.region(name).counts.written).toBeGreaterThan(0);
    },
  );

  it('uses the previous forms for the items that this Region writes, and only for those', async () => {
    const { world } = await mixed(previousForms);
    const [ann, cid] = await Promise.all([ANN, CID].map((account) => world.region(EAST).load(account)));
    const hasTrace = ({ meta }: Commit) => meta.traceparent !== undefined;
    expect([ann?.some(hasTrace), cid?.some(hasTrace)]).toEqual([true, false]);
  });

  it.each(Object.entries(renamedForms))('detects a renamed member: %s', async (name, form) => {
    const { troubles } = await mixed({ ...previousForms, [name]: form }, { telemetry: silentTelemetry });
    expect(troubles).not.toEqual([]);
  });
});

function balanceOf(commits: readonly Commit[]): number {
  return commits
    .filter(isVisible)
    .flatMap(({ events }) => events)
    .map(({ type, data }) => (type === 'Deposited' ? 1 : -1) * z.object({ amount: z.number() }).parse(data).amount)
    .reduce((sum, amount) => sum + amount, 0);
}
