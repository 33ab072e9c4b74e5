// What can be stored and carried: the one definition for everything that is appended, decided, refused, projected or put
// on a bus. It is JSON that is read back equal, within the limits of DynamoDB, SQS and EventBridge, so that every Region
// and every consumer gets what was sent.

import { MAX_BUS_INTEGER, MAX_ITEM_BYTES } from '../limits/aws.ts';
import { MAX_MESSAGE_NESTING, MAX_NESTING } from '../limits/budgets.ts';
import { type Fault, pathOf } from './fault.ts';
import { isObject } from './json.ts';

/** How many faults are looked for. */
const MAX_FAULTS = 100;

/** Listing the keys of an array takes long, and one with more items than this is too large to be stored. */
const LONG_ARRAY = MAX_ITEM_BYTES / 2;

/** An object or array on the way to the part that is looked at, and the number of its members that were. */
interface Frame {
  readonly value: object;
  readonly members: readonly unknown[];
  /** The names of its members; undefined for an array. */
  readonly names: readonly string[] | undefined;
  seen: number;
}

/** U+FFFE and U+FFFF, which SQS refuses, and halves of surrogate pairs, which UTF-8 cannot express. */
const NOT_CARRIED = /[\ufffe\uffff]/;

/** True if a text reaches every reader unchanged. */
export function isCarriedText(text: string): boolean {
  return text.isWellFormed() && !NOT_CARRIED.test(text);
}

/** A text with U+FFFD instead of every character that cannot be carried. */
export function carriedText(text: string): string {
  return text.toWellFormed().replace(/[\ufffe\uffff]/g, '\ufffd');
}

/**
 * The faults of a value that cannot be stored and carried, with their paths: at most 100. Members that are undefined are
 * allowed, because JSON omits them. Does not recurse, so that no depth can overflow the stack.
 * @param prefix path of the value
 * @param levels maximum depth of its objects and arrays
 */
export function carriedFaults(value: unknown, prefix: string, levels = MAX_NESTING): readonly Fault[] {
  if (value === undefined || isPlainlyCarried(value, levels)) return [];
  const faults: Fault[] = [];
  const frames: Frame[] = [];
  const visit = (part: unknown): void => {
    const fault =
      nameFault(frames) ?? scalarFault(part) ?? (isObject(part) ? objectFault(part, frames, levels) : undefined);
    if (fault !== undefined) faults.push({ path: pathIn(frames, prefix), message: fault });
    else if (isObject(part)) frames.push(frameOf(part));
  };
  visit(value);
  for (let frame = frames.at(-1); frame && faults.length < MAX_FAULTS; frame = frames.at(-1))
    if (frame.seen === frame.members.length) frames.pop();
    else {
      const member = frame.members[frame.seen++];
      if (member !== undefined || !frame.names) visit(member);
    }
  return faults;
}

/**
 * True for most of what has no faults, in less time than it takes to look for them. Recurses, but at most as deep as
 * is allowed.
 */
function isPlainlyCarried(value: unknown, levels: number): boolean {
  if (!isObject(value)) return scalarFault(value) === undefined;
  if (levels === 0 || Object.getOwnPropertySymbols(value).length > 0) return false;
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype || value.length >= LONG_ARRAY) return false;
    // `every` would pass over the gaps of a sparse array.
    for (const item of value) if (!isPlainlyCarried(item, levels - 1)) return false;
    return Object.keys(value).length === value.length;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const name of Object.keys(value)) {
    if (!isCarriedText(name)) return false;
    const member: unknown = Reflect.get(value, name);
    if (member !== undefined && !isPlainlyCarried(member, levels - 1)) return false;
  }
  return true;
}

/** The faults of a message as it arrives, before it is parsed: of its contents, and of the envelope around them. */
export function messageFaults(message: unknown, prefix = ''): readonly Fault[] {
  return carriedFaults(message, prefix, MAX_MESSAGE_NESTING);
}

function frameOf(value: object): Frame {
  if (Array.isArray(value)) return { value, members: value, names: undefined, seen: 0 };
  return { value, members: Object.values(value), names: Object.keys(value), seen: 0 };
}

/** The key of the member that is looked at. */
function keyIn({ names, seen }: Frame): string | number {
  return names?.[seen - 1] ?? seen - 1;
}

function nameFault(frames: readonly Frame[]): string | undefined {
  const frame = frames.at(-1);
  if (!frame?.names || isCarriedText(String(keyIn(frame)))) return undefined;
  return `is a name with ${UNCARRIED_CHARACTERS}`;
}

/** Names with characters that cannot be carried are reported too, so the path replaces them. */
function pathIn(frames: readonly Frame[], prefix: string): string {
  return carriedText(pathOf(frames.map(keyIn), prefix));
}

const UNCARRIED_CHARACTERS = 'U+FFFE, U+FFFF or half of a surrogate pair, which cannot be carried';

/** What is wrong with a value that is not an object; undefined: nothing. */
function scalarFault(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return isCarriedText(value) ? undefined : `has ${UNCARRIED_CHARACTERS}`;
    case 'number':
      return numberFault(value);
    case 'undefined':
      return 'is undefined, which JSON cannot express in an array';
    case 'bigint':
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON cannot express`;
    default:
      return undefined;
  }
}

function numberFault(value: number): string | undefined {
  if (!Number.isFinite(value)) return `is ${value}, which JSON cannot express`;
  if (Object.is(value, -0)) return 'is -0, which JSON reads back as 0';
  // Every number of this size is an integer, and EventBridge refuses integers of more than 64 bits.
  if (Math.abs(value) >= MAX_BUS_INTEGER) return `is ${value}, but a number must be between -2^63 and 2^63: use text`;
  return undefined;
}

/** What is wrong with an object, apart from its members. */
function objectFault(value: object, above: readonly Frame[], levels: number): string | undefined {
  if (above.length >= levels)
    return above.some((frame) => frame.value === value)
      ? 'contains itself'
      : `is nested too deeply: at most ${levels} levels are allowed`;
  if (!isPlain(value)) return `is a ${classOf(value)}, which JSON cannot express`;
  if (Object.getOwnPropertySymbols(value).length > 0) return 'has a symbol as a key, which JSON cannot express';
  if (Array.isArray(value) && value.length < LONG_ARRAY && Object.keys(value).length > value.length)
    return 'has properties next to its items, which JSON omits';
  return undefined;
}

/** True for arrays and for objects that are not instances of a class. They may come from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) return true;
  const base: unknown = Array.isArray(value) && isObject(prototype) ? Object.getPrototypeOf(prototype) : prototype;
  return base === null || Object.getPrototypeOf(base) === null;
}

function classOf(value: object): string {
  const name: unknown = Reflect.get(value, 'constructor');
  return typeof name === 'function' && name.name !== '' ? name.name : 'class instance';
}

/**
 * A copy without the parts that cannot be carried: undefined if nothing is left. Characters that cannot be carried are
 * replaced, and values that have a JSON form of their own, such as a Date, are copied in it.
 */
export function carriedCopy(value: unknown, ancestors: readonly object[] = []): unknown {
  if (typeof value === 'string') return carriedText(value);
  if (!isObject(value)) return value === undefined || scalarFault(value) !== undefined ? undefined : value;
  if (ancestors.length >= MAX_NESTING || ancestors.includes(value)) return undefined;
  const within = [...ancestors, value];
  // As in JSON, an item that is left out is null: the others keep their places.
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => carriedCopy(item, within) ?? null);
  const form = jsonForm(value);
  if (form !== value) return carriedCopy(form, within);
  if (!isPlain(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      const copy = carriedCopy(member, within);
      return copy === undefined ? [] : [[carriedText(key), copy]];
    }),
  );
}

/** The JSON form of an object that defines one. */
function jsonForm(value: object): unknown {
  const toJson: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJson !== 'function') return value;
  try {
    return Reflect.apply(toJson, value, ['']);
  } catch {
    return undefined;
  }
}
