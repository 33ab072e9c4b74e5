import { MeridianError } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { Mode } from './conflicts.ts';
import { checkMembers } from './members.ts';
import type { StreamDefinition } from './stream.ts';
import type { ViewDefinition } from './view.ts';

/** A team's stream types and views. Without type arguments: any domain. */
export interface Domain<
  Stream extends StreamDefinition = StreamDefinition,
  View extends ViewDefinition = ViewDefinition,
> {
  readonly streams: ReadonlyMap<string, Stream>;
  readonly views: ReadonlyMap<string, View>;
}

/**
 * @throws Error when two streams or two views share a name, a view reads an unknown stream type, or a member is missing or
 *   unknown
 */
export function defineDomain<
  const Streams extends readonly StreamDefinition[],
  const Views extends readonly ViewDefinition[],
>(definition: { readonly streams: Streams; readonly views: Views }): Domain<Streams[number], Views[number]> {
  checkMembers('Domain', definition, { streams: 'required', views: 'required' });
  const { streams, views } = definition;
  const domain: Domain<Streams[number], Views[number]> = {
    streams: byName<Streams[number]>(streams, ({ type }) => type, 'stream types'),
    views: byName<Views[number]>(views, ({ name }) => name, 'views'),
  };
  for (const { name, of } of views)
    if (domain.streams.get(of.type) !== of)
      throw new Error(`View ${name} reads stream type ${of.type}, which is not in \`streams\`. Add it.`);
  return domain;
}

function byName<T>(items: readonly T[], nameOf: (item: T) => string, what: string): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  for (const item of items) {
    if (map.has(nameOf(item))) throw new Error(`Two ${what} are named ${nameOf(item)}: rename one of them.`);
    map.set(nameOf(item), item);
  }
  return map;
}

/** @throws MeridianError `unknown-stream-type` */
export function streamTypeOf(domain: Domain, type: string): StreamDefinition {
  const definition = domain.streams.get(type);
  if (!definition)
    throw new MeridianError('unknown-stream-type', `There is no stream type ${type}.`, {
      details: { known: [...domain.streams.keys()] },
    });
  return definition;
}

/** The mode of a stream, by its name. @throws MeridianError `unknown-stream-type` */
export function streamModeOf(domain: Domain, stream: string): Mode {
  return streamTypeOf(domain, parseStreamRef(stream).type).mode;
}

/** @throws MeridianError `unknown-view` */
export function viewOf(domain: Domain, name: string): ViewDefinition {
  const view = domain.views.get(name);
  if (!view)
    throw new MeridianError('unknown-view', `There is no view ${name}.`, {
      details: { known: [...domain.views.keys()] },
    });
  return view;
}

/** The stream types that at least one view is computed from. */
export function projectedTypes(domain: Domain): ReadonlySet<string> {
  return new Set([...domain.views.values()].map(({ of }) => of.type));
}
