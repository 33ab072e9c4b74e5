import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { functionUrlEvent, World } from '@meridian-es/meridian/world';
import { expect, it, onTestFinished } from 'vitest';
import { domain } from '../streams/index.ts';
import { subscribers } from '../subscribers/index.ts';
import { REGIONS } from './a-grocery.ts';

it('the mailer sends each mail to the mail service at MAIL_URL, with a unique key', async () => {
  const taken: { readonly key: unknown; readonly mail: unknown }[] = [];
  const service = createServer(async (request, response) => {
    taken.push({ key: request.headers['idempotency-key'], mail: JSON.parse(await text(request)) });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  onTestFinished(() => void service.close());
  const address = service.address();
  const MAIL_URL = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : ''}/messages`;

  const mailer = { ...subscribers.mailer, environment: { MAIL_URL } };
  const world = new World({ domain, regions: REGIONS, latency: false, subscribers: { mailer } });
  const body = JSON.stringify({
    customer: 'boardman.ada',
    lines: [{ article: 'apples', count: 6, cents: 30 }],
    warehouse: 'columbus',
    cartLines: ['4711.0'],
  });
  for (const region of REGIONS) {
    const path = `/streams/order/columbus.from-${region}.1/commands/place`;
    const { statusCode } = await world.region(region).request(functionUrlEvent({ method: 'POST', path, body }));
    expect(statusCode).toBe(200);
  }
  await world.whenIdle();

  expect(taken).toHaveLength(REGIONS.length);
  expect(new Set(taken.map(({ key }) => key)).size).toBe(REGIONS.length);
  for (const { key, mail } of taken) {
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(mail).toMatchObject({ to: 'boardman.ada', subject: expect.stringMatching(/^Your order columbus\.from-/) });
  }
});
