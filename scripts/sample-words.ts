import { fileURLToPath } from 'node:url';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { readOptions } from './options.ts';
import { type Prose, proseBelow } from './prose.ts';

// `npm run sample-words`: draws texts for a reader who has not seen them before. At most 3 of 100 may need a second reading.

const USAGE = `Usage: npm run sample-words -- [--seed <number>] [--count <number>] [--kind comment|message|test|page] [--in <folder>]… [--json]
Draws comments, messages, strings of tests and paragraphs of pages by a seed. The same seed draws the same texts of the same files.
  --seed   printed with the result; by default a new one
  --count  100 by default
  --kind   comments and messages by default; may be repeated
  --in     folders or files, such as core; may be repeated; everything by default
  --json   {seed, texts: [{kind, file, line, text}]}`;

/** Draws `count` of the texts without repetition; the order of `texts` counts. */
export function draw(texts: readonly Prose[], seed: number, count: number): readonly Prose[] {
  const generator = xoroshiro128plus(seed);
  const left = [...texts];
  const drawn: Prose[] = [];
  while (drawn.length < count && left.length > 0)
    drawn.push(...left.splice(uniformInt(generator, 0, left.length - 1), 1));
  return drawn;
}

if (import.meta.main) {
  const values = readOptions(USAGE, {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    count: { type: 'string', default: '100' },
    kind: { type: 'string', multiple: true, default: ['comment', 'message'] },
    in: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit();
  }
  const [seed, count] = [Number(values.seed), Number(values.count)];
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
    process.stderr.write(`--seed and --count must be whole numbers.\n${USAGE}\n`);
    process.exit(2);
  }
  const folders = values.in.map((folder) => folder.replace(/\/$/, ''));
  const all = proseBelow(fileURLToPath(new URL('..', import.meta.url))).filter(
    ({ kind, file }) =>
      values.kind.includes(kind) &&
      (folders.length === 0 || folders.some((folder) => file === folder || file.startsWith(`${folder}/`))),
  );
  const texts = draw(all, seed, count);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ seed, texts })}\n`
      : `${texts.map(({ file, line, text }, i) => `${i + 1}. ${file}:${line}\n   ${text}\n`).join('')}seed ${seed}, ${texts.length} of ${all.length} texts\n`,
  );
}
