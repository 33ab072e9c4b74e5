import { type EventPattern as CdkEventPattern, Match } from 'aws-cdk-lib/aws-events';
import type { EventPattern, PatternValue } from '../../core/wire/bus.ts';

/** Converts a pattern of core, which the world matches events with, to the CDK's form. */
export function toEventPattern({ source, 'detail-type': detailType, detail }: EventPattern): CdkEventPattern {
  return {
    ...(source && { source: matchersOf(source) }),
    ...(detailType && { detailType: matchersOf(detailType) }),
    ...(detail && { detail: { meta: { region: matchersOf(detail.meta.region) } } }),
  };
}

function matchersOf(values: readonly PatternValue[]): string[] {
  return values.flatMap((value) => {
    if (typeof value === 'string') return value;
    if ('prefix' in value) return Match.prefix(value.prefix);
    const not = value['anything-but'];
    return 'prefix' in not ? Match.anythingButPrefix(not.prefix) : Match.anythingBut(...not);
  });
}
