import type { Links } from '../../../world/region/links.ts';
import type { Arguments } from '../arguments.ts';
import { ScenarioError } from '../problem.ts';
import type { Stage } from '../stage.ts';
import { silently, type Verb } from '../verb.ts';

const KINDS = ['replication', 'bus', 'invoke'] as const satisfies readonly (keyof Links)[];

/** The kinds of links in `only=replication,bus`. */
function kindsIn(args: Arguments): readonly (keyof Links)[] {
  const names = args.option('only')?.split(',');
  if (!names) return KINDS;
  return names.map((name) => {
    const kind = KINDS.find((each) => each === name);
    if (!kind) throw new ScenarioError(`There is no link ${name}. Links: ${KINDS.join(', ')}.`);
    return kind;
  });
}

/** Cuts links in both directions: between two Regions, or between one and all others. */
export const cut: Verb = {
  usage: 'cut <region> [<region>] [only=replication,bus,invoke]',
  parse: (args) => {
    const [region, other, kinds] = [args.word('region'), args.optionalWord(), kindsIn(args)];
    return silently((stage) => {
      for (const peer of peersOf(stage, region, other)) {
        stage.world.cut(region, peer, kinds);
        stage.world.cut(peer, region, kinds);
      }
    });
  },
};

/** Cuts links in one direction. */
export const cutOneWay: Verb = {
  usage: 'cut-one-way <from> <to> [only=replication,bus,invoke]',
  parse: (args) => {
    const [from, to, kinds] = [args.word('from'), args.word('to'), kindsIn(args)];
    return silently((stage) => {
      stage.region(from);
      stage.region(to);
      stage.world.cut(from, to, kinds);
    });
  },
};

/** Heals all links, or those between two Regions, or between one and all others. */
export const heal: Verb = {
  usage: 'heal [<region>] [<region>]',
  parse: (args) => {
    const [region, other] = [args.optionalWord(), args.optionalWord()];
    return silently((stage) => {
      if (region === undefined) return stage.world.healAll();
      for (const peer of peersOf(stage, region, other)) {
        stage.world.heal(region, peer);
        stage.world.heal(peer, region);
      }
    });
  },
};

function peersOf(stage: Stage, region: string, other: string | undefined): readonly string[] {
  stage.region(region);
  if (other !== undefined) stage.region(other);
  return other === undefined ? stage.regions.filter((peer) => peer !== region) : [other];
}
