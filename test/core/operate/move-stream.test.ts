import { describe, expect, it } from 'vitest';
import { runAction } from '../../../core/operate/actions.ts';
import { aLinkedWorld, STREAM } from '../write/moves.ts';
import { operatePorts } from './operate-ports.ts';

describe('the action move-stream', () => {
  const asked = { action: 'move-stream', stream: STREAM, to: 'us' };

  it('moves the home of a stream, from any Region', async () => {
    const { us, eu } = aLinkedWorld();
    expect(await runAction({ ...operatePorts(), writing: us }, asked)).toMatchObject({ moved: true, writtenIn: 'eu' });
    expect(await runAction({ ...operatePorts(), writing: eu }, asked)).toMatchObject({ moved: false, home: 'us' });
    const { to: _to, ...home } = asked;
    expect(await runAction({ ...operatePorts(), writing: eu }, home)).toMatchObject({ moved: true, home: 'eu' });
  });

  it('is not there before it is deployed', async () => {
    await expect(runAction(operatePorts(), asked)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  it.each([{ stream: 'odd' }, { stream: STREAM, from: 'eu' }])('refuses %j', async (odd) => {
    await expect(runAction(operatePorts(), { action: 'move-stream', ...odd })).rejects.toMatchObject({
      code: 'validation',
    });
  });
});
