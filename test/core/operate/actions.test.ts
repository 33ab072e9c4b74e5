import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryQuarantine } from '../../../adapters/memory/quarantine.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { type OperatePorts, runAction } from '../../../core/operate/actions.ts';
import { operatorActions } from '../../../core/wire/operate.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';

function portsOfARegion(): OperatePorts {
  const runtime = fakeRuntime();
  return {
    domain: toyDomain,
    region: 'us-east-1',
    events: memoryEventStore(),
    decisions: memoryDecisions({ strong: true }),
    views: memoryViewStore(),
    bus: { put: async (entries) => entries.map(() => undefined) },
    quarantine: memoryQuarantine(runtime.now),
    ingest: { send: async (bodies) => bodies.map(() => undefined) },
    resolver: { send: async (messages) => messages.map(() => undefined) },
    runtime,
  };
}

describe('an operator action', () => {
  it('runs on the ports of a Region, with the defaults of its request', async () => {
    const ports = portsOfARegion();
    const messages = [{ reason: 'This is not JSON.', body: '{' }];
    expect(await runAction(ports, { action: 'quarantine-add', messages })).toEqual({ added: 1, failed: [] });
    expect(await runAction(ports, { action: 'quarantine-list' })).toMatchObject({ messages, complete: true });
  });

  it.each([
    ['that is not a request', 'quarantine-list', { code: 'validation' }],
    ['without an action', {}, { code: 'validation', details: { faults: [{ path: 'action' }] } }],
    [
      'for an unknown action, with the known ones',
      { action: 'constructor' },
      { code: 'not-found', details: { known: Object.keys(operatorActions) } },
    ],
    [
      'that the action cannot read',
      { action: 'quarantine-list', limit: 0 },
      { code: 'validation', details: { faults: [{ path: 'limit' }] } },
    ],
  ])('is refused for a request %s', async (_what, asked, error) => {
    await expect(runAction(portsOfARegion(), asked)).rejects.toMatchObject(error);
  });
});
