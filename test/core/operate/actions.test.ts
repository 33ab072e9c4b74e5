import { describe, expect, it } from 'vitest';
import { runAction } from '../../../core/operate/actions.ts';
import { operatorActions } from '../../../core/wire/operate.ts';
import { operatePorts } from './operate-ports.ts';

describe('an operator action', () => {
  it('runs on the ports of a Region, with the defaults of its request', async () => {
    const ports = operatePorts();
    const messages = [{ reason: 'This is not JSON.', body: '{' }];
    expect(await runAction(ports, { action: 'quarantine-add', messages })).toEqual({ added: 1, failed: [] });
    expect(await runAction(ports, { action: 'quarantine-list' })).toMatchObject({ messages, complete: true });
    expect(await runAction(ports, { action: 'conflicts-count' })).toEqual({ open: 0, more: false });
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
    await expect(runAction(operatePorts(), asked)).rejects.toMatchObject(error);
  });
});
