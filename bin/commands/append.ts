import type { Command } from 'commander';
import { messageOf } from '../../core/facts/errors.ts';
import { regionCommand, streamArgument } from '../region-command.ts';
import { addSubmitOptions, jsonArgument, type SubmitOptions, submitFromOptions } from '../submit.ts';

/** `meridian append` */
export function addAppend(program: Command): void {
  const command = addSubmitOptions(
    regionCommand(program, 'append', 'append events to a stream, in one commit')
      .argument('<stream>', '<type>/<id>', streamArgument)
      .argument(
        '<events...>',
        'an event type and its data as JSON, one or more times; `-` reads the data from standard input',
      ),
  );
  command.addHelpText(
    'after',
    '\nEvents are appended as they are: no command decides, so rules such as "not below zero" are not checked.',
  );
  command.action(async (stream: string, words: readonly string[], options: SubmitOptions) => {
    const events = await eventsOf(words).catch((error: unknown) => command.error(`error: ${messageOf(error)}`));
    await submitFromOptions(stream, { events }, options);
  });
}

const TYPE = /^(?!(?:true|false|null)$)[A-Za-z]/;

interface Event {
  readonly type: string;
  data?: unknown;
}

/** `Departed '{"delay":5}' Arrived '{}'`: data follows its type and is optional. @throws Error */
async function eventsOf(words: readonly string[]): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (const word of words) {
    const last = events.at(-1);
    if (TYPE.test(word)) events.push({ type: word });
    else if (!last || 'data' in last) throw new Error(`An event type, such as Departed, must precede ${word}.`);
    else
      last.data = await jsonArgument(word).catch((error: unknown) => {
        throw new Error(`The data of ${last.type} is not JSON: ${messageOf(error)}`);
      });
  }
  return events;
}
