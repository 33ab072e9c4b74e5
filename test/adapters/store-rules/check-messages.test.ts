import { describe, expect, it } from 'vitest';
import { memoryQuarantine } from '../../../adapters/memory/quarantine.ts';
import { checkMessages } from '../../../adapters/store-rules/check-messages.ts';
import type { HeldMessage } from '../../../core/index.ts';
import { SQS_BATCH_BYTES } from '../../../core/limits/aws.ts';

const tenth = 'x'.repeat(Math.floor(SQS_BATCH_BYTES / 10));

describe('a batch of messages', () => {
  it('has one to ten messages', () => {
    expect(() => checkMessages([])).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => checkMessages(Array.from({ length: 10 }, () => ''))).not.toThrow();
    expect(() => checkMessages(Array.from({ length: 11 }, () => ''))).toThrow(
      expect.objectContaining({ code: 'internal', retryable: false }),
    );
  });

  it('has at most one MiB, alone or together, in UTF-8', () => {
    expect(() => checkMessages(Array.from({ length: 10 }, () => tenth))).not.toThrow();
    expect(() => checkMessages([`${'é'.repeat(SQS_BATCH_BYTES / 2)}`])).not.toThrow();
    for (const bodies of [
      [...Array.from({ length: 9 }, () => tenth), `${tenth}1234567`],
      [`${'é'.repeat(SQS_BATCH_BYTES / 2)}!`],
    ])
      expect(() => checkMessages(bodies)).toThrow(expect.objectContaining({ code: 'too-large', retryable: false }));
  });

  it('is not larger in the in-memory quarantine', async () => {
    const quarantine = memoryQuarantine(() => 0);
    const held = Array.from(
      { length: 11 },
      (_, i): HeldMessage => ({ id: `${i}`, receipt: '', body: '', sentAt: 0, receives: 1 }),
    );
    await expect(quarantine.send(held.map(({ body }) => body))).rejects.toMatchObject({ code: 'internal' });
    await expect(quarantine.send(['x'.repeat(SQS_BATCH_BYTES + 1)])).rejects.toMatchObject({ code: 'too-large' });
    await expect(quarantine.release(held)).rejects.toMatchObject({ code: 'internal' });
    await expect(quarantine.remove(held)).rejects.toMatchObject({ code: 'internal' });
  });
});
