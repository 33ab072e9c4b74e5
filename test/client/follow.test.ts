import { describe, expect, it } from 'vitest';
import type { EventOf, StreamClient } from '../../client/client.ts';
import type { note } from '../../testing/toy.ts';
// The client loads this module on demand, which would take real time.
import '../../client/sign.ts';
import { CLIENT_TRIES } from '../../core/limits/budgets.ts';
import { aDeployment, regions } from './a-deployment.ts';

const [east1, east2] = regions;
type Note = StreamClient<typeof note>;
type Noted = EventOf<typeof note>;

const noted = (text: string) => ({ type: 'Noted', data: { text } }) as const;

/** The first events of a stream, as a follower receives them. */
async function firstOf(stream: Note, count: number, after?: string): Promise<readonly Noted[]> {
  const events: Noted[] = [];
  for await (const event of stream.follow({ after })) if (events.push(event) === count) break;
  return events;
}
const textsOf = (events: readonly Noted[]) => events.map(({ data }) => data.text);

describe('following a stream', () => {
  it('yields existing and new events, each with its origin', async () => {
    const { client, scheduler, result } = aDeployment();
    const note = client().stream('note', 'a');
    await result(note.append([noted('red'), noted('blue')], { id: 'a', meta: { actor: 'ann' } }));
    scheduler.after(5_000, () => void note.append(noted('green')));
    const events = await result(firstOf(note, 3));
    expect(textsOf(events)).toEqual(['red', 'blue', 'green']);
    expect(events[1]).toMatchObject({
      ...{ id: `note/a@${east1}.1.1`, commitId: 'a', region: east1, schemaVersion: 1, meta: { actor: 'ann' } },
      at: expect.any(Date),
    });
  });

  it('resumes after the last handled commit; a partly handled commit is redelivered', async () => {
    const { client, result } = aDeployment();
    const note = client().stream('note', 'a');
    await result(note.append(noted('red')));
    await result(note.append([noted('blue'), noted('green')]));
    const [red, blue, green] = await result(firstOf(note, 3));
    const another = client().stream('note', 'a');
    await result(note.append(noted('last')));
    expect(textsOf(await result(firstOf(another, 1, red?.resumeAfter)))).toEqual(['blue']);
    expect(textsOf(await result(firstOf(another, 1, blue?.resumeAfter)))).toEqual(['blue']);
    expect(textsOf(await result(firstOf(another, 1, green?.resumeAfter)))).toEqual(['last']);
  });

  it('continues in another Region, and after an outage of all Regions, without missing or repeating anything', async () => {
    const { client, fates, scheduler, settle, result } = aDeployment();
    const [note, elsewhere] = [client().stream('note', 'a'), client({ region: east2 }).stream('note', 'a')];
    const texts = Array.from({ length: 12 }, (_, i) => `${i}`);
    for (const [i, text] of texts.entries())
      scheduler.after(i * 10_000, () => void (i % 2 ? note : elsewhere).append(noted(text)));
    const begun = scheduler.now();
    fates(({ region, method }) => {
      const seconds = (scheduler.now() - begun) / 1000;
      if (method === 'POST') return undefined;
      if (seconds > 30 && seconds < 60) return 'unreachable';
      return seconds > 60 && region === east1 ? 'silent' : undefined;
    });
    const events = await result(firstOf(note, texts.length));
    expect(textsOf(events).toSorted()).toEqual(texts.toSorted());
    await settle();
  });

  it('yields an append once if two Regions have written it', async () => {
    const { client, world, fates, result, settle } = aDeployment();
    world.cut(east1, east2);
    fates(({ region, method }) => (region === east1 && method === 'POST' ? 'unanswered' : undefined));
    const note = client().stream('note', 'a');
    await result(note.append(noted('red')));
    await settle();
    fates(() => undefined);
    await result(note.append(noted('blue')));
    expect(textsOf(await result(firstOf(note, 2)))).toEqual(['red', 'blue']);
  });

  it('yields the copy that arrived first if two Regions have written an append, even if the state counts the other copy', async () => {
    const { client, world, scheduler, result, settle } = aDeployment();
    const [here, elsewhere] = [client().stream('note', 'a'), client({ region: east2 }).stream('note', 'a')];
    world.cut(east1, east2);
    await result(elsewhere.append(noted('red'), { id: 'one' }));
    scheduler.after(1_000, () => void here.append(noted('blue'), { id: 'one' }));
    scheduler.after(5_000, () => world.healAll());
    scheduler.after(60_000, () => void here.append(noted('last')));
    expect(textsOf(await result(firstOf(here, 2)))).toEqual(['blue', 'last']);
    await settle();
    expect(await result(here.read())).toMatchObject({ state: [{ text: 'red' }, { text: 'last' }] });
  });

  it('yields a copy of an append that arrives before a resume, with the same commitId and a different id', async () => {
    const { client, world, fates, result, settle } = aDeployment();
    world.cut(east1, east2);
    fates(({ region, method }) => (region === east1 && method === 'POST' ? 'unanswered' : undefined));
    const note = client().stream('note', 'a');
    await result(note.append(noted('red'), { id: 'one' }));
    fates(() => undefined);
    const [first] = await result(firstOf(note, 1));
    await settle();
    const [again] = await result(firstOf(client().stream('note', 'a'), 1, first?.resumeAfter));
    expect([first, again]).toMatchObject([
      { id: `note/a@${east2}.1.0`, commitId: 'one', data: { text: 'red' } },
      { id: `note/a@${east1}.1.0`, commitId: 'one', data: { text: 'red' } },
    ]);
  });

  it('continues after an outage of the services that provide its credentials and addresses, however long it lasts', async () => {
    const { client, scheduler, result } = aDeployment();
    const begun = scheduler.now();
    const isOut = () => scheduler.now() > begun + 10_000 && scheduler.now() < begun + 300_000;
    const credentials = async () => {
      if (isOut()) throw new Error('the service for credentials hangs');
      return { accessKeyId: 'local', secretAccessKey: 'local' };
    };
    const note = client({ credentials }).stream('note', 'a');
    await result(client().stream('note', 'a').append(noted('red')));
    scheduler.after(20_000, () => void client().stream('note', 'a').append(noted('blue')));
    expect(textsOf(await result(firstOf(note, 2)))).toEqual(['red', 'blue']);
    expect(scheduler.now()).toBeGreaterThanOrEqual(begun + 300_000);
  });

  it('continues after an outage of the only Region with a known address, if no other address can be found', async () => {
    const { client, fates, scheduler, result } = aDeployment();
    const begun = scheduler.now();
    const isOut = () => scheduler.now() > begun + 10_000 && scheduler.now() < begun + 300_000;
    fates(({ method }) => (method === 'GET' && isOut() ? 'unreachable' : undefined));
    const endpoints = (region: string) => {
      if (region !== east1) throw new Error('Lambda does not respond');
      return `https://${region}/`;
    };
    const note = client({ endpoints, regions }).stream('note', 'a');
    await result(note.append(noted('red')));
    scheduler.after(20_000, () => void note.append(noted('blue')));
    expect(textsOf(await result(firstOf(note, 2)))).toEqual(['red', 'blue']);
  });

  it('fails after some tries if it never gets credentials', async () => {
    const { client, failure } = aDeployment();
    let asked = 0;
    const credentials = async () => {
      asked++;
      throw new Error('there are none');
    };
    expect(await failure(firstOf(client({ credentials }).stream('note', 'a'), 1))).toMatchObject({
      code: 'no-credentials',
    });
    expect(asked).toBe(CLIENT_TRIES);
  });

  it('ends when its signal is aborted, even while it waits', async () => {
    const { client, scheduler, result } = aDeployment();
    const stop = new AbortController();
    scheduler.after(2_500, () => stop.abort());
    const begun = scheduler.now();
    const all = async () => {
      for await (const event of client().stream('note', 'a').follow({ signal: stop.signal })) expect.fail(event.id);
    };
    await result(all());
    expect(scheduler.now() - begun).toBe(2_500);
  });

  it('throws a permanent failure', async () => {
    const { client, failure } = aDeployment();
    const note = client().stream('note', 'a');
    expect(await failure(firstOf(note, 1, 'no token'))).toMatchObject({ code: 'validation' });
  });

  it('reads shorter pages where commits are large', async () => {
    const { client, sent, result } = aDeployment({ latency: false });
    const note = client().stream('note', 'a');
    const large = 'x'.repeat(200_000);
    for (let i = 0; i < 40; i++) await result(note.append(noted(`${i} ${large}`)));
    sent.length = 0;
    const events = await result(firstOf(note, 40));
    expect(textsOf(events).map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(sent.length).toBeGreaterThan(1);
  });
});
