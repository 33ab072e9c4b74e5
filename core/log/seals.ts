import type { Commit } from '../facts/commit.ts';
import { comparePinKeys, type PinKey } from '../facts/pin.ts';
import { compareKeys, type SealAt, sealIn } from '../facts/placement.ts';
import { type VersionVector, versionCovers } from '../facts/version.ts';

/** The seals of a stream by the Region that put them: a Region may have written several logs. */
export class Seals {
  readonly #byRegion = new Map<string, SealAt[]>();

  constructor(base: readonly SealAt[] = []) {
    for (const seal of base) this.#keep(seal);
  }

  /** Takes a decided commit; one that is no seal is ignored. */
  add(commit: Commit): void {
    const seal = sealIn(commit);
    const { region, log, position } = commit;
    if (seal) this.#keep({ ...seal, region, log, position });
  }

  /**
   * The newest seal of a Region while the stream has the home that a pin names.
   * @param pin undefined: the home by its id
   * @param version covers it. @default any that is here, seen or hidden
   */
  newest(region: string, pin: PinKey | undefined, version?: VersionVector): SealAt | undefined {
    return this.#byRegion
      .get(region)
      ?.findLast((seal) => comparePinKeys(seal.pin, pin) === 0 && (!version || versionCovers(version, seal)));
  }

  /** The newest seal of each Region that a version covers. */
  allIn(version: VersionVector): readonly SealAt[] {
    const newest = [...this.#byRegion.values()].map((seals) => seals.findLast((seal) => versionCovers(version, seal)));
    return newest.filter((seal) => seal !== undefined);
  }

  #keep(seal: SealAt): void {
    const seals = [...(this.#byRegion.get(seal.region) ?? []), seal];
    this.#byRegion.set(
      seal.region,
      seals.sort((a, b) => comparePinKeys(a.pin, b.pin) || compareKeys(a.key, b.key)),
    );
  }
}
