import { describe, expect, it } from 'vitest';
import { coverageOf } from '../../simulator/scenario/coverage.ts';
import { differences } from '../../simulator/scenario/diff.ts';
import { guaranteesIn } from '../../simulator/scenario/guarantees.ts';
import { parseScenario, printScenario } from '../../simulator/scenario/parse.ts';
import { play } from '../../simulator/scenario/play.ts';

/** A scenario file with these lines after its comment, which takes two. */
const fileOf = (...lines: readonly string[]) => ['# guarantee: Durability', '', ...lines, ''].join('\n');
const scenarioOf = (...lines: readonly string[]) => parseScenario('s.txt', fileOf(...lines));
const outputOf = async (...commands: readonly string[]) =>
  (await play(scenarioOf('world', ...commands, '----'))).flat();

describe('a scenario file', () => {
  it.each([
    ['without ----', ['world', 'settle'], 's.txt:3: after the command `world` a line `----` is missing.'],
    ['without commands in a block', ['world', '----', '', '# nothing', '----'], 's.txt:6: there is no command'],
    ['without commands', [], 'it has no command'],
  ])('%s is refused with its place', (_what, lines, message) => {
    expect(() => scenarioOf(...lines)).toThrow(message);
  });

  it.each(['', '# guarantee: A\n# guarantee: B'])('is refused if it does not name one guarantee: %j', (head) => {
    expect(() => parseScenario('s.txt', `${head}\n\nworld\n----\n`)).toThrow('s.txt:1: it names');
  });

  it.each([
    ['an unknown verb', 'wold', 'There is no verb wold. Verbs: append,'],
    ['a missing argument', 'append east note/1 note', '<input> is missing. Usage: append <region>'],
    ['one word too many', 'settle now', 'now is one word too many. Usage: settle'],
    ['an unknown option', 'read east note/1 at-leats=v1', 'at-leats= is not known here.'],
    ['an option given twice', 'read east note/1 as=a as=b', 'as= is given 2 times.'],
    ['a wrong choice', 'put east nonsense', 'what is nonsense, but must be one of append, command, raw.'],
    ['a duration without a unit', 'run 5', '5 is not a duration.'],
    ['a rate above 1', 'weather east port.slow 2', 'The rate is a number from 0 to 1.'],
    ['text that looks like JSON', 'append east note/1 note {"text":}', '{"text":} is not JSON'],
    ['JSON that is not closed', 'append east note/1 note {"text"', 'A quote or a bracket is not closed'],
    ['an unknown Region', 'read mars note/1', 'There is no Region mars. Regions: east, ohio, oregon.'],
    ['an unknown name of a version', 'read east note/1 at-least=v1', 'No version of note/1 is named v1.'],
    ['a request that was not sent', 'answer a', 'a was not sent.'],
    ['an unknown code', 'deploy east toys', 'There is no code toys. Codes: toy,'],
    ['a second world', 'world', 'There is a world already.'],
  ])('with %s is refused with its place', async (_what, command, message) => {
    const played = play(scenarioOf('world', '----', '', command, '----'));
    await expect(played).rejects.toThrow('s.txt:6: ');
    await expect(play(scenarioOf('world', '----', '', command, '----'))).rejects.toThrow(message);
  });

  it('is refused before anything is played if a later command cannot be read', async () => {
    await expect(play(scenarioOf('answer a', '----', '', 'wold', '----'))).rejects.toThrow('There is no verb wold.');
  });

  it('needs a world first', async () => {
    await expect(play(scenarioOf('settle', '----'))).rejects.toThrow('There is no world yet');
  });

  it('is rewritten with other output and is otherwise the same', () => {
    const lines = ['# Why.', 'world', '', 'read east note/1', '----', 'old'];
    const scenario = scenarioOf('world', '----', '', ...lines.filter((line) => line !== ''));
    expect(printScenario(scenario, [[], ['new', 'lines']])).toBe(
      fileOf('world', '----', '', '# Why.', 'world', 'read east note/1', '----', 'new', 'lines'),
    );
  });
});

describe('a scenario', () => {
  it('gives the same output every time', async () => {
    const commands = ['append east note/1 note red', 'append ohio note/1 note blue', 'settle', 'view oregon notes'];
    expect(await outputOf(...commands)).toEqual(await outputOf(...commands));
  });

  it('shows versions by their names, how long a request took, and the short names of Regions', async () => {
    expect(
      await outputOf('append east note/1 note red as=red', 'read ohio note/1 at-least=red', 'read east note/1 ids=yes'),
    ).toEqual([
      'written as east.1; version {east: 1}',
      expect.stringMatching(/^\{east: 1\} red \(after [12] s\)$/),
      '{east: 1} red as east.1.0',
    ]);
  });

  it('that differs is shown line by line, with the place of its block', async () => {
    const scenario = scenarioOf('world', '----', '', 'read east note/1', 'read east stock/0', '----', '{} []', 'wrong');
    expect(differences(scenario, await play(scenario))).toEqual([
      's.txt:6',
      '  read east note/1',
      '  read east stock/0',
      '  ----',
      '  {} []',
      '- wrong',
      '+ {} []',
    ]);
  });
});

describe('the coverage of the guarantees', () => {
  const page = [
    '# Guarantees',
    '## Durability',
    'Text.',
    'Where it ends:',
    '',
    '- **Replication** is',
    '  asynchronous.',
    '- [JSON](x.md) numbers.',
    '## `home` streams',
    'Where it ends: not _here_,',
    'and not there.',
    '',
    '| written when | who |',
    '| --- | --- |',
    '| nothing | no one |',
    '',
  ].join('\n');

  it('is about headings, list items, rows of the table of crashes, and paragraphs that say where it ends', () => {
    expect(guaranteesIn(page)).toEqual([
      { heading: 'Durability', statements: ['Replication is asynchronous.', 'JSON numbers.'] },
      { heading: 'home streams', statements: ['not here, and not there.', 'nothing'] },
    ]);
  });

  it('reports statements that nothing shows, and names that the page does not have', () => {
    const shown = (guarantee: string, ...shows: readonly string[]) =>
      parseScenario(
        's.txt',
        [`# guarantee: ${guarantee}`, ...shows.map((show) => `# shows: ${show}`), '', 'world', '----', ''].join('\n'),
      );
    const { faults } = coverageOf(page, [shown('Durability', 'Replication', 'Nonsense'), shown('Nothing')]);
    const own = faults.filter((fault) => !fault.startsWith('not-shown.ts'));
    expect(own).toEqual([
      expect.stringMatching(/^Durability: JSON numbers\. … is shown by no scenario\./),
      'home streams: no scenario shows it.',
      expect.stringMatching(/^home streams: not here/),
      expect.stringMatching(/^home streams: nothing/),
      's.txt: 0 statements below Durability begin with: Nonsense',
      's.txt: the guarantees have no heading Nothing.',
    ]);
  });
});
