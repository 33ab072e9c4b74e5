import { describe, expect, it } from 'vitest';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { put, run } = aServedWorld();

describe('meridian stream --at', () => {
  it('shows the state at an earlier version, or at a time', async () => {
    const of = 'note/earlier';
    await put(...['a', 'b'].map((text) => ({ id: text, stream: of, events: [{ type: 'Noted', data: { text } }] })));
    const first = Buffer.from(`${of}\nus-east-1=1`).toString('base64url');
    const [version, json, before, after, wrong] = await Promise.all([
      run(['stream', of, '--at', first]),
      run(['stream', of, '--at', first, '--json']),
      run(['stream', of, '--at', '2001-01-01T00:00Z']),
      run(['stream', of, '--at', '0s', '--json']),
      run(['stream', of, '--at', 'yesterday']),
    ]);
    expect(version.stdout).toContain(`${of} (merge) at that version, as us-east-1 has seen it\nversion  ${first}\n`);
    expect(jsonLines(json.stdout)).toMatchObject([{ version: first, at: first, state: [{ text: 'a' }] }]);
    expect(before.stdout).toContain(
      `${of} (merge) at 2001-01-01T00:00:00.000Z, as us-east-1 has seen it: no events yet`,
    );
    expect(jsonLines(after.stdout)).toMatchObject([{ state: [{ text: 'a' }, { text: 'b' }] }]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^validation: .*\n {2}--at {2}is neither/) });
  });
});

describe('meridian view --at-least', () => {
  it('shows rows only once they include the versions of all the streams that are named', async () => {
    const [one, two] = ['note/seen-1', 'note/seen-2'];
    await put(...[one, two].map((of) => ({ id: 'x', stream: of, events: [{ type: 'Noted', data: { text: 'x' } }] })));
    const at = (of: string, log = 'us-east-1') => Buffer.from(`${of}\n${log}=1`).toString('base64url');
    const both = ['--at-least', at(one), '--at-least', at(two), '--json'];
    const [row, rows, behind, other] = await Promise.all([
      run(['view', 'letters', 'x', ...both]),
      run(['view', 'letters', '--after', 'w', ...both, '--wait', '9']),
      run(['view', 'letters', '--at-least', at(one), '--at-least', at(two, 'us-west-2'), '--wait', '0']),
      run(['view', 'letters', '--at-least', at('stock/0')]),
    ]);
    expect(jsonLines(row.stdout)).toEqual([{ key: 'x', value: { texts: 2, length: 2, mean: 1 } }]);
    expect(rows.stdout).toBe(row.stdout);
    expect(behind).toMatchObject({ code: 1, stderr: expect.stringMatching(/^not-caught-up: .*note\/seen-2/) });
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ {2}--at-least {2}is a version of stock\/0/),
    });
  });
});
