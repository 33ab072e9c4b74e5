import { describe, expect, it } from 'vitest';
import { defineDomain, defineStream } from '../../../core/index.ts';
import { submitHere } from '../../../core/intake/command.ts';
import { boundedCounter, checkRights, evolveBy, initialBy } from '../../../core/rules/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { tickets } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, replicate } from '../a-region.ts';
import { type Region, refusal, stateOf } from './append-fixture.ts';

const STREAM = 'tickets/concert';
const domain = defineDomain({ streams: [tickets], views: [] });

function aTicketOffice(region = 'us', of: Partial<Region> & { readonly logs?: readonly string[] } = {}) {
  return { ...aRegion(region, fakeRuntime(), domain), ...of };
}

function asked(name: string, input: object, of: object = {}) {
  return anAppend({ stream: STREAM, operation: command(name, input), ...of });
}

async function leftIn(region: Region): Promise<unknown> {
  return stateOf(region, STREAM);
}

describe('a stream type with escrow', () => {
  it('sells what the log of the Region holds, and refuses more with the number that is left', async () => {
    const us = aTicketOffice();
    await appendToStream(us, asked('issue', { count: 3, region: 'us' }));
    await appendToStream(us, asked('sell', { count: 2 }));
    const error = await appendToStream(us, asked('sell', { count: 2 })).catch((error) => error);
    expect(error).toMatchObject({ code: 'rejected', message: 'Only 1 can be taken in this Region, and 0 in others.' });
    expect(error.details).toEqual({ reason: 'no-rights', rights: 1, elsewhere: 0 });
    expect(await leftIn(us)).toEqual({ left: { value: 1, rights: { us: 1 } } });
  });

  it('does not sell what another log holds, until it has been moved', async () => {
    const [us, eu] = [aTicketOffice('us'), aTicketOffice('eu')];
    await appendToStream(us, asked('issue', { count: 3, region: 'us' }));
    await replicate(STREAM, us, eu);
    await expect(appendToStream(eu, asked('sell', { count: 1 }))).rejects.toThrow(
      refusal('rejected', { details: { reason: 'no-rights', rights: 0, elsewhere: 3 } }),
    );
    await appendToStream(us, asked('move', { count: 2, from: 'us', to: 'eu' }));
    await expect(appendToStream(us, asked('move', { count: 2, from: 'us', to: 'eu' }))).rejects.toThrow('Only 1 can');
    await replicate(STREAM, us, eu);
    await appendToStream(eu, asked('sell', { count: 2 }));
    expect(await leftIn(eu)).toEqual({ left: { value: 1, rights: { us: 1, eu: 0 } } });
  });

  it('refuses events that callers send, which could name any amount', async () => {
    const events = [{ type: 'Issued', data: { count: 9 } }];
    const sent = anAppend({ stream: STREAM, operation: { kind: 'events', events } });
    await expect(appendToStream(aTicketOffice(), sent)).rejects.toThrow(
      refusal('validation', { details: { faults: [expect.objectContaining({ path: 'events' })] } }),
    );
  });

  it('decides on all that the Region has seen, whatever version the caller names', async () => {
    const us = aTicketOffice();
    const { version } = await appendToStream(us, asked('issue', { count: 2, region: 'us' }));
    await appendToStream(us, asked('sell', { count: 2 }, { basedOn: version }));
    await expect(appendToStream(us, asked('sell', { count: 1 }, { basedOn: version }))).rejects.toThrow('Only 0 can');
    const { dot } = await appendToStream(us, asked('sell', { count: 0 }, { basedOn: version }));
    const commits = await us.table.load(STREAM);
    expect(commits.find(({ position }) => position === dot?.position)?.context).toEqual({ us: 2 });
  });

  it('waits for the version that the caller names', async () => {
    const [us, eu] = [aTicketOffice('us'), aTicketOffice('eu')];
    const { version } = await appendToStream(us, asked('issue', { count: 1, region: 'us' }));
    const moved = await appendToStream(us, asked('move', { count: 1, from: 'us', to: 'eu' }));
    const selling = asked('sell', { count: 1 }, { basedOn: moved.version });
    await expect(appendToStream(eu, selling)).rejects.toThrow(refusal('not-caught-up'));
    await replicate(STREAM, us, eu);
    await appendToStream(eu, { ...selling, basedOn: version });
    expect(await leftIn(eu)).toEqual({ left: { value: 0, rights: { us: 0, eu: 0 } } });
  });

  it('answers not-caught-up while its own log depends on what has not arrived', async () => {
    const [us, eu] = [aTicketOffice('us'), aTicketOffice('eu')];
    await appendToStream(eu, asked('issue', { count: 5, region: 'eu' }));
    await replicate(STREAM, eu, us);
    await appendToStream(us, asked('issue', { count: 5, region: 'us' }));
    const restored = aTicketOffice('us');
    for (const commit of await us.table.load(STREAM)) if (commit.log === 'us') restored.table.replicate(commit);
    await expect(appendToStream(restored, asked('sell', { count: 1 }))).rejects.toThrow(
      refusal('not-caught-up', { retryable: true }),
    );
  });

  it('takes over only from a log that no Region writes', async () => {
    const us = aTicketOffice('us', { regions: ['us', 'eu'] });
    const ap = aTicketOffice('ap');
    await appendToStream(ap, asked('issue', { count: 4, region: 'ap' }));
    await replicate(STREAM, ap, us);
    const reclaim = (log: string) => appendToStream(us, asked('reclaim', { log }));
    await expect(reclaim('eu')).rejects.toThrow('eu writes the log eu: only what a lost log holds can be reclaimed.');
    await reclaim('ap');
    expect(await reclaim('ap')).not.toHaveProperty('dot');
    expect(await leftIn(us)).toEqual({ left: { value: 4, rights: { us: 4, ap: 0 } } });
    await appendToStream(ap, asked('sell', { count: 1 }));
    await replicate(STREAM, ap, us);
    expect(await leftIn(us)).toEqual({ left: { value: 3, rights: { us: 4, ap: -1 } } });
    expect(await reclaim('ap')).not.toHaveProperty('dot');
  });

  it('has nothing to sell in a new log of a Region, until the old one is reclaimed', async () => {
    const us = aTicketOffice();
    await appendToStream(us, asked('issue', { count: 2, region: 'us' }));
    const restored = aTicketOffice('us', { log: 'us-b', logs: ['us-b', 'eu', 'ap'] });
    await replicate(STREAM, us, restored);
    await expect(appendToStream(restored, asked('sell', { count: 1 }))).rejects.toThrow('Only 0 can be taken');
    await appendToStream(restored, asked('reclaim', { log: 'us' }));
    await appendToStream(restored, asked('sell', { count: 2 }));
    expect(await leftIn(restored)).toEqual({ left: { value: 0, rights: { us: 0, 'us-b': 0 } } });
  });

  it('moves to the log that a restored Region writes now', async () => {
    const us = aTicketOffice('us', { logs: ['us', 'eu-b', 'ap'] });
    await appendToStream(us, asked('issue', { count: 4, region: 'us' }));
    await appendToStream(us, asked('move', { count: 1, from: 'us', to: 'eu' }));
    expect(await leftIn(us)).toEqual({ left: { value: 4, rights: { us: 3, 'eu-b': 1 } } });
    await expect(appendToStream(us, asked('move', { count: 1, from: 'us', to: 'sa' }))).rejects.toThrow(
      'sa is not a Region of the deployment: us, eu, ap.',
    );
  });

  it('needs to be declared: a bounded counter without it decides nothing', async () => {
    const rules = { left: boundedCounter() };
    const { escrow: _escrow, ...others } = tickets;
    const loose = defineStream({
      ...others,
      type: 'loose',
      initial: initialBy(rules),
      evolve: evolveBy(rules, { Issued: () => ({}), Sold: () => ({}), Moved: () => ({}), Reclaimed: () => ({}) }),
      commands: {
        sell: {
          input: tickets.commands.sell.input,
          decide({ left }, _input, context) {
            checkRights(left, 0, context);
            return [];
          },
        },
      },
    });
    const us = aTicketOffice('us', { domain: defineDomain({ streams: [loose], views: [] }) });
    await expect(appendToStream(us, { ...asked('sell', { count: 1 }), stream: 'loose/a' })).rejects.toThrow(
      'A bounded counter needs `escrow: true`',
    );
  });
});

describe('a command with a home', () => {
  it('is decided only there, wherever it is sent', async () => {
    const invoked: string[] = [];
    const eu = aTicketOffice('eu');
    const remote = {
      invoke: async (region: string, sent: unknown): Promise<unknown> => {
        invoked.push(region);
        return JSON.parse(JSON.stringify(await submitHere(eu, JSON.parse(JSON.stringify(sent)))));
      },
    };
    const us = { ...aTicketOffice('us'), remote };
    const issue = asked('issue', { count: 2, region: 'eu' });
    const appended = await submitAppend(us, issue);
    expect(await submitAppend({ ...eu, remote }, issue)).toEqual(appended);
    expect(appended.dot).toEqual({ log: 'eu', position: 1 });
    expect(invoked).toEqual(['eu']);
    expect(us.events.calls).toEqual([]);
    const ahead = asked('issue', { count: 2, region: 'eu' }, { basedOn: { us: 1 } });
    await expect(submitAppend(us, ahead)).rejects.toThrow(refusal('not-caught-up'));
    await expect(appendToStream(us, asked('issue', { count: 2, region: 'eu' }))).rejects.toThrow(
      refusal('misdirected', {
        message: 'The home of this write to tickets/concert is eu, not us.',
        details: { home: 'eu' },
      }),
    );
  });

  it('is refused if its home is not a Region, or its input is invalid', async () => {
    const us = { ...aTicketOffice('us'), remote: { invoke: async () => ({}) } };
    await expect(submitAppend(us, asked('issue', { count: 2, region: 'sa' }))).rejects.toThrow(
      refusal('rejected', { message: 'No Region "sa" decides issue: the Regions are us, eu, ap.' }),
    );
    await expect(submitAppend(us, asked('issue', { count: 2 }))).rejects.toThrow(refusal('validation'));
    await expect(submitAppend(us, asked('fly', {}))).rejects.toThrow(refusal('unknown-command'));
  });

  it('cannot be one of a home stream, which has a home already', () => {
    const sell = { input: tickets.commands.sell.input, home: () => 'us', decide: () => [] };
    const { escrow: _escrow, ...others } = tickets;
    expect(() => defineStream({ ...others, mode: 'home', home: () => 'us', commands: { sell } })).toThrow(
      'Command tickets.sell: `home` is only for commands of merge streams. A home stream has one.',
    );
  });
});
