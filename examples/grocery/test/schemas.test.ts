import { fileURLToPath } from 'node:url';
import { defineDomain } from '@meridian-es/meridian';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { brokenPromises, driftOf } from '../../../schemas/contract.ts';
import { domain } from '../streams/index.ts';
import { wallet } from '../streams/wallet.ts';

const folder = fileURLToPath(new URL('../schemas', import.meta.url));

it('the committed schemas match the domain and keep every released promise, and changing an event in place breaks a promise', () => {
  expect(driftOf(domain, folder)).toEqual([]);
  expect(brokenPromises(domain, folder)).toEqual([]);
  const { PaidIn, ...events } = wallet.events;
  const schema = z.strictObject({ cents: z.string() });
  const changed = { ...wallet, events: { ...events, PaidIn: { ...PaidIn, schema } } };
  const streams = [...domain.streams.values()].map((stream) => (stream === wallet ? changed : stream));
  expect(brokenPromises(defineDomain({ streams, views: [...domain.views.values()] }), folder)).toEqual([
    expect.stringContaining('wallet.PaidIn'),
  ]);
});
