import { describe, expect, it } from 'vitest';
import type { Verified } from '../../bin/verify/found.ts';
import { type Repaired, repairAll } from '../../bin/verify/repair.ts';
import { Verification, type VerifyOptions } from '../../bin/verify/verify.ts';
import type { Commit } from '../../core/facts/commit.ts';
import type { ActionInput, OperatorAction } from '../../core/index.ts';
import { resolveMessages } from '../../core/transaction/resolver.ts';
import { aDecision } from '../contract/decisions.ts';
import {
  ask,
  aVerifiedRegion,
  NOW,
  noted,
  project,
  put,
  STREAM,
  three,
  type VerifiedRegion,
} from '../core/operate/verify-fixture.ts';

/** Regions with the same commits, and the actions that they were asked. */
async function aDeployment(...commits: readonly Commit[]) {
  const regions = ['us-east-1', 'us-east-2', 'us-west-2'].map((name) => ({ name, ...aVerifiedRegion(name) }));
  for (const region of regions) {
    await put(region, ...commits);
    await project(region, ...commits);
  }
  const asked: string[] = [];
  const verified = regions.map(
    ({ name, ports }): Verified => ({
      name,
      operate: <Name extends OperatorAction>(action: Name, input: ActionInput<Name>) => {
        asked.push(`${name} ${action}`);
        return ask(ports, action, input);
      },
    }),
  );
  const [first, second, third] = regions;
  if (!first || !second || !third) throw new Error('There are three.');
  return { regions: [first, second, third] as const, verified, asked };
}

/** @param meanwhile what happens before what was found is looked at again */
function verification(
  { verified }: Awaited<ReturnType<typeof aDeployment>>,
  {
    meanwhile = async () => undefined,
    ...options
  }: Partial<VerifyOptions> & { meanwhile?: () => Promise<unknown> } = {},
) {
  return new Verification(verified, { grace: 60_000, whole: true, now: () => NOW, sleep: meanwhile, ...options });
}

/** Takes a commit out of a table. */
function lose({ table }: VerifiedRegion, commit: Commit): void {
  table.lose(commit);
}

describe('a verification', () => {
  it('asks one Region for a page of streams, and every Region for what it has of them, once', async () => {
    const deployment = await aDeployment(...three, noted(1, { stream: 'note/m' }));
    const { found, looked } = await verification(deployment, { types: ['account', 'note'] }).run();
    expect([found, looked.streams, looked.commits]).toEqual([[], 2, 12]);
    const names = deployment.verified.map(({ name }) => name);
    const times = (action: string) =>
      names.map((name) => deployment.asked.filter((each) => each === `${name} ${action}`).length);
    // The first Region also says which views there are.
    expect(times('verify-scan')).toEqual([2, 1, 1]);
    expect(times('verify-streams')).toEqual([1, 1, 1]);
    expect(times('verify-decisions')).toEqual([1, 1, 1]);
    // Entries of two views, and the totals of one before and after them.
    expect(times('verify-view')).toEqual([4, 4, 4]);
    expect(deployment.asked).toHaveLength(4 + 3 + 3 + 12);
  });

  it('does not count what is gone when it is looked at again', async () => {
    const deployment = await aDeployment(...three);
    const [, second] = deployment.regions;
    lose(second, noted(2));
    const { found } = await verification(deployment, { meanwhile: () => put(second, noted(2)) }).run();
    expect(found).toEqual([]);
  });

  it('does not count a row that is ahead of the table by other commits each time', async () => {
    const deployment = await aDeployment(...three);
    const [, , third] = deployment.regions;
    await project(third, ...three);
    lose(third, noted(3));
    // The third commit has arrived; meanwhile a fourth one came by the bus, and has not.
    const meanwhile = async () => {
      const four = noted(4);
      await put(third, noted(3), four);
      await project(third, four);
      lose(third, four);
      for (const region of deployment.regions.slice(0, 2)) await put(region, four);
    };
    const { found } = await verification(deployment, { meanwhile }).run();
    expect(found.filter(({ kind }) => kind === 'row-ahead')).toEqual([]);
  });

  it('does not take a row back that is ahead while a Region is not asked: its commit may be on its way', async () => {
    const deployment = await aDeployment(...three);
    const [, , third] = deployment.regions;
    lose(third, noted(3));
    const alone = verification({ ...deployment, verified: deployment.verified.slice(2) }, { whole: false });
    const { found } = await alone.run();
    expect(found.map(({ kind }) => kind)).toEqual(['row-ahead', 'row-ahead']);
    deployment.asked.length = 0;
    expect((await repairAll(alone, found)).map(({ repaired }) => repaired)).toEqual([false, false]);
    expect(deployment.asked.filter((action) => action.includes('repair'))).toEqual([]);
  });

  it('does not count a total that is off by another number each time', async () => {
    const deployment = await aDeployment(...three);
    const { views } = deployment.regions[0];
    const add = (notes: number) => views.apply('words', [], [{ key: 'all', shard: 0, sums: { notes }, limit: 1000 }]);
    await add(5);
    expect((await verification(deployment, { meanwhile: () => add(1) }).run()).found).toEqual([]);
    expect((await verification(deployment).run()).found).toMatchObject([
      { kind: 'total-wrong', region: 'us-east-1', key: 'all', field: 'notes', detail: 'is 9, should be 3' },
    ]);
  });

  it('that is ended says what it has seen once, and where to continue', async () => {
    const deployment = await aDeployment(...three);
    lose(deployment.regions[1], noted(2));
    const stop = new AbortController();
    const operate: Verified['operate'] = (action, input) => {
      if (action === 'verify-streams') stop.abort();
      return deployment.verified[0]?.operate(action, input) ?? Promise.reject(new Error('It is there.'));
    };
    const verified = [{ name: 'us-east-1', operate }, ...deployment.verified.slice(1)];
    const { found, unconfirmed, next } = await verification({ ...deployment, verified }, { stop: stop.signal }).run();
    expect(found).toEqual([]);
    expect(unconfirmed).toContainEqual(expect.objectContaining({ kind: 'missing', region: 'us-east-2', position: 2 }));
    expect(next).toEqual({ part: 'decisions', region: 'us-east-1' });
    const rest = await verification(deployment, { from: next }).run();
    // The other Regions name the stream, too.
    expect(rest.found).toContainEqual(expect.objectContaining({ kind: 'missing', region: 'us-east-2' }));
  });

  it('names the Region that wrote a commit of two contents, and every Region if that has none', async () => {
    const deployment = await aDeployment(noted(1), noted(3));
    const [first, second, third] = deployment.regions;
    await put(second, noted(2));
    await put(third, noted(2, { text: 'other' }));
    const without = await verification(deployment).run();
    expect(without.found.filter(({ kind }) => kind === 'differs')).toMatchObject([
      { region: 'us-east-2', position: 2 },
      { region: 'us-west-2', position: 2 },
    ]);
    // Which of the two is the original cannot be known, so none is put.
    const left = await repairAll(verification(deployment), without.found);
    expect(left.filter(({ kind }) => kind === 'missing')).toMatchObject([{ region: 'us-east-1', repaired: false }]);
    expect(await first.table.at(STREAM, 'us-east-1', 2)).toBeUndefined();
    await put(first, noted(2));
    const { found } = await verification(deployment).run();
    expect(found.filter(({ kind }) => kind === 'differs')).toMatchObject([
      { region: 'us-west-2', original: 'us-east-1', position: 2 },
    ]);
  });

  it('shows an intent in two states, and does not give away one that is not final', async () => {
    const intent = noted(2, { commitId: 'us-east-1:t#1', tx: { state: 'committed', deadline: NOW - 600_000 } });
    const deployment = await aDeployment(noted(1));
    const [first, second, third] = deployment.regions;
    const prepared: Commit = { ...intent, tx: { state: 'prepared', deadline: NOW - 600_000 } };
    const decision = {
      transaction: 'us-east-1:t',
      participants: [{ stream: STREAM, log: 'us-east-1', position: 2, version: {} }],
    };
    for (const { decisions } of deployment.regions)
      await decisions.put(aDecision({ ...decision, decidedAt: NOW - 600_000 }));
    await put(first, intent);
    await put(second, prepared);
    await project(first, intent);
    const { found } = await verification(deployment).run();
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'state-differs', region: 'us-east-2', detail: 'prepared, there committed' }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'missing', region: 'us-west-2', original: 'us-east-1' }),
    );
    await repairAll(verification(deployment), found);
    expect(await third.table.at(STREAM, 'us-east-1', 2)).toEqual(intent);
  });

  it('has the resolver finish an intent that is decided and not final', async () => {
    const intent = noted(2, { commitId: 'us-east-1:t#1', tx: { state: 'prepared', deadline: NOW - 600_000 } });
    const deployment = await aDeployment(noted(1), intent);
    const place = { stream: STREAM, log: 'us-east-1', position: 2 };
    const of = {
      transaction: 'us-east-1:t',
      decidedAt: NOW - 600_000,
      participants: [{ ...place, region: 'us-east-1', version: {} }],
    };
    for (const region of deployment.regions) {
      await region.decisions.put(aDecision(of));
      await project(region, intent);
    }
    const { found } = await verification(deployment).run();
    expect(found).toEqual([expect.objectContaining({ kind: 'intent-unfinished', region: 'us-east-1', ...place })]);
    const [first, ...others] = deployment.regions;
    let time = NOW;
    const resolved = async () => {
      time += 1000;
      const bodies = first.sent.splice(0).map(({ body }) => body);
      await resolveMessages({ ...first.ports, events: first.table, runtime: first.runtime }, bodies);
      const final = await first.table.at(STREAM, 'us-east-1', 2);
      for (const { table } of others) if (final) table.replicate(final, { at: time, region: 'us-east-1' });
    };
    const repaired: readonly Repaired[] = await repairAll(
      verification(deployment, { now: () => time, meanwhile: resolved }),
      found,
    );
    expect(repaired).toEqual([expect.objectContaining({ repaired: true })]);
    expect(await verification(deployment).run()).toMatchObject({ found: [] });
  });

  it('makes the other repairs if one fails, and says why', async () => {
    const deployment = await aDeployment(...three, noted(1, { stream: 'note/m' }));
    const [first, second] = deployment.regions;
    lose(first, noted(2));
    lose(second, noted(1, { stream: 'note/m' }));
    const { found } = await verification(deployment).run();
    const verified = deployment.verified.map(
      ({ name, operate }): Verified => ({
        name,
        operate: (action, input) =>
          action === 'repair-item' && name === 'us-east-1'
            ? Promise.reject(new Error('It is full.'))
            : operate(action, input),
      }),
    );
    const repaired = await repairAll(verification({ ...deployment, verified }), found);
    const missing = new Map(repaired.filter(({ kind }) => kind === 'missing').map((each) => [each.region, each]));
    expect(missing.get('us-east-1')).toMatchObject({ repaired: false, detail: 'the repair failed: It is full.' });
    expect(missing.get('us-east-2')).toMatchObject({ repaired: true });
  });

  it('gives up on a repair that does not show', async () => {
    const deployment = await aDeployment(...three);
    lose(deployment.regions[0], noted(2));
    const { found } = await verification(deployment).run();
    const broken = deployment.verified.map(({ name, operate }): Verified => {
      const without: Verified['operate'] = async (action, input) =>
        action === 'repair-item'
          ? operate('verify-scan', { until: new Date(NOW).toISOString() }).then(() => ({ put: false }) as never)
          : operate(action, input);
      return { name, operate: without };
    });
    let time = NOW;
    const meanwhile = async () => {
      time += 10_000;
    };
    const left = await repairAll(
      verification({ ...deployment, verified: broken }, { now: () => time, meanwhile }),
      found,
    );
    expect(left.filter(({ kind }) => kind === 'missing')).toMatchObject([{ repaired: false }]);
  });
});
