// Where a request to write a stream goes after the Region that it was sent to did not take it.

import { streamTypeOf } from '../definition/domain.ts';
import { MeridianError } from '../facts/errors.ts';
import type { PinAt } from '../facts/pin.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { loadHistory } from '../log/load.ts';
import { pinAtSchema } from '../wire/pin.ts';
import { placementSchema } from '../wire/placement.ts';
import type { Writer } from './home.ts';
import type { AppendPorts } from './writer.ts';

/**
 * Learns from an error where a stream is written: from the answer of a Region that does not write it any more; or, if the Region does
 * not respond, from a pin in this Region's own copy of the stream, so that a stream does not need its first home.
 * @returns true if the same request is worth another attempt
 */
export async function follow(ports: AppendPorts, stream: StreamRef, writer: Writer, error: unknown): Promise<boolean> {
  if (!(error instanceof MeridianError)) return false;
  if (error.code === 'misdirected') return adoptFrom(ports, stream.name, error);
  // That Region waits for a pin which does not arrive. The next request goes by what the streams say.
  if (error.code === 'home-moving' && writer.pin) ports.placement?.forgetPin(stream.name);
  const isSilent = error.code === 'region-unreachable' && writer.region !== ports.region;
  return isSilent && findPin(ports, stream);
}

/**
 * Takes over the entry, and the pin, in the answer of a Region that does not write a stream.
 * @returns true if it has one
 */
export function adoptFrom({ placement: known }: AppendPorts, stream: string, { details }: MeridianError): boolean {
  if (!known) return false;
  const { data: placement } = placementSchema.safeParse(details.placement);
  const { data: pin } = pinAtSchema.safeParse(details.pin);
  if (placement) known.adopt(placement);
  if (pin) known.adoptPin(stream, pin);
  return placement !== undefined || pin !== undefined;
}

/** Looks for a newer pin in this Region's own copy of a stream. @returns true if there is one */
export async function findPin(ports: AppendPorts, stream: StreamRef): Promise<boolean> {
  const { placement, domain, region } = ports;
  if (!placement || streamTypeOf(domain, stream.type).mode !== 'home') return false;
  const pin = await loadHistory(ports, stream).then(
    (history): PinAt | undefined => history.pinFor(region),
    () => undefined,
  );
  return pin !== undefined && placement.adoptPin(stream.name, pin);
}
