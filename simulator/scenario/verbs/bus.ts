import { APPEND, acceptedSchema, COMMAND, problemSchema } from '../../../core/index.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { type Arguments, jsonOf } from '../arguments.ts';
import { shownAppend, shownProblem } from '../show.ts';
import { silently, type Verb } from '../verb.ts';
import { eventsOf, inputOf } from './append.ts';

function detailIn(kind: 'append' | 'command', args: Arguments): unknown {
  const stream = args.word('stream');
  const id = args.option('id');
  const given = id === undefined ? { stream } : { id, stream };
  if (kind === 'append') return { ...given, events: eventsOf(stream, args.words()) };
  return { ...given, command: args.word('command'), input: inputOf(stream, args.word('input')) };
}

/** A message of a producer, on a Region's bus. */
export const put: Verb = {
  usage:
    'put <region> append <stream> <type> <data>… [id=] | put <region> command <stream> <command> <input> [id=] | put <region> raw <JSON>',
  parse: (args) => {
    const region = args.word('region');
    const kind = args.oneOf('what', ['append', 'command', 'raw']);
    const detail = kind === 'raw' ? jsonOf(args.word('JSON')) : detailIn(kind, args);
    return silently(async (stage) => {
      const detailType = kind === 'command' ? COMMAND : APPEND;
      await stage.region(region).bus.put([{ source: 'shop', detailType, detail: JSON.stringify(detail) }]);
    });
  },
};

/** An event on a Region's bus that no Region wrote. */
export const forge: Verb = {
  usage: 'forge <region> <stream> <log> <position> <text>',
  parse: (args) => {
    const [region, stream, log] = [args.word('region'), args.word('stream'), args.word('log')];
    const [position, text] = [Number(args.word('position')), args.word('text')];
    return silently(async (stage) => {
      const forged = {
        ...{ stream, log, position, region: log, previous: position - 1, context: {}, meta: {} },
        ...{ commitId: 'forged', fingerprint: 'forged', hlc: '019b76da80000000' },
        events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
      };
      await stage.region(region).bus.put(entriesOf(forged));
    });
  },
};

/** What a Region's bus delivered since the last time: events and outcomes by their ids. */
export const bus: Verb = {
  usage: 'bus <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      stage.region(region);
      const heard = [...stage.journal.events(region)].sort(([a], [b]) => (a < b ? -1 : 1));
      return heard.length === 0 ? ['nothing'] : heard.map(([id, count]) => (count === 1 ? id : `${id} ${count} times`));
    };
  },
};

/** The receipts on a Region's bus since the last time. */
export const receipts: Verb = {
  usage: 'receipts <region>',
  parse: (args) => {
    const region = args.word('region');
    return async (stage) => {
      stage.region(region);
      const lines = stage.journal.receipts(region).map(({ 'detail-type': type, detail }) => {
        const accepted = acceptedSchema.safeParse(detail);
        const result = accepted.success
          ? shownAppend(accepted.data)
          : shownProblem(problemSchema.parse(detail.problem));
        return `${type} ${detail.id}: ${result}`;
      });
      return lines.length === 0 ? ['none'] : lines;
    };
  },
};
