import { durationOf } from '../arguments.ts';
import { silently, type Verb } from '../verb.ts';

/** Moves the wall clock of a Region. */
export const clock: Verb = {
  usage: 'clock <region> jumps <duration, with a sign to go back>',
  parse: (args) => {
    const region = args.word('region');
    args.oneOf('what', ['jumps']);
    const milliseconds = durationOf(args.word('duration'));
    return silently((stage) => stage.region(region).clock.jump(milliseconds));
  },
};

/** Ends all processes of a Region: what they have in memory is gone. */
export const endProcesses: Verb = {
  usage: 'end-processes <region>',
  parse: (args) => {
    const region = args.word('region');
    return silently((stage) => stage.region(region).restart());
  },
};

/** Loses a Region permanently, with what it has not sent yet. */
export const lose: Verb = {
  usage: 'lose <region>',
  parse: (args) => {
    const region = args.word('region');
    return silently((stage) => {
      stage.region(region);
      stage.world.lose(region);
    });
  },
};
