import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { adviceOf } from '../../bin/smoke/advice.ts';
import manifest from '../../package.json' with { type: 'json' };
import { publishedManifest } from '../../scripts/pack.ts';
import { aSubscriber, regionsOf, synthesize } from '../lib/synthesize.ts';

const FOLDER = 'docs/runbooks';
const pages = readdirSync(FOLDER).filter((page) => page !== 'README.md');
function textOf(page: string): string {
  return readFileSync(join(FOLDER, page), 'utf8');
}

let alarms: { readonly name: string; readonly page: string; readonly description: string }[];
let names: Set<unknown>;
beforeAll(() => {
  const app = synthesize({
    context: { liveUrl: true },
    subscribers: { subscriber: aSubscriber },
    strongTypes: ['till'],
  });
  const readers = regionsOf(app);
  alarms = readers.flatMap((reader) =>
    reader.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => ({
      name: String(Properties.AlarmName).replace('meridian-', ''),
      description: String(Properties.AlarmDescription),
      page: /docs\/runbooks\/(.*)$/.exec(String(Properties.AlarmDescription))?.[1] ?? '',
    })),
  );
  names = new Set([
    ...app.forwarding.map(({ stackName }) => stackName),
    ...readers.flatMap((reader) =>
      [...reader.types].flatMap((type) => reader.ofType(type).flatMap(({ Properties }) => Object.values(Properties))),
    ),
  ]);
});

describe('the runbooks', () => {
  it('are in the package, at the path in the project that every alarm names', () => {
    expect(publishedManifest().files).toContain('docs');
    expect(alarms.length).toBeGreaterThan(0);
    for (const { description } of alarms)
      expect(description).toContain(` What to do: node_modules/${manifest.name}/${FOLDER}/`);
  });

  it.each([
    ['replicated', 'not-replicated'],
    ['transaction', ''],
    ['transaction', 'not-replicated'],
    ['views', 'no-row'],
  ] as const)('are named by `meridian smoke` with their path in the project: %s %s', (check, code) => {
    const [, page = ''] = adviceOf(check, code, 'shop').todo.split(`node_modules/${manifest.name}/${FOLDER}/`);
    expect(pages).toContain(page.replace(/\.md.*/, '.md'));
  });

  it.each(pages)(
    '%s states when it applies, what you see, what to do, how to verify it, and what users notice',
    (page) => {
      const headings = [...textOf(page).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
      const wanted = ['When', 'What you see', 'Do', 'How to verify', 'For users in the meantime'];
      // Runbooks with several cases have a heading for each of them instead of "Do".
      expect(headings).toEqual(
        expect.arrayContaining(page === 'restore-from-pitr.md' ? wanted.toSpliced(2, 1) : wanted),
      );
    },
  );

  it('are all in the list', () => {
    const listed = new Set([...textOf('README.md').matchAll(/\]\(([a-z-]+\.md)/g)].map(([, page]) => page));
    expect(listed).toEqual(new Set(pages));
  });

  it('are found through the list for every alarm', () => {
    const rows = [...textOf('README.md').matchAll(/^\| (.*?) +\| \[.*?\]\(([a-z-]+\.md).*$/gm)];
    for (const { name, page } of alarms) {
      const row = rows.some(
        ([, left = '', target]) =>
          target === page &&
          [...left.matchAll(/`([^`]+)`/g)].some(([, pattern = '']) =>
            new RegExp(`^${pattern.replaceAll('…', '.+').replaceAll('<Region>', '[a-z0-9-]+')}$`).test(name),
          ),
      );
      expect(row, `${name} → ${page}`).toBe(true);
    }
  });

  it('use the actual names of functions, queues and tables', () => {
    const known =
      /^meridian-(global|us-(east|west)-[12]|eu-west-1|events|events-restored|conflicts|placement|alarms|clock-ahead)$/;
    for (const page of pages)
      for (const [name] of withLoopsUnrolled(textOf(page)).matchAll(
        /(?<![\w/-])meridian-[a-z0-9-]*[a-z0-9](?![\w<-]|-\$|\$)/g,
      ))
        if (!known.test(name) && !alarms.some((alarm) => `meridian-${alarm.name}` === name))
          expect(names, `${page}: ${name}`).toContain(name);
  });
});

/** The text with each loop, such as `for f in a b; do … meridian-$f …; done`, replaced by its body for every name. */
function withLoopsUnrolled(text: string): string {
  return text.replace(
    /for (\w+) in ([\w -]+); do([\s\S]*?)done/g,
    (_loop, variable: string, words: string, body: string) =>
      words
        .split(' ')
        .map((word) => body.replaceAll(`$${variable}`, word))
        .join('\n'),
  );
}
