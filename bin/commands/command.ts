import type { Command } from 'commander';
import { messageOf } from '../../core/facts/errors.ts';
import { regionCommand, streamArgument } from '../region-command.ts';
import { addSubmitOptions, jsonArgument, type SubmitOptions, submitFromOptions } from '../submit.ts';

/** `meridian command` */
export function addCommand(program: Command): void {
  const command = addSubmitOptions(
    regionCommand(program, 'command', 'run a command on a stream')
      .argument('<stream>', '<type>/<id>', streamArgument)
      .argument('<name>', 'the command')
      .argument('[input]', 'its input as JSON; `-` reads it from standard input'),
  );
  command.action(async (stream: string, name: string, text: string | undefined, options: SubmitOptions) => {
    const input =
      text === undefined
        ? undefined
        : await jsonArgument(text).catch((error: unknown) =>
            command.error(`error: The input is not JSON: ${messageOf(error)}`),
          );
    await submitFromOptions(stream, { command: name, input }, options);
  });
}
