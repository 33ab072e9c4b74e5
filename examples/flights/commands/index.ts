import type { Command } from 'commander';
import { addBook } from './book.ts';
import { addStart } from './start.ts';

/** The commands that this project adds to `meridian`: run the example, and book a seat. */
export function addCommands(program: Command): void {
  program.commandsGroup('A local world:');
  addStart(program);
  program.commandsGroup('Streams and views of a Region:');
  addBook(program);
}
