import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { operateAnswerSchema } from '../../../core/index.ts';
import type { OperatePorts } from '../../../core/operate/actions.ts';
import { makeHandler } from '../../../lambdas/operate/handler.ts';
import { aCommit } from '../../contract/commits.ts';
import { aPromise } from '../../contract/decisions.ts';
import { operatePorts } from '../../core/operate/operate-ports.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';

function anOperate(ports: Partial<OperatePorts> = {}) {
  const telemetry = recordedTelemetry();
  const runtime = fakeRuntime();
  const handler = makeHandler({ ...operatePorts(), telemetry, runtime, ...ports });
  return { operate: (asked: unknown) => handler(asked, context), lines: telemetry.lines, metrics: runtime.metrics };
}

const view = 'words';

describe('operate', () => {
  it('rebuilds a view, step by step', async () => {
    const events = memoryEventStore();
    const noted = { type: 'Noted', schemaVersion: 1, data: { text: 'red' } };
    await events.put(aCommit({ stream: 'note/n', context: {}, events: [noted] }));
    const { operate } = anOperate({ events });
    expect(await operate({ action: 'rebuild-begin', view, segments: 1 })).toMatchObject({
      result: { build: 2, done: false, active: { build: 1 } },
    });
    expect(await operate({ action: 'rebuild-step', view, build: 2, segment: 0 })).toMatchObject({
      result: { build: 2, done: true, active: { build: 2 } },
    });
    const status = await operate({ action: 'rebuild-status', view });
    expect(status).toMatchObject({ result: { done: true, retired: [{ codeVersion: 1, build: 1 }] } });
    expect(await operate({ action: 'rebuild-clean', view })).toEqual(status);
  });

  it('lists the quarantine, adds to it, and redrives it', async () => {
    const { operate } = anOperate();
    const messages = [{ reason: 'This is not JSON.', body: '{' }];
    expect(await operate({ action: 'quarantine-add', messages })).toEqual({ result: { added: 1, failed: [] } });
    expect(await operate({ action: 'quarantine-list' })).toMatchObject({
      result: { messages, about: 1, complete: true },
    });
    expect(await operate({ action: 'quarantine-redrive', filter: { reason: 'json' } })).toMatchObject({
      result: { examined: 1, redriven: [{ reason: 'This is not JSON.' }], failed: [], complete: true },
    });
    expect(await operate({ action: 'quarantine-list', limit: 0, filter: { color: 'red' } })).toMatchObject({
      problem: { code: 'validation', faults: [{ path: 'filter.color' }, { path: 'limit' }] },
    });
  });

  it('republishes events, and schedules the resolver for the transactions that are not decided', async () => {
    const events = memoryEventStore();
    await events.put(aCommit());
    const decisions = memoryDecisions({ strong: true });
    await decisions.put(aPromise());
    const { operate } = anOperate({ events, decisions });
    const request = { action: 'republish-step', since: '1970-01-01T00:00:00Z', segment: 0, segments: 1 };
    const cursor = 'transactions:';
    const result = { scanned: 1, published: 1, scheduled: 0, failed: 0, cursor };
    expect(await operate(request)).toEqual({ result });
    expect(await operate({ ...request, cursor })).toEqual({
      result: { scanned: 0, published: 0, scheduled: 1, failed: 0 },
    });
  });

  it.each([
    ['that is not a request', 'rebuild', { code: 'validation' }],
    ['without an action', { view }, { code: 'validation', faults: [{ path: 'action' }] }],
    ['for an unknown action', { action: 'constructor' }, { code: 'not-found' }],
    ['without a required member', { action: 'rebuild-begin' }, { code: 'validation', faults: [{ path: 'view' }] }],
    ['with an unknown member', { action: 'rebuild-status', view, all: 1 }, { faults: [{ path: 'all' }] }],
    ['for an unknown view', { action: 'rebuild-status', view: 'none' }, { code: 'unknown-view' }],
  ])('returns a problem document for a request %s, which is no failure of the function', async (_, asked, problem) => {
    const { operate, lines, metrics } = anOperate();
    const answer = await operate(asked);
    expect(answer).toMatchObject({ problem });
    expect(operateAnswerSchema.parse(JSON.parse(JSON.stringify(answer)))).toEqual(answer);
    expect(lines).toMatchObject([{ level: 'info', details: { outcome: expect.any(String) } }]);
    expect(metrics.get('OperateFailed')).toBeUndefined();
  });

  it('logs what was done in each action and how much, without ids, filters and messages', async () => {
    const { operate, lines } = anOperate();
    const body = '{"stream":"note/ann@example.com"}';
    await operate({ action: 'quarantine-add', messages: [{ reason: 'ann@example.com', body }] });
    await operate({ action: 'quarantine-redrive', filter: { stream: 'note/ann@example.com' }, dryRun: true });
    await operate({ action: 'quarantine-redrive', ids: ['ann@example.com'] });
    await operate({ action: 'ann@example.com' });
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(Array(4).fill('info Operator action'));
    expect(lines.map(({ details }) => details)).toMatchObject([
      { request: { action: 'quarantine-add' }, outcome: 'done', counts: { added: 1, failed: 0 } },
      { request: { action: 'quarantine-redrive', dryRun: true }, outcome: 'done', counts: { examined: 1, kept: 1 } },
      { request: { action: 'quarantine-redrive' }, outcome: 'done', counts: { redriven: 0 } },
      { request: undefined, outcome: 'not-found' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('ann');
  });

  it('logs how much it has compared, and no streams', async () => {
    const events = memoryEventStore();
    await events.put(aCommit({ stream: 'note/ann', context: {} }));
    const { operate, lines } = anOperate({ events });
    const until = '2100-01-01T00:00:00Z';
    await operate({ action: 'verify-scan', until });
    await operate({ action: 'verify-streams', until, streams: ['note/ann'] });
    expect(lines.map(({ details }) => details)).toMatchObject([
      { request: { action: 'verify-scan', until }, outcome: 'done', counts: { scanned: 1, streams: 1, findings: 0 } },
      { request: { action: 'verify-streams', until }, outcome: 'done', counts: { streams: 1, rest: 0 } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('note/ann');
  });

  it('reports the known actions', async () => {
    const { operate } = anOperate();
    expect(await operate({ action: 'x' })).toMatchObject({
      problem: { known: expect.arrayContaining(['rebuild-begin', 'rebuild-step', 'republish-step']) },
    });
  });

  it('returns an internal error as a problem without details, and logs it', async () => {
    const fault = new Error('secret');
    const { operate, lines, metrics } = anOperate({
      views: { ...memoryViewStore(), generations: () => Promise.reject(fault) },
    });
    const asked = { action: 'rebuild-status', view };
    const answer = await operate(asked);
    expect(answer).toMatchObject({ problem: { code: 'internal', status: 500, retryable: true } });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(lines).toEqual([
      { level: 'info', message: 'Operator action', details: { request: asked, outcome: 'internal' } },
      { level: 'error', message: 'Operation failed', details: { request: asked, error: fault } },
    ]);
    expect(metrics.get('OperateFailed')).toBe(1);
  });
});
