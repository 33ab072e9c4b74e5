import { durationOf } from '../arguments.ts';
import { silently, type Verb } from '../verb.ts';

/** Lets time pass. */
export const run: Verb = {
  usage: 'run <duration>',
  parse: (args) => {
    const milliseconds = durationOf(args.word('duration'));
    return silently((stage) => stage.scheduler.run(milliseconds));
  },
};

/** Lets time pass until nothing is on its way; what a cut link holds back, and what waits for a resolver, does not count. */
export const settle: Verb = {
  usage: 'settle',
  parse: () => silently((stage) => stage.scheduler.runUntil(() => stage.world.idle)),
};

/** Lets time pass until no transaction is left that only a resolver would finish. */
export const recover: Verb = {
  usage: 'recover',
  parse: () => silently((stage) => stage.scheduler.runUntil(() => stage.world.recovered)),
};
