import { fileURLToPath } from 'node:url';
import { readOptions } from './options.ts';
import { type Prose, proseBelow } from './prose.ts';

/** An idiom that a native reader reads twice, and what to write. CONTRIBUTING.md has the list for people. */
interface Idiom {
  readonly not: RegExp;
  readonly write: string;
  /** True if only comments are checked, because a title may continue another title. */
  readonly inComments?: true;
}

const idioms: readonly Idiom[] = [
  { not: /\b(come|comes|came|coming) again\b/i, write: 'redelivered, retried' },
  { not: /\b(be|is|are|was|were|being) delivered again\b/i, write: 'redelivered' },
  {
    not: /\b(was|were|is|are|be|been) faster than (it|others?|this|that)\b|\bothers? (was|were) faster\b/i,
    write: 'lost the race',
  },
  { not: /\bwho(ever)? (was|is) faster\b/i, write: 'the writer that won the race' },
  { not: /\bfor so long\b|^so long\b/i, write: 'how long …, for this long' },
  { not: /\bso many (at|milli|second|times|of)/i, write: 'at most 100, this many' },
  { not: /\bmend(s|ed|ing)?\b/i, write: 'fix' },
  { not: /\bfor ever\b/i, write: 'permanently' },
  { not: /\bfor good\b/i, write: 'permanently' },
  { not: /\banew\b/i, write: 'again, rebuild' },
  { not: /\bonce more\b/i, write: 'again' },
  { not: /\bunder way\b/i, write: 'in progress' },
  { not: /\b(is|are|was|were|be|been) told\b/i, write: 'reported' },
  { not: /\btells\b(?! .*\bapart\b)/i, write: 'reports, shows' },
  { not: /\banswers (with|what|the|a|an|one|undefined|null|nothing|whether|how|which|it)\b/i, write: 'returns' },
  { not: /\bstands\b(?! (still|(in )?for)\b)/i, write: 'holds, is committed, is at' },
  { not: /\bstands? for (another|other|something|a different)\b/i, write: 'belongs to another …' },
  { not: /\bwhoever\b/i, write: 'the reader, the writer, any caller that' },
  { not: /\b(some|any|every)body\b/i, write: 'name the agent, or use the passive' },
  { not: /\bnobody\b/i, write: 'name the agent, or use the passive' },
  { not: /\bbecame of\b|\bbecomes of\b/i, write: 'the outcome of, the result of' },
  { not: /\bto the letter\b/i, write: 'unchanged, exactly' },
  {
    not: /(?<!\bthere )\b(is|are|was) no (integer|JSON|text|number|event|name|fault|commit|stream|version|error)\b/i,
    write: 'is not a …',
  },
  { not: /\bbegun\b/i, write: 'started' },
  { not: /\bgo(es)? on (with|trying|behind|from)\b/i, write: 'continue' },
  { not: /\bhears? of\b/i, write: 'receives, learns' },
  { not: /\b(take|takes|took|taken|taking) in (an?|the|what|all|only|commits|messages)\b/i, write: 'accept, include' },
  { not: /\bside by side\b/i, write: 'in parallel, concurrently' },
  { not: /\bwithout a word\b/i, write: 'silently' },
  { not: /\bdearer\b|\bdear end\b/i, write: 'more expensive' },
  { not: /\bwhat (it|this|that) is made of\b/i, write: 'its parts, its input' },
  { not: /\bbeside (it|them|the|what|each)\b/i, write: 'next to, in addition to' },
  { not: /^of (an?|any|what|whatever|every) [a-z]+/i, write: 'start with the noun', inComments: true },
  { not: /^that (an?|the|there|no) /i, write: 'start with the noun', inComments: true },
  { not: /\bas (long|far) as it goes\b/i, write: 'as far as possible' },
  { not: /, also (if|when|while)\b/i, write: 'even if, even when' },
  { not: /\bredelivered (that|whose)\b/i, write: 'fails messages that' },
  { not: /\b(is|was|are|were) born\b|\bborn (in|here|there|elsewhere)\b/i, write: 'written in' },
  { not: /\bfor who\b/i, write: 'for a member who' },
  { not: /\b(that|which) is none$/i, write: 'an invalid …' },
  { not: /\b(can|cannot|could) be had\b/i, write: 'obtained, available' },
  { not: /\bwhat there is\b|\bthose that there are\b/i, write: 'the existing …' },
  { not: /\bhalf way\b/i, write: 'halfway' },
  { not: /\bthrown away\b|\bto throw away\b/i, write: 'temporary, ephemeral, deleted' },
];

/**
 * Folders and files that were written before this check and are not rewritten yet. The list only shrinks: an entry without a finding
 * is a fault.
 */
const notYetCovered: readonly string[] = [];

/** The tests of this check, which have the idioms as examples. */
const EXAMPLES = 'test/checks/words.test.ts';

/**
 * Checks comments, messages and pages below `root` for idioms that are hard to read. Code in backticks and links' targets do not
 * count.
 *
 * @returns the number of texts read, and a line per fault
 */
export function checkWords(
  root: string,
  except: readonly string[] = notYetCovered,
): { texts: number; faults: readonly string[] } {
  const all = proseBelow(root).filter(({ file }) => file !== EXAMPLES);
  if (all.length === 0) return { texts: 0, faults: ['found no text'] };
  const used = new Set<string>();
  const faults: string[] = [];
  for (const prose of all) {
    const found = faultsIn(prose);
    const entry = except.find((each) => prose.file === each || prose.file.startsWith(`${each}/`));
    if (entry === undefined) faults.push(...found);
    else if (found.length > 0) used.add(entry);
  }
  const needless = except
    .filter((each) => !used.has(each))
    .map((each) => `${each} is listed as not covered, but has no fault: remove it from the list in scripts/words.ts`);
  return { texts: all.length, faults: [...faults, ...needless] };
}

function faultsIn({ kind, file, line, text }: Prose): readonly string[] {
  const words = text.replace(/`[^`]*`/g, '`…`').replace(/\]\([^)]*\)/g, ']');
  return idioms.flatMap(({ not, write, inComments }) => {
    const [found] = not.exec(words) ?? [];
    return found === undefined || (inComments && kind !== 'comment')
      ? []
      : [`${file}:${line} "${found}": write ${write}`];
  });
}

if (import.meta.main) {
  readOptions('Usage: npm run check:words', {});
  const { texts, faults } = checkWords(fileURLToPath(new URL('..', import.meta.url)));
  process.stdout.write(`${faults.map((fault) => `${fault}\n`).join('')}${texts} texts\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
