import { describe, expect, test } from 'vitest';
import { memoryPlacement } from '../../../adapters/memory/placement.ts';
import type { PlacementStore } from '../../../core/index.ts';
import { COMPLETE_AFTER_MS } from '../../../core/limits/budgets.ts';
import { type OperatePorts, runAction } from '../../../core/operate/actions.ts';
import { operateAnswerSchema, operatorActions } from '../../../core/wire/operate.ts';
import { aPlacementEntry } from '../../contract/placement.contract.ts';
import { fakeRuntime } from '../../runtime.ts';
import { operatePorts } from './operate-ports.ts';

const [EAST, WEST] = ['us-east-1', 'us-west-2'];
const planned = { from: EAST, to: WEST, kind: 'planned', known: {} } as const;
const forced = { ...planned, kind: 'forced', acceptLossWindow: true } as const;

/** Runs `move` in the Region of the ports. */
async function move(ports: OperatePorts, asked: object) {
  const result = await runAction(ports, { action: 'move', ...asked });
  return operatorActions.move.result.parse(result);
}
async function placementIn(ports: OperatePorts) {
  return operatorActions.placement.result.parse(await runAction(ports, { action: 'placement' }));
}

describe('the placement', () => {
  test('is empty at first, next to the deployed Regions and the types that have a home', async () => {
    expect(await placementIn(operatePorts())).toEqual({
      ...{ region: EAST, regions: [EAST, 'us-east-2', WEST], placement: {}, pins: true },
      types: expect.arrayContaining(['account']),
    });
  });

  test('cannot be read before its table is deployed', async () => {
    const ports = { ...operatePorts(), placements: undefined };
    await expect(placementIn(ports)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });
});

describe('a move', () => {
  test('is written in the Region that writes the streams now', async () => {
    const ports = operatePorts();
    const { moved, placement } = await move(ports, planned);
    expect(moved).toEqual({ [EAST]: expect.objectContaining({ epoch: 1, acting: WEST, by: EAST, sources: [EAST] }) });
    expect(placement).toEqual(moved);
    expect((await placementIn(ports)).placement).toEqual(moved);
    await expect(move({ ...ports, region: WEST }, planned)).rejects.toMatchObject({
      code: 'misdirected',
      details: { home: EAST },
    });
  });

  test('that is forced is written in the target, if the operator accepts what that means', async () => {
    const ports = { ...operatePorts(), region: WEST };
    const { acceptLossWindow: _accepted, ...asked } = forced;
    await expect(move(ports, asked)).rejects.toMatchObject({ details: { faults: [{ path: 'acceptLossWindow' }] } });
    expect((await move(ports, forced)).moved[EAST]).toMatchObject({ by: WEST, kind: 'forced', lost: [EAST] });
    await expect(move(operatePorts(), forced)).rejects.toMatchObject({ code: 'misdirected', details: { home: WEST } });
  });

  test('that is repeated with what was known before it is recognised as done', async () => {
    const ports = operatePorts();
    const first = await move(ports, planned);
    expect(await move(ports, planned)).toEqual(first);
    expect((await ports.placements?.records())?.[0]?.revision).toBe(1);
  });

  test('of a type, or of a home, that is repeated is recognised as done, too', async () => {
    for (const of of [{ type: 'account' }, { home: EAST }, { type: 'account', home: EAST }]) {
      const ports = operatePorts();
      const first = await move(ports, { ...planned, ...of });
      expect(await move(ports, { ...planned, ...of })).toEqual(first);
    }
  });

  test('of one type, or of one home, is not taken for another one', async () => {
    const ports = operatePorts();
    await move(ports, { ...planned, type: 'account' });
    await expect(move(ports, { ...planned, home: 'us-east-2' })).rejects.toMatchObject({ code: 'placement-changed' });
    await expect(move(ports, planned)).resolves.toMatchObject({ moved: { [`${EAST}/account`]: { acting: WEST } } });
  });

  test('is refused if the Region knows of another one, with what it knows', async () => {
    const ports = operatePorts();
    const { placement } = await move(ports, planned);
    await expect(move(ports, { ...planned, to: 'us-east-2' })).rejects.toMatchObject({
      code: 'placement-changed',
      details: { placement },
    });
  });

  test('is refused if another one is written at the same time', async () => {
    const store = memoryPlacement();
    const racing: PlacementStore = {
      records: async () => store.items(),
      put: async (record) => {
        await store.put({ ...record, entries: { [EAST]: aPlacementEntry({ acting: 'us-east-2' }) } });
        return store.put(record);
      },
    };
    await expect(move({ ...operatePorts(), placements: racing }, planned)).rejects.toMatchObject({
      code: 'placement-changed',
      details: { placement: { [EAST]: { acting: 'us-east-2' } } },
    });
  });

  test('that was undone meanwhile is not taken for done', async () => {
    const store = memoryPlacement();
    const ports = { ...operatePorts(), placements: store };
    await move(ports, planned);
    store.replicate({
      region: WEST,
      revision: 1,
      entries: { [EAST]: aPlacementEntry({ epoch: 2, by: WEST, acting: EAST }) },
    });
    await expect(move(ports, planned)).rejects.toMatchObject({ code: 'placement-changed' });
  });

  test('uses the entries that the operator has seen elsewhere and that have not arrived', async () => {
    const entry = aPlacementEntry({ epoch: 7, acting: 'us-east-2', by: EAST });
    const ports = { ...operatePorts(), region: WEST };
    const { moved } = await move(ports, { ...forced, from: 'us-east-2', known: { [EAST]: entry } });
    expect(moved[EAST]).toMatchObject({ epoch: 8, acting: WEST, sources: [EAST, 'us-east-2'], lost: ['us-east-2'] });
  });

  test.each([
    ['from a Region that is not deployed', { from: 'eu-west-1' }, 'from'],
    ['to a Region that is not deployed', { to: 'eu-west-1' }, 'to'],
    ['to the Region itself', { to: EAST }, 'to'],
    ['of a home that is not deployed', { home: 'eu-west-1' }, 'home'],
    ['of a type without a home', { type: 'note' }, 'type'],
    ['with an unknown member', { now: true }, 'now'],
  ])('%s is refused', async (_, of, path) => {
    await expect(move(operatePorts(), { ...planned, ...of })).rejects.toMatchObject({
      code: 'validation',
      details: { faults: [expect.objectContaining({ path })] },
    });
  });

  test('from a Region that writes none of the streams is refused', async () => {
    const ports = operatePorts();
    const { placement } = await move(ports, planned);
    await expect(move(ports, { ...planned, to: 'us-east-2', known: placement })).rejects.toMatchObject({
      code: 'validation',
      details: { faults: [{ path: 'from', message: expect.stringContaining('writes none of these streams') }] },
    });
  });

  test('of no type can be named in a domain without home streams', async () => {
    const ports = operatePorts();
    const domain = { ...ports.domain, streams: new Map() };
    await expect(move({ ...ports, domain }, { ...planned, type: 'account' })).rejects.toMatchObject({
      details: { faults: [{ message: expect.stringContaining('none') }] },
    });
  });

  test('is answered in a form that clients can read', async () => {
    const result = await runAction(operatePorts(), { action: 'move', ...planned });
    expect(operateAnswerSchema.parse({ result })).toEqual({ result });
  });
});

describe('a move that ends', () => {
  const key = { forced: 0, epoch: 1, by: EAST };
  const entries = { [EAST]: key };
  async function complete(ports: OperatePorts, asked: object = {}) {
    const result = await runAction(ports, { action: 'complete', entries, ...asked });
    return operatorActions.complete.result.parse(result);
  }
  /** The Region that acts after a planned move, once it knows of it. */
  async function acting() {
    const placements = memoryPlacement();
    placements.replicate({ region: EAST, revision: 1, entries: { [EAST]: aPlacementEntry({ lost: ['us-east-2'] }) } });
    const runtime = fakeRuntime();
    return { ...operatePorts(), region: WEST, placements, runtime };
  }

  test('waits until no process can know less, then until the operator has compared the Regions', async () => {
    const ports = await acting();
    const first = await complete(ports, { compared: true });
    expect(first.placement[EAST]).toMatchObject({ sources: [EAST], shownAt: ports.runtime.now() });
    expect(first.waitMs).toBe(COMPLETE_AFTER_MS);
    ports.runtime.advance(COMPLETE_AFTER_MS - 1);
    expect(await complete(ports, { compared: true })).toEqual({ ...first, waitMs: 1 });
    ports.runtime.advance(1);
    expect(await complete(ports)).toEqual({ ...first, waitMs: 0 });
    const last = await complete(ports, { compared: true });
    expect(last.placement[EAST]).toEqual({ ...first.placement[EAST], sources: [], lost: [] });
    expect(await complete(ports, { compared: true })).toEqual(last);
    expect((await placementIn(ports)).placement).toEqual(last.placement);
    expect(await ports.placements.records()).toHaveLength(2);
  });

  test('measures the wait by the clock of the table, whatever that of a process says', async () => {
    const ports = await acting();
    // The first process is slow by that much, the second one is fast.
    ports.runtime.advance(-COMPLETE_AFTER_MS);
    ports.runtime.ahead = -COMPLETE_AFTER_MS;
    await complete(ports);
    ports.runtime.advance(2 * COMPLETE_AFTER_MS);
    ports.runtime.ahead = COMPLETE_AFTER_MS;
    expect(await complete(ports, { compared: true })).toMatchObject({
      waitMs: COMPLETE_AFTER_MS,
      placement: { [EAST]: { sources: [EAST] } },
    });
  });

  test('is followed by another move from its Region only, although the operator of that one had not seen its end', async () => {
    const ports = await acting();
    const known = (await placementIn(ports)).placement;
    await complete(ports);
    ports.runtime.advance(COMPLETE_AFTER_MS);
    await complete(ports, { compared: true });
    const { moved } = await move(ports, { from: WEST, to: 'us-east-2', kind: 'planned', known });
    expect(moved[EAST]).toMatchObject({ acting: 'us-east-2', sources: [WEST] });
  });

  test('keeps a Region for lost that is not deployed any more', async () => {
    const ports = { ...(await acting()), regions: [EAST, WEST] };
    await complete(ports);
    ports.runtime.advance(COMPLETE_AFTER_MS);
    expect((await complete(ports, { compared: true })).placement[EAST]).toMatchObject({
      sources: [],
      lost: ['us-east-2'],
    });
  });

  test('ends in the Region that acts only, and only as the entry that the operator has seen', async () => {
    const ports = await acting();
    await expect(complete({ ...ports, region: EAST })).rejects.toMatchObject({
      code: 'misdirected',
      details: { home: WEST },
    });
    for (const asked of [{ entries: { [EAST]: { ...key, epoch: 2 } } }, { entries: { [WEST]: key } }])
      await expect(complete(ports, asked)).rejects.toMatchObject({ code: 'placement-changed' });
    await expect(complete(ports, { entries: {} })).rejects.toMatchObject({ code: 'validation' });
  });

  test('is not ended if another one is written at the same time', async () => {
    const ports = await acting();
    const placements: PlacementStore = {
      records: () => ports.placements.records(),
      put: async (record) => {
        await ports.placements.put(record);
        return ports.placements.put(record);
      },
    };
    await expect(complete({ ...ports, placements })).rejects.toMatchObject({ code: 'placement-changed' });
  });
});
