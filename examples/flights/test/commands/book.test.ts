import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { aServedWorld, jsonLines } from '../../../../test/bin/run-meridian.ts';
import { domain } from '../../index.ts';

const { address, put, run } = aServedWorld(domain, { cwd: fileURLToPath(new URL('../..', import.meta.url)) });

/** Members at home in us-east-1, where commands are sent, and in us-west-2. */
const EAST = 'BOS.ada';
const WEST = 'LAX.bob';
function earned(member: string, miles: number) {
  return { id: `${member}.earned`, stream: `miles/${member}`, command: 'earn', input: { miles } };
}
beforeAll(() => put(earned(EAST, 50_000), earned(WEST, 50_000), earned('LAX.poor', 50)));

describe('meridian --help', () => {
  it('lists the commands of the project', async () => {
    const { stdout } = await run(['--help']);
    for (const command of ['start', 'book']) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });
});

describe('meridian book', () => {
  /** The seats are at home in us-west-2. */
  const flight = '2001-01-01.LAX-BNA.17';

  it('takes a seat and pays the price of the flight, driven by the Region of the seats', async () => {
    const { code, stdout, stderr } = await run(['book', flight, EAST]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^${EAST} .*${flight}, .*1800 miles\\.\nus-west-2:\\S+ is committed\\.\n  seats/${flight} .*\n  miles/${EAST} `,
      ),
    );
  });

  it('pays once, however often it is booked', async () => {
    const before = await run(['book', flight, WEST, '--json', '--id', 'us-west-2:bob']);
    const again = await run(['book', flight, WEST, '--json', '--id', 'us-west-2:bob']);
    const anew = await run(['book', flight, WEST, '--json']);
    expect([before.code, anew.code, again]).toEqual([0, 0, before]);
    const { stdout } = await run(['stream', `miles/${WEST}`, '--json', '--url', `${address()}/regions/us-west-2`]);
    expect(jsonLines(stdout)).toMatchObject([{ state: { paid: { [flight]: 1800 } } }]);
  });

  it('takes no seat for a member who cannot pay for it', async () => {
    const poor = await run(['book', flight, 'LAX.poor']);
    expect(poor).toMatchObject({ code: 1, stdout: '' });
    expect(poor.stderr).toMatch(/^aborted: .*miles\/LAX\.poor.* 1800\./);
  });

  it('uses the given price', async () => {
    const cheap = await run(['book', '2001-01-01.LAX-BNA.18', 'LAX.poor', '--miles', '40']);
    expect(cheap).toMatchObject({ code: 0, stdout: expect.stringContaining('for 40 miles') });
  });

  it('shows the form of a flight and of a member', async () => {
    const [noFlight, noMember, noMiles] = await Promise.all([
      run(['book', 'LAX', EAST]),
      run(['book', flight, 'ada']),
      run(['book', flight, EAST, '--miles', '0']),
    ]);
    expect(noFlight).toMatchObject({ code: 2, stderr: expect.stringContaining('2001-01-01.LAX-BNA.17') });
    expect(noMember).toMatchObject({ code: 2, stderr: expect.stringContaining('LAX.ada') });
    expect(noMiles).toMatchObject({ code: 2, stderr: expect.stringContaining('1 or more') });
  });

  it('names faults by the options that were typed', async () => {
    const [miles, member, region] = await Promise.all([
      run(['book', flight, EAST, '--miles', '1000001']),
      run(['book', flight, `LAX.${'x'.repeat(100)}`]),
      run(['book', flight, EAST, '--id', 'mars-1:a', '--actor', 'x'.repeat(256)]),
    ]);
    expect(miles).toMatchObject({ code: 1, stderr: expect.stringContaining('\n  --miles  Too big') });
    expect(member).toMatchObject({ code: 1, stderr: expect.stringContaining('\n  <member>  Too big') });
    expect(region).toMatchObject({ code: 1, stderr: expect.stringContaining('\n  --id  names a Region') });
  });
});
