import type * as z from 'zod';
import { carriedFaults } from '../facts/carried.ts';
import type { StoredEvent } from '../facts/commit.ts';
import type { Disagreement } from '../facts/conflict.ts';
import { faultsOf, invalid, MeridianError, messageOf, refuseFaults, reject } from '../facts/errors.ts';
import type { Fault } from '../facts/fault.ts';
import type { Hlc } from '../facts/hlc.ts';
import type { SentEvent } from '../facts/operation.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import type { ConflictToRepair, EvolveContext, KnowsConflicts, Mode } from './conflicts.ts';
import {
  checkEvent,
  type EventVersion,
  type EventVersions,
  eventNamed,
  schemaVersionsOf,
  upcastEvent,
} from './event-version.ts';
import { checkMembers, checkValue, type Members } from './members.ts';
import { checkMemberNames, checkTypeName } from './names.ts';
import { checkSnapshots, type Snapshots } from './snapshots.ts';

/**
 * An event as `evolve` receives it: in its type's current version, whatever version it was stored in, with its origin.
 */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly schemaVersion: number;
  readonly data: Data;
  /** `<stream>@<log>.<position>.<index>` */
  readonly id: string;
  readonly commitId: string;
  readonly hlc: Hlc;
  /** The Region that wrote it. */
  readonly region: string;
}

export type EventOf<Events extends EventVersions> = {
  [Type in keyof Events & string]: RecordedEvent<Type, z.output<Events[Type]['schema']>>;
}[keyof Events & string];

/** An event as a command returns it; it is stored in its type's current version. */
export type NewEventOf<Events extends EventVersions> = {
  [Type in keyof Events & string]: { readonly type: Type; readonly data: z.input<Events[Type]['schema']> };
}[keyof Events & string];

export interface DecideContext {
  /** The stream's id, without its type. */
  readonly id: string;
  /** Wall clock of the deciding Region, milliseconds since 1970. */
  readonly now: number;
  /** Who decides, and who else could. Only in a type with `escrow`: elsewhere a decision must not depend on it. */
  readonly writer?: LogOwner;
}

/** The log that a decision is written to. */
export interface LogOwner {
  readonly log: string;
  /** The logs that the Regions of the deployment write, by Region. */
  readonly logs: Readonly<Record<string, string>>;
}

/** The schema of each command's input, by the command's name. */
export type InputSchemas = Readonly<Record<string, z.ZodType>>;

export interface CommandDefinition<State, Event, Input extends z.ZodType> {
  readonly input: Input;
  /** Pure. Returns the events to append (none: nothing changes) or throws `reject(…)`. */
  decide(state: State, input: z.output<Input>, context: DecideContext): readonly Event[];
  /**
   * The only Region that decides it, in a `merge` stream: a pure function of the input. Other Regions route the command there, so
   * that a retry is never decided twice. @default every Region decides it
   */
  home?(input: z.output<Input>, regions: readonly string[]): string;
}

interface StreamSpec<Type extends string, State, Events extends EventVersions, Inputs extends InputSchemas> {
  /** `[a-z][a-z0-9-]*`, at most 64 characters */
  readonly type: Type;
  readonly events: Events;
  /** The state of a stream without events. */
  readonly initial: State;
  /** Pure: returns the next state and does not modify the given one. Ignoring `concurrent` means that the last writer wins. */
  evolve(state: State, event: EventOf<Events>, context: EvolveContext<EventOf<Events>>): State;
  /**
   * Whether two events conflict whose writers had not seen each other; `earlier` is folded first. Pure. It changes no state: it says what is
   * shown as a conflict. @default as the rules of `evolveBy` say; without them every two events conflict
   */
  conflicts?(earlier: EventOf<Events>, later: EventOf<Events>): boolean;
  readonly commands: {
    readonly [Name in keyof Inputs]: CommandDefinition<State, NewEventOf<Events>, Inputs[Name]>;
  };
  /** Requires a state that is JSON. @default none: a stream is loaded in full, in one request per megabyte */
  readonly snapshots?: Snapshots;
}

/** What the types have in common whose streams every Region writes. */
interface OpenSpec<Type extends string, State, Events extends EventVersions, Inputs extends InputSchemas>
  extends StreamSpec<Type, State, Events, Inputs> {
  /**
   * Refuses ids that no stream of the type may have: a pure function that throws `reject(…)` for them. Nothing is appended to
   * such a stream. @default all ids are valid
   */
  checkId?(id: string): void;
}

/** What the types have in common whose commits can conflict. */
interface RepairSpec<State, Events extends EventVersions> {
  /**
   * Repairs conflicts, in one Region: returns the events that are still missing in the state, such as the refund of a loser; none if
   * nothing is. Earlier repairs are in the state. Pure. What it returns is stored with all that its Region had seen, so that no
   * conflict is repaired twice: on a state with what it has returned it must return nothing. @default conflicts are only shown
   */
  reconcile?(state: State, conflicts: readonly ConflictToRepair<EventOf<Events>>[]): readonly NewEventOf<Events>[];
}

export interface MergeStream<
  Type extends string = string,
  State = unknown,
  Events extends EventVersions = EventVersions,
  Inputs extends InputSchemas = InputSchemas,
> extends OpenSpec<Type, State, Events, Inputs>,
    RepairSpec<State, Events> {
  readonly mode: 'merge';
  /**
   * The only Region that repairs a stream: a pure function of the stream's id. @default the first Region of the deployment
   */
  reconcileIn?(id: string, regions: readonly string[]): string;
  /**
   * What a Region may take is held by the log that it writes, as with `boundedCounter`. So events come from commands only, and these are
   * decided on all that their Region has seen: it waits for `basedOn`, and does not decide on that version.
   * @default false
   */
  readonly escrow?: boolean;
}

export interface HomeStream<
  Type extends string = string,
  State = unknown,
  Events extends EventVersions = EventVersions,
  Inputs extends InputSchemas = InputSchemas,
> extends StreamSpec<Type, State, Events, Inputs>,
    RepairSpec<State, Events> {
  readonly mode: 'home';
  /** The only Region that may append, also repairs: a pure function of the stream's id. Throws `reject(…)` for an id without a home. */
  home(id: string, regions: readonly string[]): string;
}

/** A stream that every Region writes, and that is linearizable: each append and each read waits for a majority of the Regions. */
export interface StrongStream<
  Type extends string = string,
  State = unknown,
  Events extends EventVersions = EventVersions,
  Inputs extends InputSchemas = InputSchemas,
> extends OpenSpec<Type, State, Events, Inputs> {
  readonly mode: 'strong';
}

/** A stream type. Without type arguments: any; with them: exactly what `defineStream` infers. */
export type StreamDefinition<
  Type extends string = string,
  StreamMode extends Mode = Mode,
  State = unknown,
  Events extends EventVersions = EventVersions,
  Inputs extends InputSchemas = InputSchemas,
> = {
  readonly merge: MergeStream<Type, State, Events, Inputs>;
  readonly home: HomeStream<Type, State, Events, Inputs>;
  readonly strong: StrongStream<Type, State, Events, Inputs>;
}[StreamMode];

const SPEC_MEMBERS: Members<Omit<HomeStream, 'home' | 'reconcile'>> = {
  type: 'required',
  mode: 'required',
  events: 'required',
  initial: 'required',
  evolve: 'required',
  conflicts: 'optional',
  commands: 'required',
  snapshots: 'optional',
};

const STREAM_MEMBERS: { readonly [StreamMode in Mode]: Members<StreamDefinition<string, StreamMode>> } = {
  merge: {
    ...{ ...SPEC_MEMBERS, checkId: 'optional', escrow: 'optional' },
    ...{ reconcile: 'optional', reconcileIn: 'optional' },
  },
  home: { ...SPEC_MEMBERS, home: 'required', reconcile: 'optional' },
  strong: { ...SPEC_MEMBERS, checkId: 'optional' },
};

const COMMAND_MEMBERS: Members<StreamDefinition['commands'][string]> = {
  input: 'required',
  decide: 'required',
  home: 'optional',
};

/**
 * `tx` keeps the outcomes of transactions; `receipt` is the source of `Accepted` and `Rejected` on the bus, `conflict` that of
 * `ConflictOpen` and `ConflictResolved`.
 */
const RESERVED = ['tx', 'receipt', 'conflict'];

/**
 * Defines a stream type.
 * @throws Error when a name is malformed or reserved, a member is missing or unknown, an event version is not 1, 2, 3 …, or
 *   the type cannot have snapshots
 */
export function defineStream<
  const Type extends string,
  StreamMode extends Mode,
  State,
  const Events extends EventVersions,
  Inputs extends InputSchemas,
>(
  definition: { readonly mode: StreamMode } & StreamDefinition<Type, Mode, State, Events, Inputs>,
): StreamDefinition<Type, StreamMode, State, Events, Inputs>;
// The mode of the result is that of the argument, which the compiler cannot infer from the body.
export function defineStream(definition: StreamDefinition): StreamDefinition {
  const { type, mode, events, commands, initial, snapshots } = definition;
  checkTypeName('Stream type', type);
  if (RESERVED.includes(type)) throw new Error(`Stream type "${type}" is Meridian's own: choose another name.`);
  checkValue(`Stream type ${type}: mode`, mode, Object.keys(STREAM_MEMBERS));
  checkRepairs(definition);
  checkMembers(`Stream type ${type}`, definition, STREAM_MEMBERS[mode]);
  checkMemberNames('Event', type, Object.keys(events));
  checkMemberNames('Command', type, Object.keys(commands));
  for (const [name, event] of Object.entries(events)) checkEvent(`${type}.${name}`, event);
  for (const [name, command] of Object.entries(commands)) {
    checkMembers(`Command ${type}.${name}`, command, COMMAND_MEMBERS);
    if (command.home && mode !== 'merge')
      throw new Error(
        `Command ${type}.${name}: \`home\` is only for commands of merge streams. ${mode === 'home' ? 'A home stream has one' : 'Every Region decides the commands of a strong stream'}.`,
      );
  }
  if (snapshots) checkSnapshots(type, initial, snapshots);
  return definition;
}

/** @throws Error if a type has repairs that cannot have any, or a part of what they need */
function checkRepairs(definition: StreamDefinition): void {
  const { type, mode } = definition;
  const has = (name: string): boolean => Object.hasOwn(definition, name);
  if (has('reconcile') && mode === 'strong')
    throw new Error(
      `Stream type ${type}: \`reconcile\` is only for merge and home streams. A strong stream has no conflicts: remove it.`,
    );
  if (has('reconcile') && hasEscrow(definition))
    throw new Error(
      `Stream type ${type}: \`reconcile\` is not for types with \`escrow\`. What a log takes does not conflict with what another one takes: remove one of them.`,
    );
  if (!has('reconcileIn')) return;
  if (mode === 'home')
    throw new Error(
      `Stream type ${type}: \`reconcileIn\` is only for merge streams. A home stream is repaired in its home.`,
    );
  if (!has('reconcile'))
    throw new Error(
      `Stream type ${type}: \`reconcileIn\` says where \`reconcile\` is called, which is missing. Add it.`,
    );
}

/**
 * Checks events against their schemas.
 * @throws MeridianError `unknown-event`; `validation` with the path of every fault
 */
export function parseEvents(definition: StreamDefinition, events: readonly SentEvent[]): readonly StoredEvent[] {
  const { parsed, faults } = checkEvents(definition, events);
  if (faults.length > 0) throw invalid(faults);
  return parsed;
}

/**
 * Events as parsed by their schemas, whose output can be stored and carried, in the current version of their type, and every fault. Earlier versions are accepted too,
 * because producers are updated after the Regions. An event without a version has the current one.
 * @throws MeridianError `unknown-event`; `internal`: an upcaster failed
 */
export function checkEvents(
  definition: StreamDefinition,
  events: readonly SentEvent[],
): { readonly parsed: readonly StoredEvent[]; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const parsed = events.map((event, index) => {
    const known = eventNamed(definition.events, event.type);
    if (!known)
      throw new MeridianError('unknown-event', `Stream type ${definition.type} has no event ${event.type}.`, {
        details: { path: `events[${index}].type`, known: Object.keys(definition.events) },
      });
    const { type, schemaVersion = known.schemaVersion } = event;
    const sentAs = schemaVersionsOf(known).find((each) => each.schemaVersion === schemaVersion);
    if (!sentAs)
      faults.push({
        path: `events[${index}].schemaVersion`,
        message: `is ${schemaVersion}, but ${type} is at version ${known.schemaVersion}`,
      });
    const path = `events[${index}].data`;
    const { success, data, error } = (sentAs ?? known).schema.safeParse(event.data);
    const own = success ? carriedFaults(data, path) : faultsOf(error, path);
    faults.push(...own);
    return own.length === 0 && sentAs ? toCurrent(known, { type, schemaVersion, data }) : { type, schemaVersion, data };
  });
  return { parsed, faults };
}

/** The schema has accepted the event, so a failing upcaster is the domain's fault, not the caller's. */
function toCurrent(known: EventVersion, event: StoredEvent): StoredEvent {
  try {
    return upcastEvent(known, event);
  } catch (cause) {
    throw new MeridianError('internal', `${messageOf(cause)}. Fix the upcaster.`, { cause });
  }
}

/** @throws MeridianError `unknown-command`; `validation` with the path of every fault */
export function parseInput(definition: StreamDefinition, name: string, input: unknown): unknown {
  const { parsed, faults } = checkInput(commandOf(definition, name), input, 'input');
  refuseFaults(faults);
  return parsed;
}

/**
 * A command's input as parsed by its schema, and every fault: what cannot be carried to another Region, or else what the
 * schema refuses.
 * @param path path of the input
 */
export function checkInput(
  { input: schema }: StreamDefinition['commands'][string],
  input: unknown,
  path: string,
): { readonly parsed?: unknown; readonly faults: readonly Fault[] } {
  const faults = carriedFaults(input, path);
  if (faults.length > 0) return { faults };
  const { success, data, error } = schema.safeParse(input);
  return success ? { parsed: data, faults } : { faults: faultsOf(error, path) };
}

/** @throws MeridianError `unknown-command` */
export function commandOf(definition: StreamDefinition, name: string): StreamDefinition['commands'][string] {
  const command = Object.hasOwn(definition.commands, name) ? definition.commands[name] : undefined;
  if (!command)
    throw new MeridianError('unknown-command', `Stream type ${definition.type} has no command ${name}.`, {
      details: { known: Object.keys(definition.commands) },
    });
  return command;
}

/**
 * A stream's home Region; undefined for a `merge` or `strong` stream, which every Region writes.
 * @throws MeridianError `rejected`: the type has no stream with this id; `internal`: `home` returned an unknown Region
 */
export function homeOf(
  definition: StreamDefinition,
  { id }: StreamRef,
  regions: readonly string[],
): string | undefined {
  if (definition.mode !== 'home') {
    definition.checkId?.(id);
    return undefined;
  }
  const home = definition.home(id, regions);
  if (regions.includes(home)) return home;
  throw new MeridianError(
    'internal',
    `\`home\` of stream type ${definition.type} returned ${JSON.stringify(home)} for the id ${id}, but the Regions of the deployment are ${regions.join(', ')}. Fix \`home\`.`,
  );
}

/**
 * The only Region that decides a command; undefined if every Region does.
 * @throws MeridianError `unknown-command`; `validation`; `rejected`: the deployment does not have this Region
 */
export function homeOfCommand(
  definition: StreamDefinition,
  { command: name, input }: { readonly command: string; readonly input?: unknown },
  regions: readonly string[],
): string | undefined {
  const command = commandOf(definition, name);
  if (!command.home) return undefined;
  const home = command.home(parseInput(definition, name, input), regions);
  if (regions.includes(home)) return home;
  // The caller has usually named the Region.
  throw reject(`No Region ${JSON.stringify(home)} decides ${name}: the Regions are ${regions.join(', ')}.`, {
    regions,
  });
}

/** True if the conflicts of a type's streams are repaired; otherwise they are only shown. */
export function hasRepairs(definition: StreamDefinition): boolean {
  return definition.mode !== 'strong' && definition.reconcile !== undefined;
}

/** The events that are still missing in a state; none if conflicts are only shown. @throws what `reconcile` throws */
export function reconcileWith(
  definition: StreamDefinition,
  state: unknown,
  conflicts: readonly ConflictToRepair<RecordedEvent>[],
): readonly SentEvent[] {
  return definition.mode === 'strong' ? [] : (definition.reconcile?.(state, conflicts) ?? []);
}

/**
 * The only Region that repairs a stream; undefined if its conflicts are only shown.
 * @throws MeridianError as `homeOf`; `internal`: `reconcileIn` returned an unknown Region
 */
export function repairRegionOf(
  definition: StreamDefinition,
  stream: StreamRef,
  regions: readonly string[],
): string | undefined {
  if (!hasRepairs(definition)) return undefined;
  if (definition.mode !== 'merge') return homeOf(definition, stream, regions);
  const region = definition.reconcileIn ? definition.reconcileIn(stream.id, regions) : regions[0];
  if (region !== undefined && regions.includes(region)) return region;
  throw new MeridianError(
    'internal',
    `\`reconcileIn\` of stream type ${definition.type} returned ${JSON.stringify(region)} for the id ${stream.id}, but the Regions of the deployment are ${regions.join(', ')}. Fix \`reconcileIn\`.`,
  );
}

/** True if what a Region may take from a stream is held by the log that it writes. */
export function hasEscrow(definition: StreamDefinition): boolean {
  return definition.mode === 'merge' && definition.escrow === true;
}

/** What two events conflict about whose writers had not seen each other; none: they do not conflict. */
export function disagreementsOf(
  { conflicts, evolve }: StreamDefinition,
  earlier: RecordedEvent,
  later: RecordedEvent,
): readonly Disagreement[] {
  if (conflicts) return conflicts(earlier, later) ? WHOLE_STATE : [];
  return knowsConflicts(evolve) ? evolve.disagreements(earlier, later) : WHOLE_STATE;
}

const WHOLE_STATE: readonly Disagreement[] = [{ part: 'state', rule: 'evolve', isOpen: false }];

function knowsConflicts(evolve: object): evolve is KnowsConflicts<RecordedEvent> {
  return 'disagreements' in evolve;
}
