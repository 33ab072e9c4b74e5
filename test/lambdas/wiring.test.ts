import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { toImage } from '../../adapters/dynamodb/commit-item.ts';
import { decisionKey, toDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { healthSchema } from '../../core/wire/api.ts';
import { entriesOf } from '../../core/wire/bus-event.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { aCommit, anIntent } from '../contract/commits.ts';
import { aDecision } from '../contract/decisions.ts';
import { aDeployment, elsewhere } from './a-deployment.ts';
import { context, sqsEvent } from './invocation.ts';

const noted = { type: 'Noted', data: { text: 'red' } };
const note = 'note/a';
/** At home here. */
const own = ['bob', 'cleo'].map((name) => `account/us-east-1.${name}`);
function depositing(stream: string) {
  return { stream, command: 'deposit', input: { amount: 1 } };
}

describe('a deployed function', () => {
  const deployment = aDeployment();
  const sent = deployment.sent;

  const anApi = async () => {
    const { handler } = await import('../../lambdas/api/index.ts');
    return async (method: string, path: string, body?: unknown) => {
      const headers = { prefer: 'wait=0' };
      const event = functionUrlEvent({
        method,
        path,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return (await handler(event, context)).statusCode;
    };
  };

  it('api: reads the newest stamps of the Regions from the views table', async () => {
    const call = await anApi();
    expect(await call('GET', '/health')).toBe(200);
    expect(sent()).toEqual(new Set(['Query views']));
  });

  it('api: reports the version of Meridian that it was deployed with, and none while its stack is updated from an older one', async () => {
    for (const version of ['1.2.3', undefined]) {
      vi.stubEnv('MERIDIAN_VERSION', version);
      vi.resetModules();
      const { handler } = await import('../../lambdas/api/index.ts');
      const { body } = await handler(functionUrlEvent({ method: 'GET', path: '/health' }), context);
      expect(healthSchema.parse(JSON.parse(body)).version).toBe(version);
    }
  });

  it('api: reads rows from the views table', async () => {
    const call = await anApi();
    expect(await call('GET', '/views/words/red')).toBe(404);
    expect(sent()).toEqual(new Set(['BatchGetItem views']));
  });

  it('api: appends to the events table, and elsewhere through the function of the home', async () => {
    const call = await anApi();
    expect(await call('POST', '/events', { stream: note, events: [noted] })).toBe(200);
    expect(sent()).toEqual(new Set(['Query events', 'PutItem events']));
    expect(await call('POST', `/streams/${elsewhere}/commands/deposit`, { amount: 1 })).toBe(200);
    expect(sent()).toContain('Invoke /2015-03-31/functions/command/invocations');
  });

  it('api: writes a transaction of this Region at once, with its outcome', async () => {
    const call = await anApi();
    expect(await call('POST', '/transactions', { participants: own.map(depositing) })).toBe(200);
    expect(sent()).toEqual(new Set(['Query snapshots', 'Query events', 'TransactWriteItems events']));
  });

  it('api: has the state machine drive a multi-Region transaction, and reads its decisions', async () => {
    const call = await anApi();
    const body = { id: 'us-east-1:a', participants: [elsewhere, ...own].map(depositing) };
    expect(await call('POST', '/transactions', body)).toBe(202);
    expect(sent()).toEqual(
      new Set(['GetItem events', 'Query transactions', 'StartExecution machine', 'PutItem transactions']),
    );
  });

  it('api: queries the function of the driving Region for an outcome', async () => {
    const call = await anApi();
    expect(await call('GET', '/transactions/us-west-2:a')).toBe(200);
    expect(sent()).toEqual(new Set(['Invoke /2015-03-31/functions/command/invocations']));
  });

  it('api: queries the decision on an intent that it reads, in its table and through the function of another Region', async () => {
    vi.stubEnv('DECISIONS', 'eventual');
    const call = await anApi();
    deployment.store([toImage(anIntent({ stream: note, position: 1, context: {}, commitId: 'us-west-2:a#1' }))]);
    expect(await call('GET', `/streams/${note}`)).toBe(200);
    expect(sent()).toEqual(
      new Set(['Query events', 'GetItem transactions', 'Invoke /2015-03-31/functions/participant/invocations']),
    );
  });

  it('api: queries no other Region if every Region sees the decisions', async () => {
    const call = await anApi();
    deployment.store([toImage(anIntent({ stream: note, position: 1, context: {}, commitId: 'us-west-2:a#1' }))]);
    expect(await call('GET', `/streams/${note}`)).toBe(200);
    expect(sent()).toEqual(new Set(['Query events', 'GetItem transactions']));
  });

  it('command: appends to the events table', async () => {
    const { handler } = await import('../../lambdas/command/index.ts');
    const operation = { kind: 'events', events: [noted] };
    expect(await handler({ stream: note, commitId: 'c', operation, meta: {} }, context)).toMatchObject({
      appended: { dot: { log: 'us-east-1-b', position: 1 } },
    });
    expect(sent()).toEqual(new Set(['Query events', 'PutItem events']));
  });

  it('command: drives transactions that other Regions pass on', async () => {
    const { handler } = await import('../../lambdas/command/index.ts');
    const operation = { kind: 'command', command: 'deposit', input: { amount: 1 } };
    const transaction = { id: 'us-east-1:a', fingerprint: 'digest', timeout: 30_000, meta: {} };
    const here = { ...transaction, participants: own.map((stream) => ({ stream, operation })) };
    expect(await handler({ transact: here, wait: 0 }, context)).toMatchObject({ outcome: { state: 'committed' } });
    expect(sent()).toEqual(
      new Set(['Query transactions', 'Query snapshots', 'Query events', 'TransactWriteItems events']),
    );
    const across = { ...transaction, participants: [elsewhere, ...own].map((stream) => ({ stream, operation })) };
    expect(await handler({ transact: across, wait: 0 }, context)).toMatchObject({ outcome: { state: 'undecided' } });
    expect(sent()).toContain('StartExecution machine');
    expect(sent()).toContain('PutItem transactions');
  });

  it('participant: puts and finalises an intent at home, and elsewhere through the function of the home', async () => {
    const { handler } = await import('../../lambdas/participant/index.ts');
    const [stream = ''] = own;
    const prepare = {
      step: 'prepare',
      transaction: 'us-east-1:a',
      attempt: 1,
      fingerprint: 'digest',
      meta: {},
      participant: { stream, operation: { kind: 'command', command: 'deposit', input: { amount: 1 } } },
      remaining: 30_000,
    };
    expect(await handler(prepare, context)).toMatchObject({ kind: 'prepared', log: 'us-east-1-b', position: 1 });
    expect(sent()).toEqual(new Set(['Query snapshots', 'Query events', 'PutItem events']));
    const intent = { stream, log: 'us-east-1-b', position: 1, commitId: 'us-east-1:a#1', state: 'committed' };
    expect(await handler({ step: 'finalise', intent }, context)).toEqual({ kind: 'finalised' });
    expect(sent()).toContain(`UpdateItem events ${stream}`);
    const foreign = { step: 'finalise', intent: { ...intent, stream: elsewhere } };
    expect(await handler(foreign, context)).toEqual({ kind: 'finalised' });
    expect(sent()).toContain('Invoke /2015-03-31/functions/participant/invocations');
  });

  it('participant: returns and makes decisions in the transactions table', async () => {
    const { handler } = await import('../../lambdas/participant/index.ts');
    const decision = { step: 'decision', attemptId: 'us-east-1:a#1', abort: { fingerprint: 'digest' } };
    expect(await handler(decision, context)).toMatchObject({ decision: { state: 'aborted' } });
    expect(sent()).toEqual(new Set(['PutItem transactions']));
  });

  it('turn: waits in the home of a stream, and elsewhere through the function of the home', async () => {
    const { handler } = await import('../../lambdas/turn/index.ts');
    const [stream = ''] = own;
    const turn = { step: 'turn', transaction: 'us-east-1:a', attempt: 1, stream, remaining: 30_000, began: 0 };
    expect(await handler(turn, context)).toEqual({ kind: 'turn' });
    expect(sent()).toEqual(new Set(['Query snapshots', 'Query events']));
    expect(await handler({ ...turn, stream: elsewhere }, context)).toEqual({ kind: 'turn' });
    expect(sent()).toContain('Invoke /2015-03-31/functions/turn/invocations');
  });

  it('turn: queries the decision on the intent that holds a stream through the function participant of another Region', async () => {
    vi.stubEnv('DECISIONS', 'eventual');
    const { handler } = await import('../../lambdas/turn/index.ts');
    const [stream = ''] = own;
    deployment.store([
      toImage(anIntent({ stream, log: 'us-east-1-b', position: 1, context: {}, commitId: 'us-west-2:b#1' })),
    ]);
    await handler(
      { step: 'turn', transaction: 'us-east-1:a', attempt: 1, stream, remaining: 1_100, began: 0 },
      context,
    );
    expect(sent()).toContain('Invoke /2015-03-31/functions/participant/invocations');
  });

  it('coordinate: looks for an outcome in both tables, and decides in the one for transactions', async () => {
    const { handler } = await import('../../lambdas/coordinate/index.ts');
    const deadline = Date.now() + 30_000;
    const plan = { step: 'plan', transaction: 'us-east-1:a', fingerprint: 'digest', deadline };
    expect(await handler(plan, context)).toEqual({ kind: 'prepare', attempt: 1 });
    expect(sent()).toEqual(new Set(['Query transactions', 'GetItem events']));
    const answers = [{ kind: 'unreachable', stream: elsewhere }];
    const decide = { step: 'decide', transaction: 'us-east-1:a', attempt: 1, fingerprint: 'digest', deadline, answers };
    expect(await handler(decide, context)).toMatchObject({ state: 'aborted', final: true });
    expect(sent()).toContain('PutItem transactions');
  });

  it('resolver: decides in the transactions table, and finalises in the events table', async () => {
    const { handler } = await import('../../lambdas/resolver/index.ts');
    const [stream = ''] = own;
    const commitId = 'us-east-1:a#1';
    const intent = anIntent({
      stream,
      log: 'us-east-1-b',
      position: 1,
      commitId,
      tx: { state: 'prepared', deadline: 0 },
    });
    deployment.store([toImage(intent)]);
    const message = { kind: 'intent', stream, log: 'us-east-1-b', position: 1, attemptId: commitId };
    expect(await handler(sqsEvent([JSON.stringify(message)]), context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(
      new Set(['GetItem events', 'GetItem transactions', 'PutItem transactions', `UpdateItem events ${stream}`]),
    );
  });

  it('resolver: calls the function of the only Region that may decide a transaction', async () => {
    vi.stubEnv('DECISIONS', 'eventual');
    const { handler } = await import('../../lambdas/resolver/index.ts');
    const [stream = ''] = own;
    const commitId = 'us-west-2:a#1';
    deployment.store([toImage(anIntent({ stream, log: 'us-east-1-b', position: 1, commitId }))]);
    const message = { kind: 'intent', stream, log: 'us-east-1-b', position: 1, attemptId: commitId };
    await handler(sqsEvent([JSON.stringify(message)]), context);
    expect(sent()).toEqual(
      new Set(['GetItem events', 'GetItem transactions', 'Invoke /2015-03-31/functions/participant/invocations']),
    );
  });

  it('command: continues from snapshots, for a stream type that has them', async () => {
    const { handler } = await import('../../lambdas/command/index.ts');
    const operation = { kind: 'command', command: 'deposit', input: { amount: 1 } };
    const stream = 'account/us-east-1.bob';
    expect(await handler({ stream, commitId: 'c', operation, meta: {} }, context)).toHaveProperty('appended');
    expect(sent()).toEqual(new Set(['Query snapshots', 'Query events', 'PutItem events']));
  });

  it('ingest: appends to the events table, publishes the receipt, and quarantines unreadable messages', async () => {
    const { handler } = await import('../../lambdas/ingest/index.ts');
    const body = (detail: unknown) =>
      JSON.stringify({ version: '0', id: 'e', 'detail-type': 'meridian.append', source: 'desk', detail });
    const event = sqsEvent([body({ id: 'c', stream: note, events: [noted] }), 'not JSON']);
    expect(await handler(event, context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(
      new Set(['Query events', 'PutItem events', 'PutEvents bus Accepted', 'SendMessageBatch quarantine']),
    );
  });

  it('ingest: runs transactions', async () => {
    const { handler } = await import('../../lambdas/ingest/index.ts');
    const detail = { id: 'us-east-1:a', participants: own.map(depositing) };
    const event = JSON.stringify({ 'detail-type': 'meridian.transact', source: 'desk', detail });
    expect(await handler(sqsEvent([event]), context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(
      new Set(['Query transactions', 'Query snapshots', 'Query events', 'TransactWriteItems events']),
    );
  });

  it('relay: has the resolver check an intent, and announces a decision on the bus', async () => {
    const { handler } = await import('../../lambdas/relay/index.ts');
    const { transaction } = aDecision();
    const images = [toImage(anIntent({ stream: note })), toDecisionItem(decisionKey(transaction, 1), aDecision())];
    const Records = images.map((image, i) => {
      // The types of the SDK and of Lambda's events differ.
      const NewImage: ReturnType<typeof toImage> = JSON.parse(JSON.stringify(image));
      return { eventName: 'INSERT' as const, dynamodb: { NewImage, SequenceNumber: `${i}` } };
    });
    expect(await handler({ Records }, context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(new Set(['SendMessageBatch resolver', 'PutEvents bus TransactionCommitted']));
  });

  it('relay: publishes on the bus, notifies projection, and records the newest stamps in its own partition of the views', async () => {
    const { handler } = await import('../../lambdas/relay/index.ts');
    const commit = aCommit({ stream: note });
    const dynamodb = { NewImage: toImage(commit), SequenceNumber: '1' };
    expect(await handler({ Records: [{ eventName: 'INSERT', dynamodb }] }, context)).toEqual({ batchItemFailures: [] });
    // The role of the function may only write to that partition: lib/constructs/views-table.ts.
    expect(sent()).toEqual(
      new Set([
        ...['PutEvents bus Noted', 'SendMessageBatch projection', 'UpdateItem views meridian#seen'],
        ...['BatchGetItem events', 'BatchGetItem conflicts'],
      ]),
    );
  });

  it('projection: folds the events table into the views table', async () => {
    const { handler } = await import('../../lambdas/projection/index.ts');
    const keys = [{ stream: note, log: 'us-east-1', position: 1 }];
    await handler(sqsEvent([JSON.stringify({ keys })]), context);
    // The entries, and the generations of the view, stored the first time.
    expect(sent()).toEqual(new Set(['Query events', 'BatchGetItem views', 'PutItem views']));
  });

  it('projection: queries the decision on an intent in this Region only', async () => {
    vi.stubEnv('DECISIONS', 'eventual');
    const { handler } = await import('../../lambdas/projection/index.ts');
    const intent = anIntent({ stream: note, position: 1, context: {}, commitId: 'us-west-2:a#1' });
    deployment.store([toImage(intent)]);
    await handler(sqsEvent([JSON.stringify({ keys: [{ stream: note, log: intent.log, position: 1 }] })]), context);
    expect(sent()).toContain('GetItem transactions');
    expect([...sent()].filter((call) => call.startsWith('Invoke'))).toEqual([]);
  });

  it('operate: has the resolver check the intents that it finds', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    deployment.store([toImage(anIntent({ stream: note, hlc: '01a20b036d030000' }))]);
    const since = '2001-01-01T00:00:00Z';
    const asked = { action: 'republish-step', since, segment: 0, segments: 1 };
    expect(await handler(asked, context)).toMatchObject({ result: { scanned: 1, published: 0 } });
    expect(sent()).toEqual(new Set(['Scan events', 'Query conflicts', 'SendMessageBatch resolver']));
  });

  it('operate: scans the tables of events and transactions, rebuilds in the views table, and deletes retired rows', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    const view = 'words';
    expect(await handler({ action: 'rebuild-begin', view }, context)).toMatchObject({ result: { view, build: 2 } });
    expect(sent()).toEqual(new Set(['BatchGetItem views', 'PutItem views']));
    const since = '2001-01-01T00:00:00Z';
    const asked = { action: 'republish-step', since, segment: 0, segments: 1 };
    const counts = { scanned: 0, published: 0, scheduled: 0, failed: 0 };
    const cursor = 'transactions:';
    expect(await handler(asked, context)).toEqual({ result: { ...counts, cursor } });
    expect(sent()).toContain('Scan events');
    expect(await handler({ ...asked, cursor }, context)).toEqual({ result: counts });
    expect(sent()).toContain('Scan transactions');
  });

  it('operate: moves the home of a stream, here or through the function participant of the Region that writes it', async () => {
    vi.stubEnv('PLACEMENT_TABLE', 'placement');
    const { handler } = await import('../../lambdas/operate/index.ts');
    const [stream = ''] = own;
    const asked = { action: 'move-stream', stream, to: 'us-west-2' };
    expect(await handler(asked, context)).toMatchObject({ result: { moved: true, pin: { log: 'us-east-1-b' } } });
    expect(sent()).toEqual(new Set(['Query placement', 'Query events', 'PutItem events']));
    await handler({ ...asked, stream: elsewhere }, context);
    expect(sent()).toContain('Invoke /2015-03-31/functions/participant/invocations');
  });

  it('operate: compares what the tables hold, and puts a commit that is missing', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    const until = '2100-01-01T00:00:00Z';
    const { digest: _anyText, ...commit } = aCommit({ stream: note, context: {} });
    deployment.store([toImage(commit)]);
    expect(await handler({ action: 'verify-streams', until, streams: [note] }, context)).toMatchObject({
      result: { streams: [{ stream: note, commits: 1 }] },
    });
    expect(sent()).toEqual(new Set(['Query events', 'BatchGetItem views']));
    await handler({ action: 'verify-scan', until }, context);
    await handler({ action: 'verify-decisions', until, transactions: ['us-east-1:order-17'] }, context);
    await handler({ action: 'verify-view', view: 'words', part: 'entries' }, context);
    const asked = { stream: note, log: commit.log };
    expect(await handler({ action: 'verify-item', ...asked, position: 1 }, context)).toEqual({ result: { commit } });
    expect(sent()).toEqual(
      new Set([
        ...['Query events', 'Scan events', 'GetItem events', 'Query transactions'],
        ...['BatchGetItem views', 'Query views'],
      ]),
    );
    const commits = await handler({ action: 'verify-commits', until, ...asked }, context);
    const { digest } = z
      .object({ result: z.object({ commits: z.tuple([z.object({ digest: z.string() })]) }) })
      .parse(commits).result.commits[0];
    expect(await handler({ action: 'repair-item', commit, digest }, context)).toEqual({ result: { put: true } });
    expect(sent()).toContain('PutItem events');
  });

  it('operate: reads the quarantine, adds to it, and redrives its messages to the ingest queue', async () => {
    const { handler } = await import('../../lambdas/operate/index.ts');
    const messages = [{ reason: 'unreadable', body: '{' }];
    expect(await handler({ action: 'quarantine-add', messages }, context)).toEqual({
      result: { added: 1, failed: [] },
    });
    expect(await handler({ action: 'quarantine-list' }, context)).toMatchObject({
      result: { messages: [{ id: 'm' }] },
    });
    expect(await handler({ action: 'quarantine-redrive', ids: ['m'] }, context)).toMatchObject({
      result: { redriven: [{ id: 'm' }] },
    });
    expect(sent()).toEqual(
      new Set([
        'SendMessageBatch quarantine',
        'GetQueueAttributes quarantine',
        'ReceiveMessage quarantine',
        'ChangeMessageVisibilityBatch quarantine',
        'SendMessageBatch ingest',
        'DeleteMessageBatch quarantine',
      ]),
    );
  });

  it('a subscriber: reads its progress and writes it with its sums, in its own table', async () => {
    const { subscriber } = await import('../../lambdas/index.ts');
    const handler = subscriber({ handle: () => [{ key: 'notes', sums: { Noted: 1 } }] });
    const bodies = entriesOf(aCommit({ stream: note, events: [{ ...noted, schemaVersion: 1 }] })).map(
      ({ detailType, detail }) => JSON.stringify({ 'detail-type': detailType, detail: JSON.parse(detail) }),
    );
    expect(await handler(sqsEvent(bodies), context)).toEqual({ batchItemFailures: [] });
    expect(sent()).toEqual(new Set(['GetItem subscriber', 'TransactWriteItems subscriber', 'Query subscriber']));
  });

  it.each([
    ['us-east-1', ['Query placement', 'Query subscriber', 'TransactWriteItems subscriber']],
    ['us-west-2', ['Query placement', 'Query subscriber', 'SendMessageBatch own']],
  ])(
    'a subscriber that is named to %s looks where homes are written, and handles or keeps the message',
    async (home, calls) => {
      vi.stubEnv('SUBSCRIBER_HOME', home);
      vi.stubEnv('PLACEMENT_TABLE', 'placement');
      vi.stubEnv('SUBSCRIBER_QUEUE_URL', `${process.env.AWS_ENDPOINT_URL}/1/own`);
      const { subscriber } = await import('../../lambdas/index.ts');
      const handler = subscriber({ handle: () => [{ key: 'notes', sums: { Noted: 1 } }] });
      const [entry] = entriesOf(aCommit({ stream: note, events: [{ ...noted, schemaVersion: 1 }] }));
      const body = JSON.stringify({ 'detail-type': entry?.detailType, detail: JSON.parse(entry?.detail ?? '') });
      expect(await handler(sqsEvent([body]), context)).toEqual({ batchItemFailures: [] });
      expect(sent()).toEqual(new Set(calls));
    },
  );

  it('a subscriber without a table sends no request', async () => {
    vi.stubEnv('SUBSCRIBER_TABLE', undefined);
    const { subscriber } = await import('../../lambdas/index.ts');
    const handled: string[] = [];
    const handler = subscriber({ handle: ({ id }) => void handled.push(id) });
    const [entry] = entriesOf(aCommit({ stream: note }));
    const body = JSON.stringify({ 'detail-type': entry?.detailType, detail: JSON.parse(entry?.detail ?? '') });
    expect(await handler(sqsEvent([body, body]), context)).toEqual({ batchItemFailures: [] });
    expect(handled).toHaveLength(2);
    expect(sent()).toEqual(new Set());
  });
});
