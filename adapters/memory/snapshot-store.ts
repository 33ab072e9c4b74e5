import { decodeSnapshot, encodeSnapshot, type SnapshotStore } from '../../core/index.ts';

/** The `snapshots` table of one Region, in memory. */
export function memorySnapshotStore(): SnapshotStore {
  /** The snapshots of each stream as text, by a name that sorts by version and stamp. */
  const streams = new Map<string, readonly { readonly name: string; readonly text: string }[]>();
  const nameOf = (codeVersion: number, latestStamp: string): string =>
    `${String(codeVersion).padStart(10, '0')}.${latestStamp}`;

  return {
    newest: async (stream, codeVersion, before = '~') => {
      const [first, last] = [nameOf(codeVersion, ''), nameOf(codeVersion, before)];
      const found = streams.get(stream)?.findLast(({ name }) => name > first && name < last);
      return found && decodeSnapshot(found.text);
    },
    put: async (snapshot) => {
      const { stream, codeVersion } = snapshot;
      const kept = { name: nameOf(codeVersion, snapshot.latestStamp), text: encodeSnapshot(snapshot) };
      const others = (streams.get(stream) ?? []).filter(({ text }) => text !== kept.text);
      const all = [...others, kept].sort((a, b) => (a.name < b.name ? -1 : 1));
      const second = all.filter(({ name }) => name.startsWith(nameOf(codeVersion, ''))).at(-2);
      streams.set(stream, second ? all.slice(all.indexOf(second)) : all);
    },
    drop: async (stream, codeVersion, latestStamp) => {
      const dropped = nameOf(codeVersion, latestStamp);
      streams.set(
        stream,
        (streams.get(stream) ?? []).filter(({ name }) => name !== dropped),
      );
    },
  };
}
