import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nextVersion } from '../../../core/definition/event-version.ts';
import {
  commandOf,
  defineStream,
  homeOf,
  parseEvents,
  parseInput,
  reconcileWith,
} from '../../../core/definition/stream.ts';
import { account, note } from '../../../testing/toy.ts';

describe('stream definition', () => {
  it.each(['', 'Note', '1note', 'note/x', 'note_x', '-note', 'x'.repeat(65)])('refuses "%s" as a type', (type) => {
    expect(() => defineStream({ ...note, type })).toThrow('use lower-case letters, digits and hyphens');
  });

  it.each(['tx', 'receipt', 'conflict'])('keeps the type "%s" for Meridian', (type) => {
    expect(() => defineStream({ ...note, type })).toThrow(`Stream type "${type}" is Meridian's own`);
  });

  it.each([
    '',
    '.',
    '..',
    '...',
    '{id}',
    'a/b',
    'a\\b',
    'a\nb',
    '/',
    'order/placed',
    '../../evil',
    'order:placed',
    'Order Placed',
    'Größer',
    '2nd',
    '_a',
    'a.2',
    'a.',
    'a..b',
    '__proto__x',
    'x'.repeat(129),
  ])('refuses "%s" as the name of an event or a command', (name) => {
    const rule =
      'of stream type note: use letters (A-Z, a-z), digits, hyphens and underscores, in words that start with a letter and are separated by dots, at most 128 characters.';
    const events = { ...note.events, [name]: note.events.Noted };
    expect(() => defineStream({ ...note, events })).toThrow(`Event "${name}" ${rule}`);
    const commands = { ...note.commands, [name]: note.commands.note };
    expect(() => defineStream({ ...note, commands })).toThrow(`Command "${name}" ${rule}`);
  });

  it.each(['pay-in', 'PAID_IN', 'order.placed', 'A2', 'constructor', 'x'.repeat(128)])(
    'accepts "%s" as the name of an event and a command',
    (name) => {
      const events = { ...note.events, [name]: note.events.Noted };
      const commands = { ...note.commands, [name]: note.commands.note };
      expect(Object.keys(defineStream({ ...note, events, commands }).commands)).toContain(name);
    },
  );

  it('refuses names that differ only in case, which some file systems do not tell apart', () => {
    const { Noted } = note.events;
    expect(() => defineStream({ ...note, events: { Noted, noted: Noted } })).toThrow(
      'Event "noted" of stream type note: its name differs from "Noted" only in case. Rename one of them.',
    );
    const commands = { ...note.commands, NOTE: note.commands.note };
    expect(() => defineStream({ ...note, commands })).toThrow('Command "NOTE" of stream type note: its name differs');
    expect(defineStream(given({ events: { note: Noted } }))).toHaveProperty('events.note');
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %s as the version of an event', (version) => {
    const events = { Noted: { schemaVersion: version, schema: note.events.Noted.schema } };
    expect(() => defineStream({ ...note, events })).toThrow(`Event note.Noted: its schemaVersion is ${version}`);
  });

  it.each([0, -1, 1.5, Number.NaN])(
    'refuses %s as the number of commits between snapshots, and as their code version',
    (number) => {
      const snapshots = { every: 200, codeVersion: 1 };
      for (const [name, value] of Object.entries({ every: number, codeVersion: number }))
        expect(() => defineStream({ ...note, snapshots: { ...snapshots, [name]: value } })).toThrow(
          `Stream type note: snapshots.${name} is ${number}, but must be a positive integer.`,
        );
    },
  );

  it('refuses snapshots of a state that is not JSON', () => {
    const initial = { seenAt: new Map() };
    const seen = { ...note, initial, evolve: (state: typeof initial) => state, commands: {}, reconcile: () => [] };
    expect(() => defineStream({ ...seen, snapshots: { every: 200, codeVersion: 1 } })).toThrow(
      'Stream type note: it cannot have snapshots, because its initial state is not JSON.',
    );
    expect(defineStream(seen)).toHaveProperty('initial', initial);
  });

  // Types are stripped when a definition is loaded, so they do not protect it.
  const given = (definition: object): typeof note => ({ ...note, ...definition });

  it.each([
    [{ mode: 'hom' }, 'Stream type note: mode is "hom"; did you mean home? Choose from merge, home, strong.'],
    [{ mode: 'both' }, 'Stream type note: mode is "both". Choose from merge, home, strong.'],
    [{ mode: undefined }, 'Stream type note: mode is undefined. Choose from merge, home, strong.'],
    [
      { mode: 'home', hom: () => 'eu' },
      'Stream type note: there is no member hom; did you mean home? Choose from type, mode, events, initial, evolve, conflicts, commands, snapshots, home, reconcile.',
    ],
    [{ mode: 'home' }, 'Stream type note: the member home is missing.'],
    [
      { commands: { note: { inputs: note.commands.note.input, decide: note.commands.note.decide } } },
      'Command note.note: there is no member inputs; did you mean input? Choose from input, decide, home.',
    ],
    [
      { events: { Noted: { ...note.events.Noted, exampl: {} } } },
      'Event note.Noted: there is no member exampl. Choose from schemaVersion, schema, sample, earlier.',
    ],
    [
      { snapshots: { every: 200, codeVersion: 1, settled: 0 } },
      'Stream type note: snapshots: there is no member settled; did you mean settle? Choose from every, codeVersion, settle.',
    ],
    [
      { mode: 'strong', reconcile: () => [] },
      'Stream type note: `reconcile` is only for merge and home streams. A strong stream has no conflicts: remove it.',
    ],
    [
      { escrow: true, reconcile: () => [] },
      'Stream type note: `reconcile` is not for types with `escrow`. What a log takes does not conflict with what another one takes: remove one of them.',
    ],
    [
      { mode: 'home', home: () => 'eu', reconcile: () => [], reconcileIn: (): string => 'eu' },
      'Stream type note: `reconcileIn` is only for merge streams. A home stream is repaired in its home.',
    ],
    [
      { reconcileIn: (): string => 'eu' },
      'Stream type note: `reconcileIn` says where `reconcile` is called, which is missing. Add it.',
    ],
  ])('refuses a misspelt value or member, and names the one that is meant: %o', (definition, message) => {
    expect(() => defineStream(given(definition))).toThrow(message);
  });

  it('may say where it is repaired', () => {
    const reconcileIn = (): string => 'eu';
    expect(defineStream({ ...note, reconcile: () => [], reconcileIn })).toHaveProperty('reconcileIn', reconcileIn);
  });

  it('without `reconcile` has nothing to repair', () => {
    const strong = defineStream({ ...note, mode: 'strong' });
    for (const definition of [note, strong]) expect(reconcileWith(definition, note.initial, [])).toEqual([]);
  });

  it('may have every member that its type has', () => {
    const { checkId: _, ...both } = { checkId: () => undefined, ...note };
    const snapshots = { every: 200, codeVersion: 1, settle: 0 };
    expect(defineStream({ ...both, snapshots, checkId: () => undefined })).toHaveProperty('checkId');
    expect(defineStream({ ...both, snapshots, mode: 'home', home: () => 'eu' })).toHaveProperty('home');
  });

  it('is returned unchanged', () => {
    const definition = { ...note, type: 'a-1' };
    expect(defineStream(definition)).toBe(definition);
  });
});

describe('the home of a stream', () => {
  it('is one of the Regions; another one is reported as a fault of `home`, not as an outage', () => {
    const far = defineStream({ ...account, home: () => 'eu-west-9' });
    const stream = { type: 'account', id: 'us.1', name: 'account/us.1' };
    expect(homeOf(account, stream, ['us', 'eu'])).toBe('us');
    expect(() => homeOf(far, stream, ['us', 'eu'])).toThrow(
      expect.objectContaining({
        code: 'internal',
        retryable: false,
        message:
          '`home` of stream type account returned "eu-west-9" for the id us.1, but the Regions of the deployment are us, eu. Fix `home`.',
      }),
    );
  });
});

describe('events', () => {
  it('are stored in the current version of their type, as their schema returns them', () => {
    const sent = [
      { type: 'Deposited', schemaVersion: 2, data: { amount: 1 } },
      { type: 'Withdrawn', data: { amount: 2 } },
    ];
    expect(parseEvents(account, sent)).toEqual([sent[0], { ...sent[1], schemaVersion: 1 }]);
    const Dated = { schemaVersion: 1, schema: z.strictObject({ at: z.string().transform((at) => at.slice(0, 10)) }) };
    const dates = defineStream({
      ...note,
      events: { Dated },
      evolve: (state) => state,
      conflicts: () => true,
      reconcile: () => [],
      commands: {},
    });
    expect(parseEvents(dates, [{ type: 'Dated', data: { at: '2001-01-01T00:00:00Z' } }])).toEqual([
      { type: 'Dated', schemaVersion: 1, data: { at: '2001-01-01' } },
    ]);
  });

  it('are refused if the output of their schema cannot be stored, in every version', () => {
    const dated = z.strictObject({ at: z.coerce.date() });
    const text = z.strictObject({ at: z.string() });
    const upcast = ({ at }: { at: unknown }) => ({ at: String(at) });
    const Dated = nextVersion({ schemaVersion: 1, schema: dated }, { schemaVersion: 2, schema: text, upcast });
    const dates = defineStream({
      ...note,
      events: { Dated },
      evolve: (state) => state,
      conflicts: () => true,
      reconcile: () => [],
      commands: {},
    });
    expect(parseEvents(dates, [{ type: 'Dated', data: { at: 'now' } }])).toHaveLength(1);
    expect(() => parseEvents(dates, [{ type: 'Dated', schemaVersion: 1, data: { at: 0 } }])).toThrow(
      expect.objectContaining({
        code: 'validation',
        details: { faults: [{ path: 'events[0].data.at', message: 'is a Date, which JSON cannot express' }] },
      }),
    );
  });

  it('are refused with the path of every fault at once', () => {
    const sent = [
      { type: 'Deposited', schemaVersion: 3, data: { amount: 'x' } },
      { type: 'Deposited', data: { amount: 1 } },
      { type: 'Withdrawn', data: null },
    ];
    expect(() => parseEvents(account, sent)).toThrow(
      expect.objectContaining({
        code: 'validation',
        details: {
          faults: [
            { path: 'events[0].schemaVersion', message: expect.stringMatching(/3.*Deposited.*version 2/) },
            { path: 'events[0].data.amount', message: expect.any(String) },
            { path: 'events[2].data', message: expect.any(String) },
          ],
        },
      }),
    );
  });

  it.each(['Vanished', 'toString', '__proto__', ''])('of an unknown type are refused: "%s"', (type) => {
    expect(() => parseEvents(note, [{ type: 'Noted', data: { text: 'a' } }, { type }])).toThrow(
      expect.objectContaining({
        code: 'unknown-event',
        details: { path: 'events[1].type', known: ['Noted'] },
      }),
    );
  });
});

describe('commands', () => {
  it('are found by name', () => {
    expect(commandOf(note, 'once')).toBe(note.commands.once);
  });

  it.each(['vanish', 'constructor', ''])('that are not known are refused: "%s"', (name) => {
    const refusal = expect.objectContaining({
      code: 'unknown-command',
      details: { known: ['note', 'once', 'after'] },
    });
    expect(() => commandOf(note, name)).toThrow(refusal);
    expect(() => parseInput(note, name, {})).toThrow(refusal);
  });

  it('get the output of their input schema', () => {
    const input = z.strictObject({ text: z.string().default('nothing') });
    const definition = defineStream({ ...note, commands: { note: { ...note.commands.note, input } } });
    expect(parseInput(definition, 'note', {})).toEqual({ text: 'nothing' });
  });

  it('refuse an input that cannot be carried to the home of a stream', () => {
    expect(() => parseInput(note, 'note', { text: '\ud83d' })).toThrow(
      expect.objectContaining({
        code: 'validation',
        details: { faults: [{ path: 'input.text', message: expect.stringContaining('surrogate') }] },
      }),
    );
  });

  it('refuse an input with the path of every fault', () => {
    expect(() => parseInput(note, 'after', { text: 1 })).toThrow(
      expect.objectContaining({
        code: 'validation',
        details: {
          faults: [
            { path: 'input.text', message: expect.any(String) },
            { path: 'input.after', message: expect.any(String) },
          ],
        },
      }),
    );
  });
});
