import { FAULTS } from '../../../world/weather.ts';
import { HOW } from '../faults.ts';
import { ScenarioError } from '../problem.ts';
import { silently, type Verb } from '../verb.ts';

const HOW_NAMES = Object.keys(HOW).filter((name): name is keyof typeof HOW => Object.hasOwn(HOW, name));
const WEATHER_NAMES = Object.keys(FAULTS).filter((name): name is keyof typeof FAULTS => Object.hasOwn(FAULTS, name));

/** A fault of the next calls of a port. */
export const fault: Verb = {
  usage: `fault <region> <port>[.<method>] ${HOW_NAMES.join('|')} [for=<duration, when late>] [times=] [in=<function>]`,
  parse: (args) => {
    const [region, port, how] = [args.word('region'), args.word('port'), args.oneOf('how', HOW_NAMES)];
    const [pause = 0, times = Number.POSITIVE_INFINITY] = [args.duration('for'), args.number('times')];
    const of = args.option('in');
    return silently((stage) => {
      stage.region(region);
      stage.faults.add({ region, port, how, function: of, pause, times });
    });
  },
};

/** Ends all faults of ports. */
export const noFaults: Verb = {
  usage: 'no-faults',
  parse: () => silently((stage) => stage.faults.end()),
};

/** How often a fault of the services happens in a Region, from now on. */
export const weather: Verb = {
  usage: 'weather <region> <fault> <rate from 0 to 1>',
  parse: (args) => {
    const [region, name, rate] = [args.word('region'), args.oneOf('fault', WEATHER_NAMES), Number(args.word('rate'))];
    if (!(rate >= 0 && rate <= 1)) throw new ScenarioError('The rate is a number from 0 to 1.');
    return silently((stage) => {
      stage.region(region);
      stage.world.weather.set(name, rate, region);
    });
  },
};

const STEPS = ['Plan', 'Prepare', 'Decide', 'Commit', 'Abort', 'Release', 'Finalise', 'Turn'] as const;

/** Ends the next execution of a Region's state machine right before a step. */
export const kill: Verb = {
  usage: `kill <region> <${STEPS.join('|')}> [of=<transaction>]`,
  parse: (args) => {
    const [region, at, of] = [args.word('region'), args.oneOf('step', STEPS), args.option('of')];
    return silently((stage) => {
      const { machine } = stage.region(region);
      machine.beforeStep = ({ name, transaction, kill: end }) => {
        if (name !== at || (of ?? transaction) !== transaction) return;
        machine.beforeStep = () => undefined;
        end();
      };
    });
  },
};

/** Cuts a Region off from all others right before a step of its state machine. */
export const cutBefore: Verb = {
  usage: `cut-before <region> <${STEPS.join('|')}>`,
  parse: (args) => {
    const [region, at] = [args.word('region'), args.oneOf('step', STEPS)];
    return silently((stage) => {
      const { machine } = stage.region(region);
      machine.beforeStep = ({ name }) => {
        if (name !== at) return;
        machine.beforeStep = () => undefined;
        for (const peer of stage.regions.filter((other) => other !== region)) {
          stage.world.cut(region, peer);
          stage.world.cut(peer, region);
        }
      };
    });
  },
};
