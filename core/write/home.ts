// Which Region writes a stream, and what it waits for before it does. The rule is that of the model spec/placement.qnt.

import { streamTypeOf } from '../definition/domain.ts';
import { homeOf, homeOfCommand } from '../definition/stream.ts';
import { MeridianError } from '../facts/errors.ts';
import type { Operation } from '../facts/operation.ts';
import { entryFor, NO_PLACEMENT, type Placement, scopeOf } from '../facts/placement.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { placementSchema } from '../wire/placement.ts';
import type { AppendPorts } from './writer.ts';

/** What says where a stream is written. */
export type HomePorts = Pick<AppendPorts, 'domain' | 'region' | 'regions' | 'placement'>;

/** The Region that writes an operation to a stream. */
export interface Writer {
  readonly region: string;
  /** The entry that says so, by its scope: sent along with what is passed on, so that the receiver knows it too. */
  readonly placement: Placement;
}

/**
 * The only Region that may write an operation to a stream: the one that acts for the home of the stream, or the home of the command.
 * This one if every Region may.
 * @throws MeridianError `unknown-stream-type`, `unknown-command`, `validation`, `rejected`, `internal`; `unavailable`
 */
export async function writerOf(ports: AppendPorts, stream: StreamRef, operation?: Operation): Promise<Writer> {
  const home = homeIn(ports, stream, operation);
  return homeOfStream(ports, stream) === undefined
    ? { region: home, placement: NO_PLACEMENT }
    : writerFor(stream, home, await placementNow(ports));
}

/** The newest entries known here. */
async function placementNow({ placement }: AppendPorts): Promise<Placement> {
  if (placement && !placement.isFresh) await placement.reread();
  return placement?.known ?? NO_PLACEMENT;
}

/** The Region that acts for a home. */
export function writerFor({ type }: StreamRef, home: string, placement: Placement): Writer {
  const entry = entryFor(placement, home, type);
  if (!entry) return { region: home, placement: NO_PLACEMENT };
  const scope = placement[scopeOf(home, type)] ? scopeOf(home, type) : scopeOf(home);
  return { region: entry.acting, placement: { [scope]: entry } };
}

/** The home of a stream or of a command, wherever that is written now; this Region if every one may. */
export function homeIn(ports: HomePorts, stream: StreamRef, operation?: Operation): string {
  const { domain, region, regions } = ports;
  const home = homeOfStream(ports, stream);
  if (home !== undefined || operation?.kind !== 'command') return home ?? region;
  return homeOfCommand(streamTypeOf(domain, stream.type), operation, regions) ?? region;
}

function homeOfStream({ domain, regions }: HomePorts, stream: StreamRef): string | undefined {
  return homeOf(streamTypeOf(domain, stream.type), stream, regions);
}

/**
 * @returns true if the stream is written in the place of its home, or its home has been away
 * @throws MeridianError `misdirected`: only another Region may write it; as `writerOf`
 */
export async function checkWriter(ports: AppendPorts, stream: StreamRef, operation?: Operation): Promise<boolean> {
  const writer = await writerOf(ports, stream, operation);
  if (writer.region !== ports.region) throw misdirected(ports, stream, writer);
  return writer.placement !== NO_PLACEMENT;
}

export function misdirected(ports: HomePorts, { name }: StreamRef, { region: home, placement }: Writer): MeridianError {
  return new MeridianError('misdirected', `The home of this write to ${name} is ${home}, not ${ports.region}.`, {
    details: { home, ...(placement !== NO_PLACEMENT && { placement }) },
  });
}

/** A request as it is passed on to the Region that writes a stream. */
export function passedOn<T extends object>(asked: T, { placement }: Writer): T & { readonly placement?: Placement } {
  return placement === NO_PLACEMENT ? asked : { ...asked, placement };
}

/** Takes over the entry by which another Region has passed a request on. */
export function adoptPassedOn(
  { placement: known }: Pick<AppendPorts, 'placement'>,
  { placement }: { readonly placement?: Placement },
): void {
  if (placement) known?.adopt(placement);
}

/**
 * Takes over the entry in the answer of a Region that does not write a stream any more.
 * @returns true if the same request is worth another attempt: the entry is newer than what was known here
 */
export function adoptFrom({ placement }: Pick<AppendPorts, 'placement'>, error: unknown): boolean {
  if (!placement || !(error instanceof MeridianError && error.code === 'misdirected')) return false;
  const { data } = placementSchema.safeParse(error.details.placement);
  if (!data) return false;
  placement.adopt(data);
  return true;
}
