// Which Region writes a stream, and what it waits for before it does. The rule is that of the model spec/placement.qnt.

import { streamTypeOf } from '../definition/domain.ts';
import { homeOf, homeOfCommand } from '../definition/stream.ts';
import { MeridianError } from '../facts/errors.ts';
import type { Operation } from '../facts/operation.ts';
import type { PinAt } from '../facts/pin.ts';
import { entryFor, NO_PLACEMENT, type Placement, scopeOf } from '../facts/placement.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import type { AppendPorts } from './writer.ts';

/** What says where a stream is written. */
export type HomePorts = Pick<AppendPorts, 'domain' | 'region' | 'regions' | 'placement'>;

/** The Region that writes an operation to a stream. */
export interface Writer {
  readonly region: string;
  /** The entry that says so, by its scope: sent along with what is passed on, so that the receiver knows it too. */
  readonly placement: Placement;
  /** The pin that names the home of the stream: sent along, too. @default the home is that by its id */
  readonly pin?: PinAt | undefined;
}

/**
 * The only Region that may write an operation to a stream, as far as is known here without a look at the stream: the one that acts for
 * the home of the stream, or the home of the command.
 * This one if every Region may.
 * @throws MeridianError `unknown-stream-type`, `unknown-command`, `validation`, `rejected`, `internal`; `unavailable`
 */
export async function writerOf(ports: AppendPorts, stream: StreamRef, operation?: Operation): Promise<Writer> {
  const home = homeIn(ports, stream, operation);
  return homeOfStream(ports, stream) === undefined
    ? { region: home, placement: NO_PLACEMENT }
    : writerFor(stream, home, await placementNow(ports), ports.placement?.pinOf(stream.name));
}

/** The newest entries known here. */
async function placementNow({ placement }: AppendPorts): Promise<Placement> {
  if (placement && !placement.isFresh) await placement.reread();
  return placement?.known ?? NO_PLACEMENT;
}

/**
 * The Region that acts for the home of a stream.
 * @param byId its home by its id
 * @param pin its newest pin, which names its home
 */
export function writerFor({ type }: StreamRef, byId: string, placement: Placement, pin?: PinAt): Writer {
  const home = pin?.to ?? byId;
  const entry = entryFor(placement, home, type);
  if (!entry) return { region: home, placement: NO_PLACEMENT, pin };
  const scope = placement[scopeOf(home, type)] ? scopeOf(home, type) : scopeOf(home);
  return { region: entry.acting, placement: { [scope]: entry }, pin };
}

/**
 * The home of a stream by its id, unless it has a pin, or of a command, wherever that is written now; this Region if every one may.
 */
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
 * @returns true if the stream is written in the place of its home by its id, or its home has been away
 * @throws MeridianError `misdirected`: only another Region may write it; as `writerOf`
 */
export async function checkWriter(ports: AppendPorts, stream: StreamRef, operation?: Operation): Promise<boolean> {
  const writer = await writerOf(ports, stream, operation);
  if (writer.region !== ports.region) throw misdirected(ports, stream, writer);
  return writer.placement !== NO_PLACEMENT || writer.pin !== undefined;
}

export function misdirected(ports: HomePorts, { name }: StreamRef, writer: Writer): MeridianError {
  const { region: home, placement, pin } = writer;
  return new MeridianError('misdirected', `The home of this write to ${name} is ${home}, not ${ports.region}.`, {
    details: { home, ...(placement !== NO_PLACEMENT && { placement }), ...(pin && { pin }) },
  });
}

/** What is passed on with a request. */
interface PassedOn {
  readonly placement?: Placement;
  readonly pin?: PinAt;
}

/** A request as it is passed on to the Region that writes a stream. */
export function passedOn<T extends object>(asked: T, { placement, pin }: Writer): T & PassedOn {
  return { ...asked, ...(placement !== NO_PLACEMENT && { placement }), ...(pin && { pin }) };
}

/** Takes over the entry and the pin by which another Region has passed a request on. */
export function adoptPassedOn(
  { placement: known }: Pick<AppendPorts, 'placement'>,
  stream: string,
  { placement, pin }: PassedOn,
): void {
  if (placement) known?.adopt(placement);
  if (pin) known?.adoptPin(stream, pin);
}
