import { beforeAll, describe, expect, it } from 'vitest';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { acceptedEntry } from '../../../core/wire/receipt.ts';
import { aCommit } from '../../contract/commits.ts';
import { matches } from '../event-pattern.ts';
import { firstRegionOf, synthesize } from '../synthesize.ts';
import type { TemplateReader } from '../template.ts';

let kept: TemplateReader;
let none: TemplateReader;
beforeAll(() => {
  kept = firstRegionOf(synthesize({ context: { archiveDays: 14 } }));
  none = firstRegionOf(synthesize({ context: { archiveDays: 0 } }));
});

function archive() {
  const [found, ...more] = kept.ofType('AWS::Events::Archive');
  expect(more).toEqual([]);
  return found?.Properties ?? expect.fail('there is no archive');
}
function isKept(event: unknown) {
  return matches(archive().EventPattern, event);
}

describe('the archive of a bus', () => {
  it('keeps events for the given time', () => {
    expect(archive()).toMatchObject({ ArchiveName: 'meridian-events', RetentionDays: 14 });
    expect(kept.text(archive().SourceArn)).toBe('EventBus(meridian)');
  });

  it('does not exist for 0 days', () => {
    expect(none.ofType('AWS::Events::Archive')).toEqual([]);
  });

  it.each(['us-east-1', 'us-west-2'])('keeps the events of the domain that were written in %s', (region) => {
    const commit = aCommit({ region, events: [{ type: 'Noted', schemaVersion: 1, data: {} }] });
    const [entry] = entriesOf(commit);
    const { source, detailType, detail } = entry ?? expect.fail('there is no entry');
    expect(isKept({ source, 'detail-type': detailType, detail: JSON.parse(detail) })).toBe(true);
  });

  it('keeps neither receipts nor entries of producers: a replayed append could be committed twice', () => {
    const { source, detail } = acceptedEntry({ id: '1', stream: 'note/1', version: 'token' });
    expect(isKept({ source, 'detail-type': 'Accepted', detail: JSON.parse(detail) })).toBe(false);
    const append = { id: '1', stream: 'note/1', meta: { region: 'us-east-1' } };
    expect(isKept({ source: 'teller.7', 'detail-type': 'meridian.append', detail: append })).toBe(false);
  });
});
