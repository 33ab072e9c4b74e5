import { decodeSnapshot, encodeSnapshot, type SnapshotStore } from '../../core/index.ts';

/** The `snapshots` table of one Region, in memory. */
export function memorySnapshotStore(): SnapshotStore {
  /** Per stream the snapshots as text, by a name that sorts by version and stamp. */
  const streams = new Map<string, readonly { readonly name: string; readonly text: string }[]>();
  const nameOf = (madeBy: number, latestStamp: string): string => `${String(madeBy).padStart(10, '0')}.${latestStamp}`;

  return {
    newest: async (stream, madeBy, before = '~') => {
      const [first, last] = [nameOf(madeBy, ''), nameOf(madeBy, before)];
      const found = streams.get(stream)?.findLast(({ name }) => name > first && name < last);
      return found && decodeSnapshot(found.text);
    },
    put: async (snapshot) => {
      const { stream, madeBy } = snapshot;
      const kept = { name: nameOf(madeBy, snapshot.latestStamp), text: encodeSnapshot(snapshot) };
      const others = (streams.get(stream) ?? []).filter(({ text }) => text !== kept.text);
      const all = [...others, kept].sort((a, b) => (a.name < b.name ? -1 : 1));
      const second = all.filter(({ name }) => name.startsWith(nameOf(madeBy, ''))).at(-2);
      streams.set(stream, second ? all.slice(all.indexOf(second)) : all);
    },
    drop: async (stream, madeBy, latestStamp) => {
      const dropped = nameOf(madeBy, latestStamp);
      streams.set(
        stream,
        (streams.get(stream) ?? []).filter(({ name }) => name !== dropped),
      );
    },
  };
}
