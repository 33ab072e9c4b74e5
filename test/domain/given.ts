import { commandOf, parseEvents, parseInput, type SentEvent, type StreamDefinition } from '../../core/stream.ts';

/** Given these events of a stream, what is its state, and what does a command decide? Schemas included. */
export const given = (definition: StreamDefinition, ...events: readonly SentEvent[]) => {
  const state = parseEvents(definition, events).reduce(
    (before, event, index) =>
      definition.evolve(
        before,
        { ...event, id: `stream@here.${index + 1}.0`, commitId: `${index}`, hlc: '0'.repeat(16), region: 'here' },
        { concurrent: [] },
      ),
    definition.initial,
  );
  return {
    state,
    when: (command: string, input: unknown, id = '2001-01-01.LAX-BNA.17') =>
      commandOf(definition, command).decide(state, parseInput(definition, command, input), { id, now: 0 }),
  };
};
