import { createHash } from 'node:crypto';
import { type EventPattern as CdkEventPattern, Match } from 'aws-cdk-lib/aws-events';
import { EVENT_PATTERN_CHARACTERS } from '../../core/limits/aws.ts';
import type { EventPattern, PatternValue } from '../../core/wire/bus.ts';

/** Converts a pattern of core, which the world matches events with, to the CDK's form. */
export function toEventPattern({ source, 'detail-type': detailType, detail }: EventPattern): CdkEventPattern {
  return {
    ...(source && { source: matchersOf(source) }),
    ...(detailType && { detailType: matchersOf(detailType) }),
    ...(detail && { detail: { meta: matchersIn(detail.meta) } }),
  };
}

function matchersIn({ region, log }: NonNullable<EventPattern['detail']>['meta']) {
  return { region: matchersOf(region), ...(log && { log: matchersOf(log) }) };
}

/** A part of a pattern: 1, 2, 3 … */
export interface PatternPart {
  readonly part: number;
  readonly pattern: EventPattern;
}

/**
 * Splits a pattern that is too long for one rule by its sources: an event matches exactly one of the parts if it
 * matches the pattern. The number of parts is a power of two and a source's part depends on its digest, so adding a
 * source changes one rule only, unless the number doubles.
 * @returns the parts, in order; one with everything if its sources cannot be split
 */
export function splitPattern(pattern: EventPattern): readonly PatternPart[] {
  const { source = [] } = pattern;
  for (let count = 1; count <= source.length; count *= 2) {
    const parts = Map.groupBy(source, (value) => digestOf(value) % count);
    const all = [...parts]
      .sort(([a], [b]) => a - b)
      .map(([i, own]) => ({ part: i + 1, pattern: { ...pattern, source: own } }));
    if (all.every((each) => JSON.stringify(each.pattern).length <= EVENT_PATTERN_CHARACTERS)) return all;
  }
  return [{ part: 1, pattern }];
}

function digestOf(value: PatternValue): number {
  return createHash('sha256').update(JSON.stringify(value)).digest().readUInt32BE();
}

function matchersOf(values: readonly PatternValue[]): string[] {
  return values.flatMap((value) => {
    if (typeof value === 'string') return value;
    if ('prefix' in value) return Match.prefix(value.prefix);
    if ('exists' in value) return Match.doesNotExist();
    const not = value['anything-but'];
    return 'prefix' in not ? Match.anythingButPrefix(not.prefix) : Match.anythingBut(...not);
  });
}
