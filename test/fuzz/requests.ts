import { encodeVersionToken } from '../../core/wire/version-token.ts';
import type { functionUrlEvent } from '../../world/network/function-url-event.ts';
import type { Odd } from './odd.ts';

export const REGIONS = ['us-east-1', 'us-west-2'] as const;

/** Stands for any JSON value. */
const ANY = '@any';
const keptSample = { type: 'Kept', data: ANY };
const eventSample = { type: 'Kept', schemaVersion: 1, data: { text: 'red', list: [1, { deep: null }] } };
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const metaSample = { correlation: 'trip-7', causation: 'scan-1', actor: 'ann', traceparent: TRACE };
export const appendSample = { id: 'append-1', stream: 'note/1', events: [eventSample, eventSample], meta: metaSample };
export const commandSample = {
  id: 'command-1',
  stream: 'item/0',
  command: 'move',
  input: { amount: 5 },
  meta: metaSample,
};
export const transactSample = {
  id: 'us-east-1:order-17',
  participants: [
    { stream: 'item/0', command: 'move', input: { amount: 5 } },
    { stream: 'item/11', events: [{ type: 'Moved', schemaVersion: 1, data: { sum: 3 } }] },
  ],
  checks: [],
  timeoutSeconds: 5,
  meta: metaSample,
};

const headers = (odd: Odd) => ({
  ...(odd.chance(0.2) && { 'idempotency-key': odd.orOdd(`key-${odd.below(50)}`, 0.4) }),
  ...(odd.chance(0.2) && { 'if-match': odd.orOdd(`"${encodeVersionToken('item/0', { 'us-east-1': 1 })}"`, 0.5) }),
  ...(odd.chance(0.2) && { prefer: odd.orOdd('wait=1', 0.6) }),
  ...(odd.chance(0.2) && { traceparent: odd.orOdd(TRACE, 0.5) }),
  ...(odd.chance(0.1) && { [odd.text().toLowerCase()]: odd.text() }),
});
const idOf = (odd: Odd) => `${odd.of(['append', 'us-east-1:t', 'us-west-2:t'])}-${odd.below(1_000_000)}`;
const streamOf = (odd: Odd) => `${odd.of(['note', 'item'])}/${odd.below(20)}`;
const segment = (odd: Odd, text: string) => odd.orOdd(encodeURIComponent(text), 0.15);

/** Requests to the API, by door. */
export const REQUESTS: Readonly<Record<string, (odd: Odd) => Parameters<typeof functionUrlEvent>[0]>> = {
  'POST /events': (odd) => {
    const sample = odd.of([appendSample, commandSample]);
    const one = () => ({ ...sample, id: idOf(odd), stream: streamOf(odd) });
    const kept = () => ({ id: idOf(odd), stream: streamOf(odd), events: [keptSample, keptSample] });
    const body = odd.chance(0.5)
      ? odd.json(odd.chance(0.2) ? Array.from({ length: 1 + odd.below(4) }, one) : one())
      : odd.json(kept(), 0.01).replaceAll(JSON.stringify(ANY), () => odd.value());
    return { method: 'POST', path: '/events', body, headers: headers(odd) };
  },
  'POST a command': (odd) => ({
    method: 'POST',
    path: `/streams/${segment(odd, odd.of(['note', 'item']))}/${segment(odd, String(odd.below(20)))}/commands/${segment(odd, odd.of(['keep', 'move']))}`,
    body: odd.json({ amount: odd.below(10) - 3 }),
    headers: headers(odd),
  }),
  'POST /transactions': (odd) => ({
    method: 'POST',
    path: '/transactions',
    body: odd.json({ ...transactSample, id: `${odd.of(REGIONS)}:t-${odd.below(1_000_000)}` }, 0.05),
    headers: { prefer: 'wait=5', ...headers(odd) },
  }),
  'GET anything': (odd) => {
    const part = (text: string) => segment(odd, text);
    const path = odd.of([
      `/streams/${part('note')}/${part(String(odd.below(20)))}`,
      `/streams/${part('item')}/${part(String(odd.below(20)))}/${part('events')}`,
      `/views/${part(odd.of(['kept', 'odd', 'counts']))}`,
      `/views/${part('counts')}/${part('string')}`,
      `/transactions/${part(`${odd.of(REGIONS)}:t-1`)}`,
      `/${part('health')}`,
      odd.text(),
    ]);
    const token = encodeVersionToken('item/1', { 'us-east-1': 1 + odd.below(3) });
    const query = odd.of([
      '',
      `limit=${odd.orOdd(String(odd.below(20)), 0.4)}`,
      `after=${odd.orOdd(token, 0.4)}`,
      odd.text(),
    ]);
    const method = odd.of(['GET', 'GET', 'GET', 'HEAD', 'PUT', 'OPTIONS', odd.text()]);
    const waits = odd.chance(0.1) ? { 'if-at-least': odd.orOdd(token, 0.3) } : {};
    return { method, path, query, headers: { ...headers(odd), ...waits } };
  },
};
